import { isIP } from 'node:net';
import { formatIP, parseIP } from '../../machinery/ip.js';
import { quote } from '../../machinery/status.js';
import { type FunctionDecl, member, overload } from '../check/environment.js';
import { BOOL, type CelType, INT, opaqueType, STRING } from '../check/types.js';
import { CelError, Opaque, type Value } from '../values/value.js';

export const IP_TYPE: CelType = opaqueType('net.IP');
export const CIDR_TYPE: CelType = opaqueType('net.CIDR');

type Family = 'IPv4' | 'IPv6';
const widthOf = (family: Family): number => (family === 'IPv4' ? 32 : 128);

/** An IP address. */
class Ip extends Opaque {
  readonly typeName = 'net.IP';
  constructor(
    readonly family: Family,
    readonly address: bigint,
  ) {
    super();
  }
  override equals(other: Value): boolean {
    return other instanceof Ip && other.family === this.family && other.address === this.address;
  }
  /** Bits, which is what kube-apiserver takes for the size. */
  override get size(): number {
    return Math.ceil(widthOf(this.family) / 8);
  }
  get text(): string {
    return formatIP(this.family, this.address);
  }
  /** The first bits of the address. */
  leading(bits: number): bigint {
    return this.address >> BigInt(widthOf(this.family) - bits);
  }
}

/** A network, or an address within one: host bits stay. */
class CidrValue extends Opaque {
  readonly typeName = 'net.CIDR';
  constructor(
    readonly ip: Ip,
    readonly bits: number,
  ) {
    super();
  }
  override equals(other: Value): boolean {
    return other instanceof CidrValue && other.bits === this.bits && other.ip.equals(this.ip);
  }
  override get size(): number {
    return Math.ceil(this.bits / 8);
  }
  get text(): string {
    return `${this.ip.text}/${this.bits}`;
  }
  contains(other: Ip): boolean {
    return other.family === this.ip.family && other.leading(this.bits) === this.ip.leading(this.bits);
  }
  masked(): CidrValue {
    const host = BigInt(widthOf(this.ip.family) - this.bits);
    return new CidrValue(new Ip(this.ip.family, (this.ip.address >> host) << host), this.bits);
  }
}

const isMapped = (ip: Ip): boolean => ip.family === 'IPv6' && ip.address >> 32n === 0xffffn;

/** What Go's netip.ParseAddr says of a text that is no address. */
function whyNoAddress(s: string): string {
  const said = (why: string, at?: string): string =>
    `ParseAddr(${quote(s)}): ${why}${at === undefined ? '' : ` (at ${quote(at)})`}`;
  const mark = /[.:%]/.exec(s)?.[0];
  if (mark === undefined) return said('unable to parse IP');
  if (mark === '%') return said('missing IPv6 address');
  if (mark === '.') {
    const parts = s.split('.');
    for (const [i, part] of parts.entries()) {
      const bad = /[^0-9]/.exec(part);
      if (bad !== null) return said('unexpected character', parts.slice(i).join('.').slice(bad.index));
      if (part === '') return said('IPv4 field must have at least one digit', parts.slice(i).join('.'));
      if (part.length > 1 && part.startsWith('0')) return said('IPv4 field has octet with leading zero');
      if (Number(part) > 255) return said('IPv4 field has value >255');
      if (i > 3) return said('IPv4 address too long');
    }
    return said('IPv4 address too short');
  }
  const bad = /[^0-9a-fA-F:.]/.exec(s);
  if (bad !== null) return said('unexpected character, want colon', s.slice(bad.index));
  const groups = s.split(':');
  const long = groups.find((g) => !g.includes('.') && g.length > 4);
  if (long !== undefined) return said('each group must have 4 or less digits', s.slice(s.indexOf(long)));
  return groups.length < 8
    ? said('address string too short')
    : said('trailing garbage after address', groups.slice(8).join(':'));
}

function parseAddress(s: string): Ip | CelError {
  const zone = s.indexOf('%');
  const plain = zone > 0 && s.includes(':') ? s.slice(0, zone) : s;
  const parsed = isIP(plain) === 0 ? undefined : parseIP(plain);
  if (parsed === undefined || (zone > 0 && zone === s.length - 1)) {
    return new CelError(`IP Address ${quote(s)} parse error during conversion from string: ${whyNoAddress(s)}`);
  }
  if (plain !== s) return new CelError(`IP address ${quote(s)} with zone value is not allowed`);
  const ip = new Ip(parsed.family, parsed.value);
  return isMapped(ip) ? new CelError(`IPv4-mapped IPv6 address ${quote(s)} is not allowed`) : ip;
}

/** What Go's netip.ParsePrefix says of a text that is no network. */
function whyNoPrefix(s: string): string {
  const slash = s.lastIndexOf('/');
  const said = (why: string): string => `netip.ParsePrefix(${quote(s)}): ${why}`;
  if (slash < 0) return said("no '/'");
  const address = s.slice(0, slash);
  if (isIP(address) === 0) return said(whyNoAddress(address));
  if (address.includes('%')) return said('IPv6 zones cannot be present in a prefix');
  const bits = s.slice(slash + 1);
  if (bits.length > 1 && !/^[1-9]/.test(bits)) return said(`bad bits after slash: ${quote(bits)}`);
  if (!/^[0-9]+$/.test(bits)) return said(`bad bits after slash: ${quote(bits)}`);
  return said('prefix length out of range');
}

