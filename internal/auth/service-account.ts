import { child, num, str, strings } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import { objectKey } from '../store/keys.js';
import type { Backend } from '../store/types.js';
import { type Authenticator, bearerToken, type Credentials } from './authenticator.js';
import { isSigned, readClaims, type TokenKey } from './jwt.js';
import { LEGACY_ISSUER, legacyClaims } from './legacy-token.js';
import { Lru } from './lru.js';
import { tokenUses } from './token-uses.js';
import { type Bond, serviceAccountUser, type TokenFacts } from './token-facts.js';

/** Tokens whose signature is remembered. */
const CACHED = 4096;
/** A token bound to an object that is being deleted stays good this long past its grace. */
const DELETION_LEEWAY_MS = 60_000;
/** Clocks of the machines that share a cluster may differ by this much. */
const CLOCK_LEEWAY_MS = 60_000;

export interface ServiceAccountTokenOptions {
  readonly backend: Backend;
  readonly issuers: readonly string[];
  /** Audiences of this server. */
  readonly audiences: readonly string[];
  readonly keys: readonly TokenKey[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Whether the account, and what the token is bound to, must be in the store (`--service-account-lookup`). */
  readonly lookup: boolean;
}

/** What the store says of an object that tokens are bound to. */
interface Life {
  readonly modRevision: number;
  readonly uid: string;
  readonly goneAt: number;
  /** `data.token`, decoded, of a Secret with a token that has not been marked invalid. */
  readonly token: string;
}

/**
 * Users by service account tokens: those of TokenRequests and those in Secrets. The signature is checked once per
 * token; that the account and what the token is bound to still exist, for every request unless `lookup` is off.
 */
export function serviceAccountAuthenticator(options: ServiceAccountTokenOptions): Authenticator {
  const cache = new Lru<TokenFacts>(CACHED);
  const lives = new Lru<Life>(CACHED);
  const holds = ({ key, uid, token }: Bond): boolean => {
    const stored = options.backend.get(key);
    if (stored === undefined) return false;
    let life = lives.get(key);
    if (life === undefined || life.modRevision !== stored.modRevision) {
      life = { modRevision: stored.modRevision, ...lifeOf(JSON.parse(stored.value.toString()) as JsonObject) };
      lives.set(key, life);
    }
    return (
      (uid === '' || life.uid === uid) && options.now() < life.goneAt && (token === undefined || life.token === token)
    );
  };
  return {
    authenticate(credentials: Credentials) {
      const token = bearerToken(credentials);
      if (token === '') return undefined;
      let known = cache.get(token);
      if (known === undefined) {
        const claims = readClaims(token);
        const issuer = str(claims, 'iss');
        if (claims === undefined || !(issuer === LEGACY_ISSUER || options.issuers.includes(issuer))) return undefined;
        if (!isSigned(token, options.keys)) return 'invalid';
        known = issuer === LEGACY_ISSUER ? legacyClaims(claims, token) : boundClaims(claims);
        if (known === undefined) return 'invalid';
        cache.set(token, known);
      }
      const now = options.now();
      const wanted = credentials.audiences ?? options.audiences;
      const own = known.audiences.length === 0 ? options.audiences : known.audiences;
      const latest = now + CLOCK_LEEWAY_MS;
      const begun = latest >= known.notBefore && latest >= known.issuedAt;
      const timely = begun && now - CLOCK_LEEWAY_MS < known.expires;
      if (!timely || !isAnyWanted(own, wanted)) return 'invalid';
      if (options.lookup && !known.bonds.every(holds)) return 'missing';
      tellAge(known, now, credentials);
      return known.user;
    },
  };
}

/** Counts tokens by their kind and age, and notes old ones in the audit event of the request. */
function tellAge(
  { user: { username }, audiences, warnAfter }: TokenFacts,
  now: number,
  credentials: Credentials,
): void {
  if (audiences.length === 0) {
    tokenUses.legacy++;
    credentials.annotate?.('authentication.k8s.io/legacy-token', username);
  }
  if (warnAfter === 0) return;
  if (now <= warnAfter) tokenUses.valid++;
  else {
    tokenUses.stale++;
    const seconds = Math.floor(now / 1000) - Math.floor(warnAfter / 1000);
    const text = `subject: ${username}, seconds after warning threshold: ${seconds}`;
    credentials.annotate?.('authentication.k8s.io/stale-token', text);
  }
}

/** Whether the lists have a word in common; reviews ask for many at once. */
function isAnyWanted(own: readonly string[], wanted: readonly string[]): boolean {
  const words = wanted.length > 16 ? new Set(wanted) : undefined;
  return own.some((a) => (words === undefined ? wanted.includes(a) : words.has(a)));
}

function lifeOf(object: JsonObject): Omit<Life, 'modRevision'> {
  const metadata = child(object, 'metadata');
  const deletion = str(metadata, 'deletionTimestamp');
  const marked = child(metadata, 'labels')?.['kubernetes.io/legacy-token-invalid-since'] !== undefined;
  return {
    uid: str(metadata, 'uid'),
    goneAt: deletion === '' ? Infinity : Date.parse(deletion) + DELETION_LEEWAY_MS,
    token: marked ? '' : Buffer.from(str(child(object, 'data'), 'token'), 'base64').toString(),
  };
}

/** A NumericDate in milliseconds; NaN, which no comparison accepts, for what is none. */
function time(claims: JsonObject, name: string, absent: number): number {
  if (claims[name] === undefined) return absent;
  return (num(claims, name) ?? Number.NaN) * 1000;
}

/** Reads the claims of a token from a TokenRequest; undefined when they do not fit together. */
function boundClaims(claims: JsonObject): TokenFacts | undefined {
  const kubernetes = child(claims, 'kubernetes.io');
  const account = child(kubernetes, 'serviceaccount');
  const namespace = str(kubernetes, 'namespace');
  const [name, uid] = [str(account, 'name'), str(account, 'uid')];
  const extra: Record<string, string[]> = {};
  const tell = (key: string, value: string): void => {
    if (value !== '') extra[`authentication.kubernetes.io/${key}`] = [value];
  };
  const jti = str(claims, 'jti');
  tell('credential-id', jti === '' ? '' : `JTI=${jti}`);
  const bonds: Bond[] = [{ key: objectKey('', 'serviceaccounts', namespace, name), uid }];
  const bind = (resource: string, home: string, ref: JsonObject): void => {
    bonds.push({ key: objectKey('', resource, home, str(ref, 'name')), uid: str(ref, 'uid') });
  };
  const [pod, node, secret] = [child(kubernetes, 'pod'), child(kubernetes, 'node'), child(kubernetes, 'secret')];
  if (node !== undefined) {
    // A pod's token only tells its node; a token bound to the node itself goes with it.
    if (pod === undefined) bind('nodes', '', node);
    tell('node-name', str(node, 'name'));
    tell('node-uid', str(node, 'uid'));
  }
  if (pod !== undefined) {
    bind('pods', namespace, pod);
    tell('pod-name', str(pod, 'name'));
    tell('pod-uid', str(pod, 'uid'));
  }
  if (secret !== undefined) bind('secrets', namespace, secret);
  if (namespace === '' || name === '' || bonds.some((b) => b.uid === '')) return undefined;
  const user = serviceAccountUser(namespace, name, uid, extra);
  if (str(claims, 'sub') !== user.username) return undefined;
  return {
    user,
    audiences: typeof claims['aud'] === 'string' ? [claims['aud']] : strings(claims, 'aud'),
    notBefore: time(claims, 'nbf', 0),
    issuedAt: time(claims, 'iat', 0),
    expires: time(claims, 'exp', Number.NaN),
    warnAfter: 1000 * (num(kubernetes, 'warnafter') ?? 0),
    bonds,
  };
}
