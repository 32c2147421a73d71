import { isIPv6 } from 'node:net';

const MAX_PORT = 65_535;

/** host:port or [v6]:port. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}

/** Can this be dialled: a name or an IPv4 address, or an IPv6 address in brackets, and a port of 1 to 65535? */
export function isAddress(text: string): boolean {
  const match = /^(?:\[([^\]]*)\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):(\d{1,5})$/.exec(text);
  if (match === null || (match[1] !== undefined && !isIPv6(match[1]))) return false;
  const port = Number(match[2]);
  return port >= 1 && port <= MAX_PORT;
}

/** True for an address that is good to listen on only, such as 0.0.0.0:2380. */
export function isUnspecified(address: string): boolean {
  return /^[0.]+$|^[0:]+$/.test(splitAddress(address).host);
}
