import { isIP } from 'node:net';

/** An IPv4 or IPv6 network. */
export interface Cidr {
  readonly family: 'IPv4' | 'IPv6';
  /** First address as a number. */
  readonly base: bigint;
  readonly prefix: number;
  /** Number of addresses. */
  readonly size: bigint;
}

/** The longest text that may be an address is 45 characters, and a zone behind it. */
const MAX_TEXT = 512;

/** The address as a number and its family, or undefined when the text is no IP address. */
export function parseIP(text: string): { family: 'IPv4' | 'IPv6'; value: bigint } | undefined {
  if (text.length > MAX_TEXT) return undefined;
  const version = isIP(text);
  if (version === 4) {
    return { family: 'IPv4', value: BigInt(text.split('.').reduce((n, part) => n * 256 + Number(part), 0)) };
  }
  if (version !== 6 || text.includes('%')) return undefined;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  let plain = text;
  if (dotted !== null) {
    const v4 = parseIP(dotted[2] ?? '');
    if (v4 === undefined) return undefined;
    plain = `${dotted[1]}${(v4.value >> 16n).toString(16)}:${(v4.value & 0xffffn).toString(16)}`;
  }
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0');
  const groups = [...left, ...middle, ...right];
  return { family: 'IPv6', value: groups.reduce((n, g) => n * 65_536n + BigInt(`0x${g}`), 0n) };
}

/** The canonical text of an address (RFC 5952 for IPv6). */
export function formatIP(family: 'IPv4' | 'IPv6', value: bigint): string {
  if (family === 'IPv4') return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  // The longest run of zeros, the first of equals, and at least two, becomes `::`.
  let best = { at: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (groups[i + length] === '0') length++;
    if (length > best.length) best = { at: i, length };
  }
  if (best.at < 0) return groups.join(':');
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`;
}

const PLAIN_V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;
const V4_SIZES = Array.from({ length: 33 }, (_, prefix) => 1n << BigInt(32 - prefix));

/** A number without leading zeros, at most `max`; -1 for any other text. */
function plainNumber(text: string | undefined, max: number): number {
  if (text === undefined || (text.length > 1 && text.startsWith('0'))) return -1;
  const n = Number(text);
  return n <= max ? n : -1;
}

/** The IPv4 network whose canonical form the text is: what nearly all are, read without big numbers. Undefined for others. */
export function plainV4Network(text: string): Cidr | undefined {
  const m = PLAIN_V4.exec(text);
  if (m === null) return undefined;
  const prefix = plainNumber(m[5], 32);
  let address = 0;
  for (let i = 1; i <= 4; i++) {
    const part = plainNumber(m[i], 255);
    if (part < 0) return undefined;
    address = address * 256 + part;
  }
  const size = V4_SIZES[prefix];
  if (size === undefined || address % 2 ** (32 - prefix) !== 0) return undefined;
  return { family: 'IPv4', base: BigInt(address), prefix, size };
}

/** Parses `10.96.0.0/12`; undefined when it is no network. Host bits are dropped. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const ip = slash < 0 ? undefined : parseIP(text.slice(0, slash));
  const bits = text.slice(slash + 1);
  if (ip === undefined || !/^\d{1,3}$/.test(bits)) return undefined;
  const width = ip.family === 'IPv4' ? 32 : 128;
  const prefix = Number(bits);
  if (prefix > width) return undefined;
  const size = 1n << BigInt(width - prefix);
  return { family: ip.family, base: (ip.value / size) * size, prefix, size };
}

/** The network's text, host bits zero. */
export function formatCidr(cidr: Cidr): string {
  return `${formatIP(cidr.family, cidr.base)}/${cidr.prefix}`;
}

export function cidrContains(cidr: Cidr, ip: { family: 'IPv4' | 'IPv6'; value: bigint }): boolean {
  return ip.family === cidr.family && ip.value >= cidr.base && ip.value < cidr.base + cidr.size;
}
