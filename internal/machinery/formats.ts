import { type Cidr, cidrContains, formatCidr, formatIP, parseCidr, parseIP, plainV4Network } from './ip.js';
import { dns1123Subdomain, maxLengthText, regexText } from './names.js';

// More sentences of apimachinery's util/validation: ports, percentages, addresses, networks, paths.

/** Field errors of a port number: 1 to 65535. */
export const portNumber = (n: number): string[] =>
  n >= 1 && n <= 65_535 ? [] : ['must be between 1 and 65535, inclusive'];

/** Field errors of the name of a port (IANA service name): at most 15 characters, lower case, a letter among them. */
export function portName(value: string): string[] {
  const out: string[] = [];
  if (value.length > 15) out.push(maxLengthText(15, 'characters'));
  if (!/^[-a-z0-9]+$/.test(value)) out.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) out.push('must contain at least one letter (a-z)');
  if (value.includes('--')) out.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) out.push('must not begin or end with a hyphen');
  return out;
}

const PERCENT_TEXT = regexText(
  "a valid percent string must be a numeric string followed by an ending '%'",
  '[0-9]+%',
  '1%',
  '93%',
);

/** Field errors of a percentage such as `50%`. */
export const percent = (value: string): string[] => (/^[0-9]+%$/.test(value) ? [] : [PERCENT_TEXT]);

const WILDCARD_FMT = '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const WILDCARD = new RegExp(`^${WILDCARD_FMT}$`);
const WILDCARD_TEXT = regexText(
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  WILDCARD_FMT,
  '*.example.com',
);

/** Field errors of a DNS-1123 subdomain whose first label is `*`. */
export function wildcardDns1123Subdomain(value: string): string[] {
  const out: string[] = [];
  if (value.length > 253) out.push(maxLengthText(253, 'characters'));
  if (!WILDCARD.test(value)) out.push(WILDCARD_TEXT);
  return out;
}

/** Field errors of a domain name of three labels or more; all those about its letters are one sentence. */
export function fullyQualifiedName(value: string): string[] {
  const letters = dns1123Subdomain(value);
  if (letters.length > 0) return [letters.join(',')];
  return value.split('.').length < 3 ? ['should be a domain with at least three segments separated by dots'] : [];
}

const PATH_FMT = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const PATH = new RegExp(`^${PATH_FMT}$`);
const PATH_TEXT = regexText('Invalid path', PATH_FMT);

/** A field error and the part of the text that it is about. */
export interface PartProblem {
  readonly part: string;
  readonly message: string;
}

/** Field errors of `domain/path`. */
export function domainPrefixedPath(value: string): PartProblem[] {
  const slash = value.indexOf('/');
  if (slash <= 0 || slash === value.length - 1) {
    return [{ part: value, message: 'must be a domain-prefixed path (such as "acme.io/foo")' }];
  }
  const host = value.slice(0, slash);
  const path = value.slice(slash + 1);
  const out = dns1123Subdomain(host).map((message) => ({ part: host, message }));
  if (!PATH.test(path)) out.push({ part: path, message: PATH_TEXT });
  return out;
}

/** IPv4 octets may have leading zeros, as Go's net package once read them. */
function withoutLeadingZeros(text: string): string {
  return text.replace(/(^|[.:])0+(?=\d+(\.|$|\/))/g, (m, before: string) => (text.includes('.') ? before : m));
}

const IP_TEXT = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const CIDR_TEXT = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

const isMapped = (ip: { family: 'IPv4' | 'IPv6'; value: bigint }): boolean =>
  ip.family === 'IPv6' && ip.value >> 32n === 0xffffn;

/** An address, leading zeros and IPv4 in IPv6 included (ParseIPSloppy). */
export const sloppyIP = (value: string): ReturnType<typeof parseIP> => parseIP(withoutLeadingZeros(value));

/** Whether the text is one. */
export const isSloppyIP = (value: string): boolean => sloppyIP(value) !== undefined;

