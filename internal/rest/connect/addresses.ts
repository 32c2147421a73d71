import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { parseIP } from '../../machinery/ip.js';
import { badRequest } from '../../machinery/status.js';

const MAPPED = 0xffffn;

/** Go's net.IP.IsGlobalUnicast: not unspecified, loopback, link-local, multicast or broadcast. */
export function isGlobalUnicast(text: string): boolean {
  const ip = parseIP(text);
  if (ip === undefined) return false;
  const { value } = ip;
  if (ip.family === 'IPv4') return isGlobalV4(value);
  if (value >> 32n === MAPPED) return isGlobalV4(value & 0xffff_ffffn);
  const isLinkLocal = value >> 118n === 0xfe80n >> 6n;
  return value > 1n && value >> 120n !== 0xffn && !isLinkLocal;
}

function isGlobalV4(value: bigint): boolean {
  const first = value >> 24n;
  const isMulticast = first >= 224n && first < 240n;
  return value !== 0n && value !== 0xffff_ffffn && first !== 127n && !isMulticast && value >> 16n !== 0xa9fen;
}

/** Throws 400 unless every address of the host may be proxied to (apiserver's proxy.IsProxyableHostname). */
export async function checkProxyable(host: string, mayProxyTo: (ip: string) => boolean): Promise<void> {
  const found = isIP(host) === 0 ? await addressesOf(host) : [host];
  if (!found.every(mayProxyTo)) throw badRequest('address not allowed');
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw badRequest(`lookup ${host}: ${code === 'ENOTFOUND' ? 'no such host' : 'server misbehaving'}`);
  }
}
