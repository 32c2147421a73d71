import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet } from 'jose';
import type { Callout, Target } from '../../callout/index.js';
import { str } from '../../machinery/access.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { logger } from '../../machinery/log.js';
import { Turns } from '../../machinery/turns.js';
import type { Issuer } from './types.js';

const log = logger('issuer-keys.ts');
/** What an issuer's configuration, and its keys, may take. */
const MAX_BYTES = 1024 * 1024;
const TIMEOUT_MS = 30_000;
/** An issuer that does not answer at the start is asked again so often, as by kube-apiserver. */
const RETRY_MS = 10_000;
/** Keys are fetched again for a token that none of them signed, but not more often. */
export const REFETCH_MS = 10_000;

/** Keys that are kept of an issuer, the first ones: a token that names none of them is tried with each. */
const MAX_KEYS = 100;
/** Trying many keys; as many wait as there are requests. */
const turns = new Turns();

type KeySet = ReturnType<typeof createLocalJWKSet>;

export interface IssuerKeysOptions {
  readonly callout: Callout;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told when keys were fetched; `error` when they could not be. */
  readonly fetched?: (keys: Buffer | undefined, error: unknown) => void;
  readonly refetchMs?: number;
}

/**
 * The keys of an issuer, as its discovery document names them. They are fetched at once, and again, at most every
 * REFETCH_MS, when a token comes that none of them signed: an issuer that changes its keys is followed.
 */
export class IssuerKeys {
  private keys: KeySet | undefined;
  private jwksUri = '';
  private fetchedAt = Number.NEGATIVE_INFINITY;
  private fetching: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private started: () => void = () => undefined;
  /** Resolves when there are keys for the first time. */
  readonly ready = new Promise<void>((resolve) => (this.started = resolve));

  constructor(
    private readonly issuer: Issuer,
    private readonly options: IssuerKeysOptions,
  ) {
    void this.start();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** The verified payload of a token. Rejects with Error for one that the issuer did not sign, or not as it may. */
  async verify(token: string): Promise<Buffer> {
    if (this.keys === undefined) throw new Error('oidc: authenticator not initialized');
    const before = this.keys;
    try {
      return await this.verifyWith(before, token);
    } catch (error) {
      if (!isUnknownKey(error)) throw error;
      await this.refetch();
      if (this.keys === before) throw error;
      return this.verifyWith(this.keys, token);
    }
  }

  private async verifyWith(keys: KeySet, token: string): Promise<Buffer> {
    const options = { algorithms: [...this.issuer.signingAlgs] };
    try {
      return Buffer.from((await compactVerify(token, keys, options)).payload);
    } catch (error) {
      // A token that does not name its key may be signed by any of those that fit.
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return await turns.run(() => verifyWithAny(error, token, options));
    }
  }

  private async start(): Promise<void> {
    try {
      await this.fetch();
      this.started();
    } catch (error) {
      log.error(`oidc authenticator: initializing plugin: ${error instanceof Error ? error.message : String(error)}`);
      if (this.stopped) return;
      this.timer = setTimeout(() => void this.start(), RETRY_MS);
      this.timer.unref();
    }
  }

  /** Fetches the keys anew unless that was done just now; what goes wrong leaves those that are there. */
  private async refetch(): Promise<void> {
    const { now, refetchMs = REFETCH_MS } = this.options;
    if (this.fetching === undefined && now() - this.fetchedAt < refetchMs) return;
    this.fetching ??= this.fetch()
      .catch((error: unknown) => {
        log.error(`the keys of ${this.issuer.url} cannot be fetched: ${error instanceof Error ? error.message : ''}`);
      })
      .finally(() => (this.fetching = undefined));
    await this.fetching;
  }

  private async fetch(): Promise<void> {
    this.fetchedAt = this.options.now();
    try {
      if (this.jwksUri === '') this.jwksUri = await this.discover();
      const body = await this.get(this.jwksUri);
      this.keys = createLocalJWKSet(this.bounded(parsed(body)) as unknown as JSONWebKeySet);
      this.options.fetched?.(body, undefined);
    } catch (error) {
      this.options.fetched?.(undefined, error);
      throw error;
    }
  }

  private bounded(document: JsonObject): JsonObject {
    const { keys } = document;
    if (!Array.isArray(keys) || keys.length <= MAX_KEYS) return document;
    log.error(`${this.issuer.url} has ${keys.length} keys, of which the first ${MAX_KEYS} are used`);
    return { keys: keys.slice(0, MAX_KEYS) };
  }

  private async discover(): Promise<string> {
    const { url, discoveryUrl } = this.issuer;
    const at = discoveryUrl === '' ? `${url.replace(/\/+$/, '')}/.well-known/openid-configuration` : discoveryUrl;
    const document = parsed(await this.get(at));
    const told = str(document, 'issuer');
    if (told !== url) {
      throw new Error(`oidc: issuer did not match the issuer returned by provider, expected "${url}" got "${told}"`);
    }
    const keys = str(document, 'jwks_uri');
    if (!URL.canParse(keys) || new URL(keys).protocol !== 'https:') throw new Error(`jwks_uri ${keys} is no https URL`);
    return keys;
  }

  private async get(url: string): Promise<Buffer> {
    const ca = this.issuer.certificateAuthority;
    const target: Target = { url, ...(ca === '' ? {} : { tls: { ca } }) };
    const request = { method: 'GET', timeoutMs: TIMEOUT_MS, redirects: 10, headers: { accept: 'application/json' } };
    const { status, body } = await this.options.callout.call(target, request, MAX_BYTES);
    if (status !== 200) throw new Error(`${url} answers ${status}`);
    return body;
  }
}

async function verifyWithAny(
  keys: errors.JWKSMultipleMatchingKeys,
  token: string,
  options: { readonly algorithms: string[] },
): Promise<Buffer> {
  for await (const key of keys) {
    try {
      return Buffer.from((await compactVerify(token, key, options)).payload);
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

function isUnknownKey(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed;
}

function parsed(body: Buffer): JsonObject {
  const value = JSON.parse(body.toString()) as JsonValue;
  if (!isObject(value)) throw new Error('the answer is no JSON object');
  return value;
}
