import { isIP } from 'node:net';
import { parseDuration, TimeError } from './time.js';
import { isRequestUri } from './go-url.js';
import { dns1123Label, dns1123Subdomain } from './names.js';

// Formats of texts as kube-openapi's strfmt package checks them (k8s.io/kube-openapi/pkg/validation/strfmt and its
// govalidator). Every pattern here takes time linear in the text, or looks at texts of bounded length only.

/** A character of a host name's label: any letter or symbol of Unicode. */
const HOST = '[a-zA-Z0-9\\p{S}\\p{L}]';
const HOSTNAME = new RegExp(
  `^(?:${HOST}(?:-?${HOST}{0,62})?|(?:${HOST}(?:[a-zA-Z0-9\\-\\p{S}\\p{L}]{0,61}${HOST})?\\.)+[a-zA-Z\\p{L}]{2,63})$`,
  'u',
);
const HOSTNAME_BYTES = 255;
const LABEL_BYTES = 63;
const HEX = '[0-9a-f]';
/** Without a group that repeats: each repetition would be remembered, 300 ms for 1.4 MB. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const CARD =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/;
const BYTE = '(?:0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])';
const RGB = new RegExp(`^rgb\\(\\s*${BYTE}\\s*,\\s*${BYTE}\\s*,\\s*${BYTE}\\s*\\)$`);

function isHostname(v: string): boolean {
  if (v.length > HOSTNAME_BYTES || Buffer.byteLength(v) > HOSTNAME_BYTES || !HOSTNAME.test(v)) return false;
  return v.split('.').every((label) => Buffer.byteLength(label) <= LABEL_BYTES);
}

/** Leading zeros in the parts of an IPv4 address are passed over, as Go before 1.17 did. */
function withoutLeadingZeros(v: string): string {
  return v.replace(/(^|[.:])0+(?=\d+(?:\.|$|\/))/g, '$1');
}

function isIPv4(v: string): boolean {
  if (v.length > 64 || !v.includes('.') || v.includes('%')) return false;
  const plain = /^[\d.]+$/.test(v) ? withoutLeadingZeros(v) : v;
  return isIP(plain) !== 0;
}

function isCidr(v: string): boolean {
  const m = /^([^/%]{1,64})\/(\d{1,3})$/.exec(v);
  if (m === null) return false;
  const address = m[1] ?? '';
  const family = isIP(/^[\d.]+$/.test(address) ? withoutLeadingZeros(address) : address);
  return family !== 0 && Number(m[2]) <= (family === 4 ? 32 : 128) && String(Number(m[2])) === m[2];
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isDate(v: string): boolean {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(v);
  if (m === null) return false;
  const [year, month, day] = [Number(m[1]), Number(m[2]), Number(m[3])];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && leap ? 29 : (DAYS[month - 1] ?? 0);
  return day >= 1 && day <= days;
}

/** The longest text that is looked at as a time; Go reads any number of digits behind the point. */
const MAX_DATE_TIME = 1_024;

/** RFC 3339; hours, minutes and seconds are compared as texts, and what follows another `t` is not looked at. */
function isDateTime(v: string): boolean {
  if (v.length > MAX_DATE_TIME) return false;
  const [date = '', time] = v.toLowerCase().split('t', 2);
  if (time === undefined || !isDate(date)) return false;
  const m = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(?:.[0-9]+)?(?:z|[+-][0-9]{2}:[0-9]{2})$/.exec(time);
  return m !== null && (m[1] ?? '') <= '23' && (m[2] ?? '') <= '59' && (m[3] ?? '') <= '59';
}

/** Units by their exact names; the last of each row also begins longer ones (`seconds`). */
const UNITS = [
  ['ns', 'nano'],
  ['us', 'µs', 'micro'],
  ['ms', 'milli'],
  ['s', 'sec'],
  ['m', 'min'],
  ['h', 'hr', 'hour'],
  ['d', 'day'],
  ['w', 'wk', 'week'],
];

/** A duration of Go, or any text that holds a number and a unit (`3 days`). */
function isDuration(v: string): boolean {
  try {
    parseDuration(v);
    return true;
  } catch (e) {
    if (!(e instanceof TimeError)) throw e;
  }
  for (const m of v.matchAll(/(\d+)\s*([A-Za-zµ]+)/g)) {
    if (BigInt.asIntN(64, BigInt((m[1] ?? '').slice(0, 20))) !== BigInt((m[1] ?? '0').slice(0, 20))) return false;
    const unit = (m[2] ?? '').toLowerCase();
    if (UNITS.some((names) => names.includes(unit) || unit.startsWith(names.at(-1) ?? ''))) return true;
  }
  return false;
}

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\u0080-\\uffff]";
const ADDRESS = `(?:${ATOM}+(?:\\.${ATOM}+)*|"(?:[^"\\\\\\r\\n]|\\\\.)*")@(?:${ATOM}+(?:\\.${ATOM}+)*|\\[[^\\]\\[\\\\]*\\])`;
const PLAIN_EMAIL = new RegExp(`^\\s*${ADDRESS}\\s*$`);
const NAMED_EMAIL = new RegExp(`^<${ADDRESS}>\\s*$`);
const DISPLAY_NAME = new RegExp(`^(?:${ATOM}|[ \\t.]|"(?:[^"\\\\]|\\\\.)*")*$`);
/** Longer texts are no address: RFC 5321 ends at 320, names before it are rarely long. */
const EMAIL_MAX = 2048;

