import { createHash, X509Certificate } from 'node:crypto';
import https from 'node:https';
import { FatalError } from '../machinery/assert.js';
import { child, str } from '../machinery/access.js';
import { isObject, type JsonObject, type JsonValue } from '../machinery/json.js';

/** Whom to ask, and as whom. Without `ca` nothing is believed of the server: only for discovery, whose answer is signed. */
export interface ApiAccess {
  /** https://host:port, without a slash at its end. */
  readonly server: string;
  readonly ca?: Buffer | string;
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
  readonly token?: string;
}

/** What the API answered. */
export interface ApiAnswer {
  readonly code: number;
  readonly body: JsonObject;
}

/** One request may take this long; no answer is larger. */
const REQUEST_MS = 30_000;
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
const RETRY_MS = 300;
/** Passing troubles: too much to do, no quorum. */
const PASSING = [429, 500, 503, 504];

/** A small client of the Kubernetes API, for what `init`, `join` and `token` write and read. JSON only. */
export class ApiClient {
  constructor(
    readonly access: ApiAccess,
    /** Passing troubles and lost connections are tried again for so long. */
    private readonly patienceMs = 60_000,
    /** One request may take this long. */
    private readonly requestMs = REQUEST_MS,
  ) {}

  /** One request, tried again while its trouble may pass. Throws FatalError when the server cannot be reached. */
  async ask(method: string, path: string, body?: JsonObject, contentType = 'application/json'): Promise<ApiAnswer> {
    const until = performance.now() + this.patienceMs;
    for (;;) {
      let trouble: string;
      try {
        const answer = await once(this.access, method, path, body, contentType, this.requestMs);
        if (!PASSING.includes(answer.code) || performance.now() > until) return answer;
        trouble = messageOf(answer);
      } catch (error) {
        trouble = error instanceof Error ? error.message : String(error);
      }
      if (performance.now() > until) throw new FatalError(`${this.access.server} does not answer: ${trouble}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** The object at a path; undefined when there is none. Throws FatalError for every other refusal. */
  async get(path: string): Promise<JsonObject | undefined> {
    const answer = await this.ask('GET', path);
    if (answer.code === 404) return undefined;
    return succeeded(answer, `GET ${path}`);
  }

  /** Creates an object, or replaces the one of its name: what kubeadm calls CreateOrUpdate. */
  async apply(collection: string, object: JsonObject): Promise<JsonObject> {
    const made = await this.ask('POST', collection, object);
    if (made.code !== 409) return succeeded(made, `creating ${nameOf(object)}`);
    const path = `${collection}/${encodeURIComponent(str(child(object, 'metadata'), 'name'))}`;
    return succeeded(await this.ask('PUT', path, object), `updating ${nameOf(object)}`);
  }

  /** Changes an object with a JSON merge patch. Throws FatalError when it cannot. */
  async patch(path: string, body: JsonObject): Promise<JsonObject> {
    return succeeded(await this.ask('PATCH', path, body, 'application/merge-patch+json'), `changing ${path}`);
  }
}

function nameOf(object: JsonObject): string {
  return `${str(object, 'kind')} ${str(child(object, 'metadata'), 'name')}`;
}

function messageOf(answer: ApiAnswer): string {
  return str(answer.body, 'message') || `it answered ${answer.code}`;
}

/** The body of an answer that is no refusal. Throws FatalError. */
export function succeeded(answer: ApiAnswer, what: string): JsonObject {
  if (answer.code >= 200 && answer.code < 300) return answer.body;
  throw new FatalError(`${what}: ${messageOf(answer)}`);
}

function once(
  access: ApiAccess,
  method: string,
  path: string,
  body: JsonObject | undefined,
  contentType: string,
  requestMs: number,
): Promise<ApiAnswer> {
  const { server, token, ...tls } = access;
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = https.request(
      `${server}${path}`,
      {
        method,
        agent: false,
        timeout: requestMs,
        rejectUnauthorized: access.ca !== undefined,
        ...tls,
        headers: {
          accept: 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(text === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > ANSWER_BYTES_MAX) request.destroy(new Error('its answer is longer than 16 MiB'));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({ code: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks).toString('utf8')) }),
        );
      },
    );
    request.on('timeout', () => request.destroy(new Error(`no answer within ${requestMs / 1000} s`)));
    request.on('error', reject);
    request.end(text);
  });
}

/** The object in a body; a plain text is its message. */
function parsed(body: string): JsonObject {
  try {
    const value = JSON.parse(body) as JsonValue;
    if (isObject(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { message: body.trim().slice(0, 1000) };
}

/** kubeadm's pin of an authority: `sha256:` and the hash of its public key, in lower-case hex (RFC 7469's form of key). */
export function publicKeyPin(certPem: string): string {
  const key = new X509Certificate(certPem).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(key).digest('hex')}`;
}

/** The pins of all authorities in a file. While one is changed there are two. */
export function publicKeyPins(pem: string): string[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []).map(publicKeyPin);
}
