import type { UserInfo } from '../auth/types.js';
import { CORS, HOP_BY_HOP, namesOfConnection } from '../machinery/proxied-headers.js';

/** What the server has used up itself, and what nobody but itself may tell the other server. */
const OWN = new Set([
  'authorization',
  'host',
  'content-length',
  'audit-id',
  'x-remote-user',
  'x-remote-uid',
  'x-remote-group',
]);
const OWN_PREFIXES = ['x-remote-extra-', 'impersonate-'];
/** Names of the headers by which front proxies tell who asks (`--requestheader-...-headers`), in any case of letters. */
export interface FrontProxyHeaders {
  readonly names: readonly string[];
  readonly prefixes: readonly string[];
}

export type SentHeaders = Record<string, string | string[]>;

/** Lower-case names and values, one after the other. */
type RawHeaders = readonly string[];

function connectionNames(headers: RawHeaders): Set<string> {
  const names = new Set<string>();
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() !== 'connection') continue;
    for (const name of namesOfConnection(headers[i + 1] ?? '')) names.add(name);
  }
  return names;
}

function add(out: SentHeaders, name: string, value: string): void {
  const known = out[name];
  if (known === undefined) out[name] = value;
  else if (Array.isArray(known)) known.push(value);
  else out[name] = [known, value];
}

/**
 * The headers of a client's request that are passed on: without those of its connection, its credentials, and every
 * header by which a front proxy tells who asks.
 */
export function requestHeaders(headers: RawHeaders, frontProxy: FrontProxyHeaders): SentHeaders {
  const named = connectionNames(headers);
  const names = new Set(frontProxy.names.map((n) => n.toLowerCase()));
  const prefixes = [...OWN_PREFIXES, ...frontProxy.prefixes.map((p) => p.toLowerCase())].filter((p) => p !== '');
  const out = Object.create(null) as SentHeaders;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (HOP_BY_HOP.has(name) || OWN.has(name) || named.has(name) || names.has(name)) continue;
    if (prefixes.some((p) => name.startsWith(p))) continue;
    add(out, name, headers[i + 1] ?? '');
  }
  return out;
}

/** Letters that may stand in a header's name, but for `%`; everything else is written as its bytes (client-go's headerKeyEscape). */
const escapedKey = (key: string): string =>
  [...Buffer.from(key)]
    .map((byte) => {
      const c = String.fromCharCode(byte);
      return /[A-Za-z0-9!#$&'*+.^_`|~-]/.test(c) ? c : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');

/** A value as it may stand in a header: control characters would end it. */
const safe = (value: string): string => value.replace(/[\r\n\0]/g, ' ');

/** Node.js writes each character of a header as one byte: the bytes of UTF-8 in that form. */
const bytesOf = (value: string): string => Buffer.from(safe(value), 'utf8').toString('latin1');

/** Who asks, in the headers of a front proxy (client-go's SetAuthProxyHeaders). */
export function identityHeaders(user: UserInfo): SentHeaders {
  const out = Object.create(null) as SentHeaders;
  out['x-remote-user'] = bytesOf(user.username);
  if (user.uid !== '') out['x-remote-uid'] = bytesOf(user.uid);
  if (user.groups.length > 0) out['x-remote-group'] = user.groups.map(bytesOf);
  for (const [key, values] of Object.entries(user.extra)) {
    const name = `x-remote-extra-${escapedKey(key).toLowerCase()}`;
    for (const value of values) add(out, name, bytesOf(value));
  }
  return out;
}

/** Headers of an answer that are passed on, as pairs: without those of its connection and those that this server writes itself. */
export function responseHeaders(headers: RawHeaders): [string, string][] {
  const named = connectionNames(headers);
  const out: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || CORS.has(lower) || named.has(lower)) continue;
    if (lower === 'content-length' || lower === 'content-type' || lower === 'date' || lower === 'audit-id') continue;
    out.push([name, headers[i + 1] ?? '']);
  }
  return out;
}
