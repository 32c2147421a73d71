import { isIP } from 'node:net';

/** Whether every `%` begins an escape of two hexadecimal digits. */
const escapesRead = (text: string): boolean => !/%(?![0-9a-fA-F]{2})/.test(text);

/** The authority: user, host and port (net/url's parseAuthority). */
function isAuthority(authority: string): boolean {
  const at = authority.lastIndexOf('@');
  const user = authority.slice(0, Math.max(at, 0));
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user) || !escapesRead(user)) return false;
  const host = authority.slice(at + 1);
  if (host.startsWith('[')) {
    const m = /^\[([^\]]*)\](?::\d*)?$/.exec(host);
    return m !== null && isIP(m[1] ?? '') === 6;
  }
  const colon = host.lastIndexOf(':');
  if (colon >= 0 && !/^:\d*$/.test(host.slice(colon))) return false;
  // In a name only bytes beyond ASCII may be escaped; blanks and most signs may not stand there at all.
  return !/[\s"<>\\^`{|}#?/]/.test(host) && !/%(?![89a-fA-F][0-9a-fA-F])/.test(host);
}

/** Whether Go's url.ParseRequestURI takes the text: a path from the root, or anything with a scheme. */
export function isRequestUri(text: string): boolean {
  if (text === '' || /\p{Cc}/u.test(text.replace(/[\u0080-\u009f]/g, ''))) return false;
  if (text === '*') return true;
  if (text.startsWith(':')) return false;
  const scheme = /^[A-Za-z][A-Za-z0-9+\-.]*:/.exec(text)?.[0] ?? '';
  const rest = text.slice(scheme.length).replace(/\?.*$/s, '');
  if (!rest.startsWith('/')) return scheme !== '';
  if (scheme === '' || !rest.startsWith('//')) return escapesRead(rest);
  const slash = rest.indexOf('/', 2);
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
  return isAuthority(authority) && escapesRead(slash < 0 ? '' : rest.slice(slash));
}
