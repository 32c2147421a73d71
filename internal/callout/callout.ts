import { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Gathered } from '../machinery/gathered.js';
import { exchangeError, joinHostPort } from './go-errors.js';
import { type DialOptions, Pool } from './pool.js';
import {
  type Address,
  CallError,
  type CallRequest,
  type CallResponse,
  type OpenResponse,
  type Target,
  type TlsOptions,
  type UpgradeResponse,
} from './types.js';

/** Connections in use at once, streams and upgrades included; beyond it calls fail at once. */
const MAX_IN_USE = 8192;
/** Go's client stops here. */
export const MAX_REDIRECTS = 10;
/** What is read of an answer unless the caller says otherwise. */
const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;

const NO_TLS: TlsOptions = {};

interface Exchange {
  readonly request: ClientRequest;
  readonly url: URL;
  readonly target: Target;
  readonly method: string;
}

interface Head {
  readonly response: IncomingMessage;
  /** Set after 101. */
  readonly upgraded?: { readonly socket: Duplex; readonly head: Buffer };
}

/**
 * The one HTTP client of the server: webhooks, aggregated APIs, kubelets. Speaks HTTP/1.1 over kept connections, knows
 * whom it believes by each call's TLS options, and fails with the texts of Go's net/http.
 */
export class Callout {
  readonly #pool = new Pool();
  #inUse = 0;

  /**
   * Sends a request and reads the whole answer, at most `maxBytes` of it (16 MiB; decompressed). Redirects are followed
   * when the request says so. Rejects with CallError; one that breaks off within the body has no method and URL in its
   * message, as in Go.
   */
  async call(target: Target, request: CallRequest, maxBytes = DEFAULT_MAX_BYTES): Promise<CallResponse> {
    const deadline = new Deadline(request);
    try {
      const response = await this.#follow(target, request, deadline).catch((error: unknown) => {
        throw named(error, request.method, target.url);
      });
      const { statusCode: status = 0, headers } = response;
      return { status, headers, body: await readAll(response, maxBytes, deadline) };
    } finally {
      deadline.over();
    }
  }

  /** Sends a request and gives the answer as soon as its head is here; the body comes as it is read. Rejects with CallError. */
  async open(target: Target, request: CallRequest): Promise<OpenResponse> {
    const deadline = new Deadline(request);
    try {
      const { response } = await this.#exchange(target, request, deadline, false);
      return opened(response);
    } catch (error) {
      throw named(error, request.method, target.url);
    } finally {
      deadline.headCame();
    }
  }

  /**
   * Asks for another protocol on a connection of its own; the headers say which. Rejects with CallError. Whoever gets the
   * socket ends it.
   */
  async upgrade(target: Target, request: CallRequest): Promise<UpgradeResponse> {
    const deadline = new Deadline(request);
    try {
      const { response, upgraded } = await this.#exchange(target, request, deadline, true);
      if (upgraded === undefined) return { refused: opened(response) };
      const { headers, rawHeaders } = response;
      return { upgraded: { headers, rawHeaders, ...upgraded } };
    } catch (error) {
      throw named(error, request.method, target.url);
    } finally {
      deadline.headCame();
    }
  }

  /** Ends every connection that is kept. */
  close(): void {
    this.#pool.close();
  }

  /** Go's rules: 301, 302 and 303 become a GET without a body, 307 and 308 repeat the request. */
  async #follow(target: Target, request: CallRequest, deadline: Deadline): Promise<IncomingMessage> {
    const { redirects = 0 } = request;
    let at = target;
    let asked = request;
    for (let followed = 0; ; followed++) {
      const { response } = await this.#exchange(at, asked, deadline, false);
      const { statusCode = 0 } = response;
      const { location } = response.headers;
      if (redirects === 0 || location === undefined || ![301, 302, 303, 307, 308].includes(statusCode)) return response;
      // What a redirect says beside where it leads may be without end.
      if (response.headers['content-length'] === '0') response.resume();
      else response.destroy();
      if (followed >= redirects) throw new CallError('protocol', `stopped after ${redirects} redirects`);
      const next = redirectedTo(location, at.url);
      const sameHost = next.host === new URL(at.url).host;
      at = { ...at, url: next.href, ...(sameHost ? {} : { address: undefined }) } as Target;
      if (statusCode < 307) {
        const again = asked.method === 'HEAD' ? 'HEAD' : 'GET';
        asked = { redirects, method: again, headers: withoutBody(asked.headers, sameHost) };
      }
    }
  }

  async #exchange(target: Target, request: CallRequest, deadline: Deadline, upgrade: boolean): Promise<Head> {
    const { method, body, repeatable = method === 'GET' || method === 'HEAD' } = request;
    for (;;) {
      const exchange = this.#start(target, request, upgrade);
      try {
        return await this.#finish(exchange, body, deadline);
      } catch (error) {
        // A kept connection that the other side closed while it was idle; what a stream held is gone.
        const whole = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
        if (!repeatable || !whole || !exchange.request.reusedSocket || deadline.error !== undefined) throw error;
        if (!(error instanceof CallError) || error.failure !== 'protocol') throw error;
      }
    }
  }

  #start(target: Target, { method, path, headers, body }: CallRequest, upgrade: boolean): Exchange {
    if (this.#inUse >= MAX_IN_USE) throw new CallError('overloaded', 'too many connections are in use');
    const url = new URL(target.url);
    const secure = url.protocol === 'https:';
    const tls = target.tls ?? NO_TLS;
    const { host, port } = target.address?.() ?? addressOf(url);
    const length = typeof body === 'string' || Buffer.isBuffer(body) ? Buffer.byteLength(body) : undefined;
    const agent = secure ? this.#pool.of(tls).agent : this.#pool.plain;
    const expectedName = tls.serverName ?? bare(url.hostname);
    const options: DialOptions = {
      method,
      host,
      port,
      path: path ?? `${url.pathname}${url.search}`,
      headers: {
        host: url.host,
        ...headers,
        ...(length === undefined ? {} : { 'content-length': length }),
        // A connection that is handed over is never kept.
        ...(upgrade ? { connection: 'Upgrade' } : {}),
      },
      agent,
      expectedName,
      setHost: false,
      // Connections for different names are never shared.
      ...(secure ? { servername: expectedName } : {}),
    };
    const request = secure ? httpsRequest(options) : httpRequest(options);
    // Go tells nothing of a connection that is kept, which is how HTTP/1.1 has it; Node.js would.
    if (!upgrade) request.removeHeader('connection');
    this.#inUse++;
    request.once('close', () => this.#inUse--);
    return { request, url, target, method };
  }

  #finish({ request }: Exchange, body: Buffer | string | Readable | undefined, deadline: Deadline): Promise<Head> {
    return new Promise((resolve, reject) => {
      deadline.watch(request);
      request.once('response', (response) => resolve({ response }));
      request.once('upgrade', (response, socket, head) => resolve({ response, upgraded: { socket, head } }));
      request.on('error', (error) => {
        const socket = request.socket;
        const local = joinHostPort(socket?.localAddress ?? '', socket?.localPort ?? 0);
        const remote = joinHostPort(socket?.remoteAddress ?? '', socket?.remotePort ?? 0);
        reject(deadline.error ?? exchangeError(error, local, remote));
      });
      if (body === undefined) request.end();
      else if (typeof body === 'string' || Buffer.isBuffer(body)) request.end(body);
      else pipeline(body, request, (error) => error && request.destroy(error));
    });
  }
}

