import { networkInterfaces } from 'node:os';
import { FatalError } from '../../internal/machinery/assert.js';

/** First usable address of an IPv4 CIDR: what the `kubernetes` service gets. Throws FatalError for what is no CIDR. */
export function firstServiceIp(cidr: string): string {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr.split(',')[0] ?? '');
  const parts = (match ?? []).slice(1).map(Number);
  const bits = parts[4] ?? 0;
  if (match === null || parts.slice(0, 4).some((p) => p > 255) || bits > 30 || bits < 1) {
    throw new FatalError(`--service-cluster-ip-range ${cidr} is no IPv4 range: write e.g. 10.96.0.0/12`);
  }
  const address = parts.slice(0, 4).reduce((sum, p) => sum * 256 + p, 0);
  const size = 2 ** (32 - bits);
  const first = Math.floor(address / size) * size + 1;
  return [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.');
}

/** The address that others reach this machine by: the first one that is not the loopback, or the loopback. */
export function hostAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    const found = addresses?.find((a) => a.family === 'IPv4' && !a.internal);
    if (found !== undefined) return found.address;
  }
  return '127.0.0.1';
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