/** An address as Go's mail.ParseAddress reads it: alone, or in angle brackets behind a name. */
function isEmail(v: string): boolean {
  if (v.length > EMAIL_MAX) return false;
  if (PLAIN_EMAIL.test(v)) return true;
  const bracket = v.lastIndexOf('<');
  return bracket >= 0 && NAMED_EMAIL.test(v.slice(bracket)) && DISPLAY_NAME.test(v.slice(0, bracket));
}

/** The digits fit one of the issuers' shapes, and Luhn's sum. */
function isCreditCard(v: string): boolean {
  const digits = v.replace(/[^0-9]+/g, '');
  if (!CARD.test(digits)) return false;
  let sum = 0;
  for (let i = digits.length - 1, twice = false; i >= 0; i--, twice = !twice) {
    const n = Number(digits[i]) * (twice ? 2 : 1);
    sum += n > 9 ? n - 9 : n;
  }
  return sum % 10 === 0;
}

const withoutDashes = (v: string): string => v.replace(/[\s-]+/g, '');

function isIsbn10(v: string): boolean {
  const digits = withoutDashes(v);
  if (!/^(?:[0-9]{9}X|[0-9]{10})$/.test(digits)) return false;
  let sum = digits[9] === 'X' ? 100 : 10 * Number(digits[9]);
  for (let i = 0; i < 9; i++) sum += (i + 1) * Number(digits[i]);
  return sum % 11 === 0;
}

function isIsbn13(v: string): boolean {
  const digits = withoutDashes(v);
  if (!/^[0-9]{13}$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 12; i++) sum += (i % 2 === 0 ? 1 : 3) * Number(digits[i]);
  return Number(digits[12]) === (10 - (sum % 10)) % 10;
}

/** 6, 8 or 20 bytes with colons, dashes, or dots between pairs of bytes (net.ParseMAC). */
function isMac(v: string): boolean {
  return [6, 8, 20].some(
    (bytes) =>
      new RegExp(`^${HEX}{2}(?:([:-])${HEX}{2}(?:\\1${HEX}{2}){${bytes - 2}})$`, 'i').test(v) ||
      new RegExp(`^${HEX}{4}(?:\\.${HEX}{4}){${bytes / 2 - 1}}$`, 'i').test(v),
  );
}

const uuid = (third: string, fourth: string): RegExp =>
  new RegExp(`^${HEX}{8}-?${HEX}{4}-?${third}-?${fourth}-?${HEX}{12}$`, 'i');
const matches =
  (pattern: RegExp) =>
  (v: string): boolean =>
    pattern.test(v);
const variant = `[89ab]${HEX}{3}`;

/** What texts of a format look like, by the name without dashes; formats that are not here are not checked. */
const FORMATS: ReadonlyMap<string, (v: string) => boolean> = new Map([
  ['byte', (v) => v !== '' && v.length % 4 === 0 && BASE64.test(v)],
  ['bsonobjectid', matches(/^[0-9a-f]{24}$/i)],
  ['cidr', isCidr],
  ['creditcard', isCreditCard],
  ['date', isDate],
  ['datetime', isDateTime],
  ['duration', isDuration],
  ['email', isEmail],
  ['hexcolor', matches(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/)],
  ['hostname', isHostname],
  ['ipv4', isIPv4],
  ['ipv6', (v: string) => v.includes(':') && !v.includes('%') && isIP(v) === 6],
  ['isbn', (v: string) => isIsbn10(v) || isIsbn13(v)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['mac', isMac],
  ['rgbcolor', matches(RGB)],
  ['ssn', (v: string) => v.length === 11 && /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(v)],
  ['k8slongname', (v: string) => dns1123Subdomain(v).length === 0],
  ['k8sshortname', (v: string) => dns1123Label(v).length === 0],
  ['uri', isRequestUri],
  ['uuid', matches(uuid(`${HEX}{4}`, `${HEX}{4}`))],
  ['uuid3', matches(uuid(`3${HEX}{3}`, `${HEX}{4}`))],
  ['uuid4', matches(uuid(`4${HEX}{3}`, variant))],
  ['uuid5', matches(uuid(`5${HEX}{3}`, variant))],
]);

/** Whether the text has the format; true for formats nobody knows. */
export function hasFormat(format: string, value: string): boolean {
  return FORMATS.get(format.replaceAll('-', ''))?.(value) ?? true;
}