function parsePrefix(s: string): CidrValue | CelError {
  const m = /^([^/%]+)\/(0|[1-9][0-9]{0,2})$/.exec(s);
  const parsed = m === null || isIP(m[1] ?? '') === 0 ? undefined : parseIP(m[1] ?? '');
  const bits = Number(m?.[2]);
  if (parsed === undefined || bits > widthOf(parsed.family)) {
    return new CelError(
      `network address parse error during conversion from string: network address parse error during conversion from string: ${whyNoPrefix(s)}`,
    );
  }
  const ip = new Ip(parsed.family, parsed.value);
  if (!isMapped(ip)) return new CidrValue(ip, bits);
  return new CelError(
    `network address parse error during conversion from string: IPv4-mapped IPv6 address ${quote(s)} is not allowed`,
  );
}

function containsCidr(a: CidrValue, b: CidrValue): boolean {
  return a.bits <= b.bits && a.contains(b.ip);
}

const isLoopback = (ip: Ip): boolean => (ip.family === 'IPv4' ? ip.leading(8) === 127n : ip.address === 1n);
const isLinkLocalMulticast = (ip: Ip): boolean =>
  ip.family === 'IPv4' ? ip.leading(24) === 0xe00000n : (ip.leading(16) & 0xff0fn) === 0xff02n;
const isLinkLocalUnicast = (ip: Ip): boolean =>
  ip.family === 'IPv4' ? ip.leading(16) === 0xa9fen : ip.leading(10) === 0b1111111010n;
const isMulticast = (ip: Ip): boolean => (ip.family === 'IPv4' ? ip.leading(4) === 0xen : ip.leading(8) === 0xffn);
function isGlobalUnicast(ip: Ip): boolean {
  if (ip.address === 0n || (ip.family === 'IPv4' && ip.address === 0xffffffffn)) return false;
  return !isLoopback(ip) && !isMulticast(ip) && !isLinkLocalUnicast(ip);
}

const ipFlag = (name: string, id: string, holds: (ip: Ip) => boolean): FunctionDecl => ({
  name,
  overloads: [member(id, [IP_TYPE], BOOL, (ip) => holds(ip as Ip))],
});

/** Kubernetes' libraries of IP addresses and networks. */
export const NET_FUNCTIONS: readonly FunctionDecl[] = [
  {
    name: 'ip',
    overloads: [
      overload('string_to_ip', [STRING], IP_TYPE, (s) => parseAddress(s as string)),
      member('cidr_ip', [CIDR_TYPE], IP_TYPE, (c) => (c as CidrValue).ip),
    ],
  },
  {
    name: 'family',
    overloads: [member('ip_family', [IP_TYPE], INT, (ip) => ((ip as Ip).family === 'IPv4' ? 4n : 6n))],
  },
  {
    name: 'ip.isCanonical',
    overloads: [
      overload('ip_is_canonical', [STRING], BOOL, (s) => {
        const ip = parseAddress(s as string);
        return ip instanceof CelError ? ip : ip.text === s;
      }),
    ],
  },
  ipFlag('isUnspecified', 'ip_is_unspecified', (ip) => ip.address === 0n),
  ipFlag('isLoopback', 'ip_is_loopback', isLoopback),
  ipFlag('isLinkLocalMulticast', 'ip_is_link_local_multicast', isLinkLocalMulticast),
  ipFlag('isLinkLocalUnicast', 'ip_is_link_local_unicast', isLinkLocalUnicast),
  ipFlag('isGlobalUnicast', 'ip_is_global_unicast', isGlobalUnicast),
  { name: 'isIP', overloads: [overload('is_ip', [STRING], BOOL, (s) => parseAddress(s as string) instanceof Ip)] },
  { name: 'cidr', overloads: [overload('string_to_cidr', [STRING], CIDR_TYPE, (s) => parsePrefix(s as string))] },
  {
    name: 'isCIDR',
    overloads: [overload('is_cidr', [STRING], BOOL, (s) => parsePrefix(s as string) instanceof CidrValue)],
  },
  {
    name: 'containsIP',
    overloads: [
      member('cidr_contains_ip_string', [CIDR_TYPE, STRING], BOOL, (c, s) => {
        const ip = parseAddress(s as string);
        return ip instanceof CelError ? ip : (c as CidrValue).contains(ip);
      }),
      member('cidr_contains_ip_ip', [CIDR_TYPE, IP_TYPE], BOOL, (c, ip) => (c as CidrValue).contains(ip as Ip)),
    ],
  },
  {
    name: 'containsCIDR',
    overloads: [
      member('cidr_contains_cidr_string', [CIDR_TYPE, STRING], BOOL, (c, s) => {
        const other = parsePrefix(s as string);
        return other instanceof CelError ? other : containsCidr(c as CidrValue, other);
      }),
      member('cidr_contains_cidr', [CIDR_TYPE, CIDR_TYPE], BOOL, (c, o) =>
        containsCidr(c as CidrValue, o as CidrValue),
      ),
    ],
  },
  {
    name: 'prefixLength',
    overloads: [member('cidr_prefix_length', [CIDR_TYPE], INT, (c) => BigInt((c as CidrValue).bits))],
  },
  { name: 'masked', overloads: [member('cidr_masked', [CIDR_TYPE], CIDR_TYPE, (c) => (c as CidrValue).masked())] },
  {
    name: 'string',
    overloads: [
      overload('ip_to_string', [IP_TYPE], STRING, (ip) => (ip as Ip).text),
      overload('cidr_to_string', [CIDR_TYPE], STRING, (c) => (c as CidrValue).text),
    ],
  },
];
