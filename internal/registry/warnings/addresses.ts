import { parseSloppyCidr, sloppyIP } from '../../machinery/formats.js';
import { formatCidr, formatIP, parseCidr, parseIP, plainV4Network } from '../../machinery/ip.js';
import { quote } from '../../machinery/status.js';

// Texts: k8s.io/apimachinery pkg/util/validation (GetWarningsForIP, GetWarningsForCIDR).

/** What nearly all are, and nothing is to be said about: IPv4 without leading zeros. */
const PLAIN_V4 = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/;

interface Address {
  readonly family: 'IPv4' | 'IPv6';
  readonly value: bigint;
}

const isMapped = (ip: Address): boolean => ip.family === 'IPv6' && ip.value >> 32n === 0xffffn;
/** As Go's net.IP prints it: IPv4 in IPv6 is IPv4. */
const shown = (ip: Address): string =>
  isMapped(ip) ? formatIP('IPv4', ip.value & 0xffff_ffffn) : formatIP(ip.family, ip.value);

/** Warnings about an address that is valid, if only to older releases, but not written as it should be. */
export function ipWarnings(path: string, value: string): string[] {
  if (PLAIN_V4.test(value)) return [];
  const ip = sloppyIP(value);
  if (ip === undefined) return [];
  if (parseIP(value) === undefined || isMapped(ip)) {
    return [`${path}: non-standard IP address ${quote(value)} is invalid: use ${quote(shown(ip))}`];
  }
  const canonical = formatIP(ip.family, ip.value);
  if (ip.family === 'IPv4' || canonical === value) return [];
  return [`${path}: IPv6 address ${quote(value)} should be in RFC 5952 canonical format (${quote(canonical)})`];
}

/** The same about a network. */
export function cidrWarnings(path: string, value: string): string[] {
  if (plainV4Network(value) !== undefined) return [];
  const cidr = parseSloppyCidr(value);
  const [address = '', bits = ''] = value.split('/');
  const ip = sloppyIP(address);
  if (cidr === undefined || ip === undefined) return [];
  const out: string[] = [];
  if (ip.value !== cidr.base) {
    const one = `${shown(ip)}/${cidr.family === 'IPv4' ? 32 : 128}`;
    const should = `should be ${quote(formatCidr(cidr))} or ${quote(one)}?`;
    out.push(`${path}: CIDR value ${quote(value)} is ambiguous in this context (${should})`);
  }
  if (parseCidr(value) === undefined || (bits.length > 1 && bits.startsWith('0')) || isMapped(ip)) {
    out.push(`${path}: non-standard CIDR value ${quote(value)} is invalid: use ${quote(formatCidr(cidr))}`);
  }
  const canonical = formatCidr(cidr);
  if (out.length > 0 || cidr.family === 'IPv4' || canonical === value) return out;
  return [`${path}: IPv6 CIDR value ${quote(value)} should be in RFC 5952 canonical format (${quote(canonical)})`];
}