/** Field errors of an address in a field that older releases read leniently: no leading zeros, no IPv4 in IPv6. */
export function legacyIP(value: string): string[] {
  const ip = parseIP(withoutLeadingZeros(value));
  if (ip === undefined) return [IP_TEXT];
  if (parseIP(value) === undefined) return ['must not have leading 0s'];
  return isMapped(ip) ? ['must not be an IPv4-mapped IPv6 address'] : [];
}

/** As `legacyIP`, and in the one canonical form. */
export function canonicalIP(value: string): string[] {
  const out = legacyIP(value);
  const ip = parseIP(value);
  if (out.length > 0 || ip === undefined) return out;
  const canonical = formatIP(ip.family, ip.value);
  return canonical === value ? [] : [`must be in canonical form ("${canonical}")`];
}

/** A network with or without host bits, leading zeros allowed (ParseCIDRSloppy). */
export const parseSloppyCidr = (value: string): ReturnType<typeof parseCidr> =>
  plainV4Network(value) ?? parseCidr(withoutLeadingZeros(value));

const isPlainV4 = (value: string): boolean => plainV4Network(value) !== undefined;

/** Field errors of a network in a field that older releases read leniently: no leading zeros, no host bits. */
export function legacyCidr(value: string): string[] {
  if (isPlainV4(value)) return [];
  const cidr = parseSloppyCidr(value);
  if (cidr === undefined) return [CIDR_TEXT];
  const [address = '', bits = ''] = value.split('/');
  const ip = parseIP(address);
  if (ip === undefined || (bits.length > 1 && bits.startsWith('0'))) {
    return ['must not have leading 0s in IP or prefix length'];
  }
  if (isMapped(ip)) return ['must not have an IPv4-mapped IPv6 address'];
  return ip.value === cidr.base ? [] : ['must not have bits set beyond the prefix length'];
}

/** As `legacyCidr`, and in the one canonical form. */
export function canonicalCidr(value: string): string[] {
  if (isPlainV4(value)) return [];
  const out = legacyCidr(value);
  const cidr = parseCidr(value);
  if (out.length > 0 || cidr === undefined) return out;
  const canonical = formatCidr(cidr);
  return canonical === value ? [] : [`must be in canonical form ("${canonical}")`];
}

/** Whether `inner` lies in `outer` and is smaller. */
export function isStrictSubset(outer: Cidr, inner: Cidr): boolean {
  return cidrContains(outer, { family: inner.family, value: inner.base }) && outer.prefix < inner.prefix;
}

/** The family of a network, undefined when it is none. */
export const familyOfCidr = (value: string): 'IPv4' | 'IPv6' | undefined => parseSloppyCidr(value)?.family;

const networks = (...texts: readonly string[]): Cidr[] => texts.map(parseCidr).filter((range) => range !== undefined);

/** Ranges that no endpoint can be reached in, and how the field error names them. */
const SPECIAL: readonly (readonly [string, readonly Cidr[]])[] = [
  ['may not be in the loopback range (127.0.0.0/8, ::1/128)', networks('127.0.0.0/8', '::1/128')],
  ['may not be in the link-local range (169.254.0.0/16, fe80::/10)', networks('169.254.0.0/16', 'fe80::/10')],
  ['may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)', networks('224.0.0.0/24', 'ff02::/16')],
];

/** Field errors of the address of an endpoint: unspecified, loopback and link-local ones name none (ValidateNonSpecialIP). */
export function nonSpecialIP(value: string): string[] {
  const ip = parseIP(withoutLeadingZeros(value));
  if (ip === undefined) return ['must be a valid IP address'];
  const out: string[] = [];
  if (ip.value === 0n) out.push(`may not be unspecified (${value})`);
  for (const [message, ranges] of SPECIAL) {
    if (ranges.some((range) => cidrContains(range, ip))) out.push(message);
  }
  return out;
}
