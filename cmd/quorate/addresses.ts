import { networkInterfaces } from 'node:os';
import { FatalError } from '../../internal/machinery/assert.js';
import { formatIP, parseCidr } from '../../internal/machinery/ip.js';

/**
 * First usable address of the first of these networks: what the `kubernetes` service gets. Throws FatalError for what are no
 * networks, for more than one of a family, and for one of fewer than two addresses.
 */
export function firstServiceIp(cidrs: string): string {
  const networks = cidrs.split(',').map((cidr) => parseCidr(cidr.trim()));
  const [first, second] = networks;
  const isPair = second === undefined || second.family !== first?.family;
  if (first === undefined || networks.includes(undefined) || networks.length > 2 || !isPair || first.size < 4n) {
    throw new FatalError(
      `--service-cluster-ip-range ${cidrs} is no range, and no pair of one IPv4 and one IPv6 range: ` +
        'write e.g. 10.96.0.0/12 or fd00:10:96::/112',
    );
  }
  return formatIP(first.family, first.base + 1n);
}

/**
 * The address of this family that others reach this machine by: the first one that is neither the loopback nor good on one
 * link only, or the loopback.
 */
export function hostAddress(family: 'IPv4' | 'IPv6' = 'IPv4'): string {
  for (const addresses of Object.values(networkInterfaces())) {
    const found = addresses?.find((a) => a.family === family && !a.internal && !a.address.startsWith('fe80'));
    if (found !== undefined) return found.address;
  }
  return family === 'IPv4' ? '127.0.0.1' : '::1';
}

/** Splits `host:port`. Throws FatalError, naming the flag. */
export function hostPort(text: string, flag: string): { host: string; port: number } {
  const at = text.lastIndexOf(':');
  const port = Number(text.slice(at + 1));
  if (at <= 0 || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new FatalError(`${flag} ${text} is not host:port: write e.g. 127.0.0.1:2380`);
  }
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port };
}

/** Reads `from-to` (inclusive), `base+size` or one port. Throws FatalError, naming the flag. */
export function portRange(text: string, flag: string): { min: number; max: number } {
  const match = /^(\d+)(?:([-+])(\d+))?$/.exec(text.trim());
  const first = Number(match?.[1]);
  const second = Number(match?.[3]);
  const max = match?.[2] === '-' ? second : match?.[2] === '+' ? first + second : first;
  if (match === null) throw new FatalError(`${flag}: unable to parse port range: ${text}: write e.g. 30000-32767`);
  if (max > 65_535) throw new FatalError(`${flag}: the port range cannot be greater than 65535: ${text}`);
  if (max < first) throw new FatalError(`${flag}: the end port cannot be less than the start port: ${text}`);
  return { min: first, max };
}