/** Where a redirect leads. Throws CallError, in net/http's words, for what is no place of HTTP. */
function redirectedTo(location: string, from: string): URL {
  if (!URL.canParse(location, from)) {
    throw new CallError('protocol', `failed to parse Location header ${JSON.stringify(location)}: invalid URL`);
  }
  const next = new URL(location, from);
  if (next.protocol === 'https:' || next.protocol === 'http:') return next;
  throw new CallError('protocol', `unsupported protocol scheme ${JSON.stringify(next.protocol.slice(0, -1))}`);
}

/** `[::1]` as a host to connect to. */
const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

function addressOf(url: URL): Address {
  return { host: bare(url.hostname), port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)) };
}

function withoutBody(headers: OutgoingHttpHeaders | undefined, sameHost: boolean): OutgoingHttpHeaders {
  const kept = Object.entries(headers ?? {}).filter(([name]) => {
    const lower = name.toLowerCase();
    if (lower === 'content-type' || lower === 'content-length' || lower === 'content-encoding') return false;
    return sameHost || (lower !== 'authorization' && lower !== 'cookie');
  });
  return Object.fromEntries(kept);
}

function opened(response: IncomingMessage): OpenResponse {
  const { statusCode: status = 0, headers, rawHeaders } = response;
  return { status, headers, rawHeaders, body: response };
}

function named(error: unknown, method: string, url: string): unknown {
  return error instanceof CallError ? new CallError(error.failure, error.reason, method, url) : error;
}

/** The time and the signal of one call, over all of its requests. */
class Deadline {
  /** Why the call was ended. */
  error: CallError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #current: { destroy(error?: Error): unknown } | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #aborted = (): void => this.#end(new CallError('canceled', 'context canceled'));

  constructor({ timeoutMs, signal }: CallRequest) {
    this.#signal = signal;
    if (timeoutMs !== undefined) {
      this.#timer = setTimeout(() => this.#end(new CallError('timeout', 'context deadline exceeded')), timeoutMs);
    }
    if (signal?.aborted === true) this.error = new CallError('canceled', 'context canceled');
    else signal?.addEventListener('abort', this.#aborted, { once: true });
  }
  #end(error: CallError): void {
    this.error ??= error;
    this.#current?.destroy(this.error);
  }
  /** What is destroyed when the time is over. */
  watch(current: { destroy(error?: Error): unknown }): void {
    this.#current = current;
    if (this.error !== undefined) current.destroy(this.error);
  }
  /** The time no longer counts; the signal still does. */
  headCame(): void {
    clearTimeout(this.#timer);
    if (this.error !== undefined) this.over();
  }
  over(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#aborted);
    this.#current = undefined;
  }
}

function readAll(response: IncomingMessage, maxBytes: number, deadline: Deadline): Promise<Buffer> {
  const gzip = response.headers['content-encoding'] === 'gzip';
  return new Promise((resolve, reject) => {
    const gathered = new Gathered();
    const failed = (error: Error): void => {
      reject(deadline.error ?? (error instanceof CallError ? error : new CallError('protocol', 'unexpected EOF')));
    };
    deadline.watch({ destroy: (error) => response.destroy(error) });
    const body: Readable = gzip ? pipeline(response, createGunzip(), () => undefined) : response;
    response.on('error', failed);
    if (gzip) body.on('error', failed);
    body.on('data', (chunk: Buffer) => {
      gathered.push(chunk);
      if (gathered.bytes <= maxBytes) return;
      gathered.take();
      response.destroy();
      reject(new CallError('tooLarge', `http: response body too large`));
    });
    body.on('end', () => {
      if (response.complete) resolve(gathered.take());
      else failed(new CallError('protocol', 'unexpected EOF'));
    });
    const closed = (): void => {
      if (!response.complete) failed(new CallError('protocol', 'unexpected EOF'));
    };
    response.on('close', closed);
    // What broke off in the turn in which its head came has told of it already, and tells nobody else.
    if (response.destroyed) closed();
  });
}
