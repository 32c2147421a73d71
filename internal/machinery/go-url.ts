import { isIP } from 'node:net';

/* URLs as Go's net/url reads them, with its error texts. */

/** The parts of a URL, the path as it was written. */
export interface GoUrl {
  /** In lower case; empty for a relative one. */
  readonly scheme: string;
  readonly opaque: string;
  /** `user:password`, undefined without an `@`. */
  readonly user: string | undefined;
  /** With the port. */
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
}

/** A text that is no URL; the message is Go's, without `parse "...": `. */
export class GoUrlError extends Error {}

const CONTROL = '\\u0000-\\u001f\\u007f';
const HAS_CONTROL = new RegExp(`[${CONTROL}]`);
const NOT_IN_HOST = new RegExp(`[ "<>^\`{|}\\\\${CONTROL}]`);

const quoted = (s: string): string => JSON.stringify(s);

/** Bytes that `%` introduces must be two hexadecimal digits. */
function checkEscapes(s: string): void {
  const bad = /%(?![0-9a-fA-F]{2})/.exec(s);
  if (bad !== null) throw new GoUrlError(`invalid URL escape ${quoted(s.slice(bad.index, bad.index + 3))}`);
}

function splitScheme(s: string): { scheme: string; rest: string } {
  const m = /^[a-zA-Z][a-zA-Z0-9+.-]*/.exec(s);
  if (s.startsWith(':')) throw new GoUrlError('missing protocol scheme');
  if (m === null || s[m[0].length] !== ':') return { scheme: '', rest: s };
  return { scheme: m[0].toLowerCase(), rest: s.slice(m[0].length + 1) };
}

function checkPort(port: string): void {
  if (port !== '' && !/^:[0-9]*$/.test(port)) throw new GoUrlError(`invalid port ${quoted(port)} after host`);
}

function checkHost(host: string): void {
  if (host.startsWith('[')) {
    const close = host.lastIndexOf(']');
    if (close < 0) throw new GoUrlError("missing ']' in host");
    const zone = host.indexOf('%25');
    const address = host.slice(1, zone > 0 ? zone : close);
    if (isIP(address) !== 6) throw new GoUrlError(`invalid host: ParseAddr(${quoted(address)}): unable to parse IP`);
    checkPort(host.slice(close + 1));
    return;
  }
  const colon = host.lastIndexOf(':');
  if (colon >= 0) checkPort(host.slice(colon));
  const bad = NOT_IN_HOST.exec(host);
  if (bad !== null) throw new GoUrlError(`invalid character ${quoted(bad[0])} in host name`);
  checkEscapes(host);
  // In a name only bytes beyond ASCII may be escaped.
  const escape = /%[0-7][0-9a-fA-F]/.exec(host);
  if (escape !== null) throw new GoUrlError(`invalid URL escape ${quoted(escape[0])}`);
}

function splitAuthority(authority: string): { user: string | undefined; host: string } {
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  checkHost(host);
  if (at < 0) return { user: undefined, host };
  const user = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)) throw new GoUrlError('net/url: invalid userinfo');
  checkEscapes(user);
  return { user, host };
}

function parse(text: string, viaRequest: boolean): GoUrl {
  if (HAS_CONTROL.test(text)) throw new GoUrlError('net/url: invalid control character in URL');
  if (text === '' && viaRequest) throw new GoUrlError('empty url');
  if (text === '*') return { scheme: '', opaque: '', user: undefined, host: '', path: '*', query: '', fragment: '' };
  const { scheme, rest: afterScheme } = splitScheme(text);
  const mark = afterScheme.indexOf('?');
  const query = mark < 0 ? '' : afterScheme.slice(mark + 1);
  let rest = mark < 0 ? afterScheme : afterScheme.slice(0, mark);
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { scheme, opaque: rest, user: undefined, host: '', path: '', query, fragment: '' };
    if (viaRequest) throw new GoUrlError('invalid URI for request');
    if ((rest.split('/')[0] ?? '').includes(':'))
      throw new GoUrlError('first path segment in URL cannot contain colon');
  }
  let user: string | undefined;
  let host = '';
  if ((scheme !== '' || (!viaRequest && !rest.startsWith('///'))) && rest.startsWith('//')) {
    const slash = rest.indexOf('/', 2);
    const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
    rest = slash < 0 ? '' : rest.slice(slash);
    ({ user, host } = splitAuthority(authority));
  }
  checkEscapes(rest);
  return { scheme, opaque: '', user, host, path: rest, query, fragment: '' };
}

/** Go's url.Parse. Throws GoUrlError. */
export function parseGoUrl(text: string): GoUrl {
  const hash = text.indexOf('#');
  const url = parse(hash < 0 ? text : text.slice(0, hash), false);
  const fragment = hash < 0 ? '' : text.slice(hash + 1);
  checkEscapes(fragment);
  return { ...url, fragment };
}

/** Go's url.ParseRequestURI, which takes absolute URLs and absolute paths. Throws GoUrlError. */
export const checkRequestUri = (text: string): GoUrl => parse(text, true);

/** Whether Go's url.ParseRequestURI takes a text. */
export function isRequestUri(text: string): boolean {
  try {
    checkRequestUri(text);
    return true;
  } catch (e) {
    if (e instanceof GoUrlError) return false;
    throw e;
  }
}

/** The host without its port and brackets. */
export function hostname(host: string): string {
  const m = /^\[(.*)\](?::.*)?$/.exec(host);
  if (m !== null) return m[1] ?? '';
  const colon = host.lastIndexOf(':');
  return colon < 0 ? host : host.slice(0, colon);
}

/** The port of a host, empty when it names none. */
export function portOf(host: string): string {
  const m = /:([0-9]*)$/.exec(host);
  return m === null || (host.startsWith('[') && host.lastIndexOf(']') > host.lastIndexOf(':')) ? '' : (m[1] ?? '');
}

/** A path with all escaped that has to be; what is written validly stays as it is. */
export function escapedPath(path: string): string {
  if (/^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/[\]]|%[0-9a-fA-F]{2})*$/.test(path)) return path;
  return encodeURI(decodeURIComponent(path)).replaceAll('#', '%23').replaceAll('?', '%3F');
}

function unescapeQuery(s: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(s)) return undefined;
  const bytes = Buffer.from(
    s
      .replaceAll('+', ' ')
      .replace(/[\u0080-\u{10ffff}]/gu, (c) => Buffer.from(c).toString('latin1'))
      .replace(/%([0-9a-fA-F]{2})/g, (_m, h: string) => String.fromCharCode(Number.parseInt(h, 16))),
    'latin1',
  );
  return bytes.toString('utf8');
}

/** The values of a query by name (Go's ParseQuery); parts that are wrong are left out. */
export function queryValues(query: string): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const part of query.split('&')) {
    if (part === '' || part.includes(';')) continue;
    const equal = part.indexOf('=');
    const name = unescapeQuery(equal < 0 ? part : part.slice(0, equal));
    const value = unescapeQuery(equal < 0 ? '' : part.slice(equal + 1));
    if (name === undefined || value === undefined) continue;
    const values = out.get(name);
    if (values === undefined) out.set(name, [value]);
    else values.push(value);
  }
  return out;
}
