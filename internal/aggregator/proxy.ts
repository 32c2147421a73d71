import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { CallError, type OpenResponse } from '../callout/index.js';
import { Gathered } from '../machinery/gathered.js';
import { StatusError } from '../machinery/status.js';
import { passUpgradeOn } from '../rest/connect/upgrade.js';
import { queryValues } from '../machinery/go-url.js';
import type { ApiRequest, BytesReply, HandlerReply } from '../rest/types.js';
import type { ApiService } from './api-service.js';
import type { BackendServers } from './backend-server.js';
import {
  type FrontProxyHeaders,
  identityHeaders,
  requestHeaders,
  responseHeaders,
  type SentHeaders,
} from './forwarded-headers.js';
import { goPath, goQuery } from './go-query.js';
import { streamReply } from './stream.js';

/** A request that may be passed on, as the HTTP server has it. */
export interface ForwardableRequest extends ApiRequest {
  readonly auditId: string;
  readonly rawQuery: string;
  /** Lower-case names and values, one after the other. */
  readonly headers: readonly string[];
  /** Milliseconds of `performance.now()` at which the client is told that it took too long; Infinity for none. */
  readonly deadline: number;
  /** The client's IP address; '' when it is gone. */
  remoteAddress(): string;
  /** Calls `listener` when the client goes away before its answer is written whole. */
  onAborted(listener: () => void): void;
}

export interface ProxyOptions {
  readonly frontProxy: FrontProxyHeaders;
  /** `--aggregator-reject-forwarding-redirect`. */
  readonly rejectRedirects: boolean;
}

/** An answer of at most so many bytes is read whole and sent with its length; a larger one is passed on as it comes. */
const WHOLE_BYTES = 256 * 1024;
const REDIRECTED = 'the backend attempted to redirect this request, which is not permitted';

/** A plain-text answer as Go's http.Error writes it. */
export function plainError(status: number, text: string): BytesReply {
  return {
    status,
    contentType: 'text/plain; charset=utf-8',
    headers: { 'X-Content-Type-Options': 'nosniff' },
    body: `${text}\n`,
  };
}

export const serviceUnavailable = (): BytesReply => plainError(503, 'service unavailable');

/** Where the request goes: the path as it was sent but for its escapes, the query sorted (kube-aggregator's proxyHandler). */
export const forwardedPath = (request: ForwardableRequest): string =>
  `${goPath(request.path)}${goQuery(queryValues(request.rawQuery))}`;

/** Go's path.Join('/', path) with the slash at the end kept: what X-Forwarded-Uri tells. */
function forwardedUri(escaped: string): string {
  const segments: string[] = [];
  for (const segment of escaped.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const joined = `/${segments.join('/')}`;
  return escaped.endsWith('/') && joined !== '/' ? `${joined}/` : joined;
}

/** The headers with which a request is passed on. `host` is that of the other server. */
export function forwardedHeaders(request: ForwardableRequest, host: string, options: ProxyOptions): SentHeaders {
  const out = requestHeaders(request.headers, options.frontProxy);
  const client = request.remoteAddress();
  const before = out['x-forwarded-for'];
  const chain = [...(before === undefined ? [] : [before].flat()), ...(client === '' ? [] : [client])];
  if (chain.length > 0) out['x-forwarded-for'] = chain.join(', ');
  out['x-forwarded-uri'] = forwardedUri(goPath(request.path));
  out['x-forwarded-host'] = host;
  out['x-forwarded-proto'] = 'https';
  out['audit-id'] = request.auditId;
  return Object.assign(out, identityHeaders(request.user));
}

/** The body that goes along, with the header that tells its length where that is known. */
function bodyOf(request: ForwardableRequest, headers: SentHeaders): Readable | undefined {
  const length = request.header('content-length');
  const chunked = request.header('transfer-encoding') !== '';
  const body = request.openBody?.();
  if (!chunked && (length === '' || Number(length) === 0)) return undefined;
  if (!chunked) headers['content-length'] = length;
  return body;
}

/**
 * Passes a request on to the server behind a remote APIService, and its answer back (kube-aggregator's proxyHandler).
 * What goes wrong on the way is a plain-text 503.
 */
export async function forward(
  request: ForwardableRequest,
  api: ApiService,
  servers: BackendServers,
  options: ProxyOptions,
): Promise<HandlerReply> {
  const aborted = new AbortController();
  request.onAborted(() => {
    aborted.abort();
  });
  try {
    const path = forwardedPath(request);
    const target = servers.target(api, path);
    const headers = forwardedHeaders(request, new URL(target.url).host, options);
    const body = bodyOf(request, headers);
    const left = request.deadline - performance.now();
    const response = await servers.callout.open(target, {
      method: request.method,
      path,
      headers,
      signal: aborted.signal,
      ...(body === undefined ? {} : { body }),
      ...(left === Number.POSITIVE_INFINITY ? {} : { timeoutMs: Math.max(left, 1) }),
    });
    return await answered(request, response, options);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    return plainError(503, `error trying to reach service: ${error.reason}`);
  }
}

/** The handshake with the other server is this one's own; the subprotocols are the client's. */
const HANDSHAKE = ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-extensions'];

/**
 * Passes a WebSocket on to the server behind a remote APIService. What goes wrong on the way is a plain-text 503; other
 * protocols than WebSocket are refused with 501, once the other server has agreed to them.
 */
export async function forwardUpgrade(
  request: ForwardableRequest,
  api: ApiService,
  servers: BackendServers,
  options: ProxyOptions,
): Promise<HandlerReply> {
  try {
    const path = forwardedPath(request);
    const target = servers.target(api, path);
    const headers = forwardedHeaders(request, new URL(target.url).host, options);
    for (const name of HANDSHAKE) delete headers[name];
    return await passUpgradeOn(servers, request, target, headers);
  } catch (error) {
    if (error instanceof CallError) return plainError(503, `error trying to reach service: ${error.reason}`);
    if (error instanceof StatusError && error.code === 500) return plainError(503, error.message);
    throw error;
  }
}

async function answered(
  request: ForwardableRequest,
  response: OpenResponse,
  { rejectRedirects }: ProxyOptions,
): Promise<HandlerReply> {
  const { status, headers, rawHeaders, body } = response;
  if (rejectRedirects && status >= 300 && status <= 399 && headers.location !== undefined) {
    body.destroy();
    return { status: 502, contentType: 'text/plain; charset=utf-8', body: REDIRECTED };
  }
  // net/http tells no type of a body that is not there.
  const contentType = status === 304 ? '' : (headers['content-type'] ?? '');
  const head = { status, contentType, passedOn: responseHeaders(rawHeaders) };
  const length = Number(headers['content-length']);
  if (request.method === 'HEAD') {
    body.resume();
    return { ...head, body: '' };
  }
  if (status === 204 || status === 304) {
    body.resume();
    return { ...head, body: '' };
  }
  if (length <= WHOLE_BYTES) return { ...head, body: await whole(body as IncomingMessage) };
  return streamReply(head, body, request.info.verb === 'watch');
}

/** Reads a short body. Rejects with CallError when it breaks off. */
async function whole(body: IncomingMessage): Promise<Buffer> {
  const gathered = new Gathered();
  try {
    for await (const chunk of body) gathered.push(chunk as Buffer);
  } catch {
    throw new CallError('protocol', 'unexpected EOF');
  }
  return gathered.take();
}
