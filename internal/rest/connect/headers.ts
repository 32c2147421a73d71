import type { OutgoingHttpHeaders } from 'node:http';
import { CORS, HOP_BY_HOP, namesOfConnection } from '../../machinery/proxied-headers.js';
import type { ApiRequest } from '../types.js';

/** Headers of the handshake between two neighbours. */
const HANDSHAKE = new Set([
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-extensions',
  'sec-websocket-accept',
]);
/** Written by whoever answers. */
const OWN = new Set(['date', 'content-length', 'content-type']);
/** Headers of a body that is not passed on. */
const BODY = new Set(['content-length', 'content-encoding', 'expect']);

/**
 * What of the client's headers goes on: all but those between neighbours, and never what proves or changes who the
 * client is. The client's address is added to X-Forwarded-For.
 */
export function forwardedHeaders(request: ApiRequest): OutgoingHttpHeaders {
  const out = Object.create(null) as Record<string, string[]>;
  const named = new Set(namesOfConnection(request.header('connection')));
  const raw = request.headers ?? [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (HOP_BY_HOP.has(name) || HANDSHAKE.has(name) || named.has(name)) continue;
    if (name === 'authorization' || name.startsWith('impersonate-')) continue;
    (out[name] ??= []).push(raw[i + 1] ?? '');
  }
  const client = request.remoteAddress?.() ?? '';
  if (client !== '') out['x-forwarded-for'] = [[...(out['x-forwarded-for'] ?? []), client].join(', ')];
  return Object.fromEntries(
    Object.entries(out).map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

/** The client's part of a WebSocket's handshake, for whoever is to answer it in the place of this server. */
export function handshakeHeaders({ headers = [] }: ApiRequest): OutgoingHttpHeaders {
  const found: Record<string, string> = {};
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (HANDSHAKE.has(name)) found[name] ??= headers[i + 1] ?? '';
  }
  return found;
}

/** The headers of a request whose body is not sent along. */
export function withoutBody(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !BODY.has(name)));
}

/** The headers of a WebSocket's handshake for an upgrade to SPDY instead. */
export function forSpdy(request: ApiRequest): OutgoingHttpHeaders {
  const headers = withoutBody(forwardedHeaders(request));
  delete headers['sec-websocket-protocol'];
  return headers;
}

/** What of the other side's headers the client gets; `isKept` may leave out more. */
export function answeredHeaders(
  raw: readonly string[],
  isKept: (name: string) => boolean = () => true,
): [string, string][] {
  const out: [string, string][] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    if (HOP_BY_HOP.has(name) || HANDSHAKE.has(name) || OWN.has(name) || CORS.has(name) || !isKept(name)) continue;
    out.push([raw[i] ?? '', raw[i + 1] ?? '']);
  }
  return out;
}
