import { randomBytes } from 'node:crypto';

// The rules and sentences are those of apimachinery's util/validation; clients match on the texts.

const LABEL_FMT = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN_FMT = `${LABEL_FMT}(\\.${LABEL_FMT})*`;
const DNS1035_FMT = '[a-z]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED_FMT = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE_FMT = `(${QUALIFIED_FMT})?`;

const LABEL = new RegExp(`^${LABEL_FMT}$`);
const SUBDOMAIN = new RegExp(`^${SUBDOMAIN_FMT}$`);
const DNS1035 = new RegExp(`^${DNS1035_FMT}$`);
const QUALIFIED = new RegExp(`^${QUALIFIED_FMT}$`);

/** `must be no more than N bytes` (label keys and values) or `characters` (DNS names). */
export const maxLengthText = (n: number, unit: 'bytes' | 'characters' = 'bytes'): string =>
  `must be no more than ${n} ${unit}`;

/** A field error with examples and the regular expression, as apimachinery's RegexError prints it. */
export function regexText(message: string, format: string, ...examples: readonly string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${format}')`;
  return `${message} (e.g. ${examples.map((e) => `'${e}', `).join(' or ')}regex used for validation is '${format}')`;
}

const LABEL_TEXT = regexText(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  LABEL_FMT,
  'my-name',
  '123-abc',
);
const SUBDOMAIN_TEXT = regexText(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  SUBDOMAIN_FMT,
  'example.com',
);
const DNS1035_TEXT = regexText(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  DNS1035_FMT,
  'my-name',
  'abc-123',
);
const QUALIFIED_TEXT = regexText(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  QUALIFIED_FMT,
  'MyName',
  'my.name',
  '123-abc',
);
const LABEL_VALUE_TEXT = regexText(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  LABEL_VALUE_FMT,
  'MyValue',
  'my_value',
  '12345',
);

/** Beyond this length the rules are looked at without their patterns, whose time and memory grow with every character. */
const LONG = 1024;

const edges = (value: string): boolean => ALPHANUMERIC.test(value.charAt(0)) && ALPHANUMERIC.test(value.slice(-1));
const ALPHANUMERIC = /[A-Za-z0-9]/;

/** The same as the patterns, by passes over the text that look at each character once. */
const LONG_RULES: ReadonlyMap<RegExp, (value: string) => boolean> = new Map([
  [LABEL, (v) => !/[^-a-z0-9]/.test(v) && edges(v)],
  [SUBDOMAIN, (v) => !/[^-.a-z0-9]/.test(v) && edges(v) && !/\.[-.]|-\./.test(v)],
  [DNS1035, (v) => !/[^-a-z0-9]/.test(v) && edges(v) && /[a-z]/.test(v.charAt(0))],
  [QUALIFIED, (v) => !/[^-A-Za-z0-9_.]/.test(v) && edges(v)],
]);

function fits(pattern: RegExp, value: string): boolean {
  const rule = value.length > LONG ? LONG_RULES.get(pattern) : undefined;
  return rule === undefined ? pattern.test(value) : rule(value);
}

function bounded(
  value: string,
  max: number,
  pattern: RegExp,
  text: string,
  unit: 'bytes' | 'characters' = 'characters',
): string[] {
  const out: string[] = [];
  if (isLonger(value, max)) out.push(maxLengthText(max, unit));
  if (!fits(pattern, value)) out.push(text);
  return out;
}

/** Lengths are told in characters, and are of bytes. */
const isLonger = (value: string, max: number): boolean =>
  value.length > max || (value.length * 3 > max && Buffer.byteLength(value) > max);

/** Field errors of a DNS-1123 label (at most 63 bytes); none when it is one. */
export function dns1123Label(value: string): string[] {
  const text = value.includes('.') && fits(SUBDOMAIN, value) ? 'must not contain dots' : LABEL_TEXT;
  return bounded(value, 63, LABEL, text);
}
/** Field errors of a DNS-1123 subdomain (at most 253 bytes). */
export const dns1123Subdomain = (value: string): string[] => bounded(value, 253, SUBDOMAIN, SUBDOMAIN_TEXT);
/** Field errors of a DNS-1035 label (at most 63 bytes). */
export const dns1035Label = (value: string): string[] => bounded(value, 63, DNS1035, DNS1035_TEXT);

/** Field errors of a label value (at most 63 bytes; may be empty). */
export function labelValue(value: string): string[] {
  const out: string[] = [];
  if (isLonger(value, 63)) out.push(maxLengthText(63));
  if (value !== '' && !fits(QUALIFIED, value)) out.push(LABEL_VALUE_TEXT);
  return out;
}

/** Prefixes that were right: thousands of names have few of them. */
const rightPrefixes = new Set<string>();
const MAX_RIGHT_PREFIXES = 256;

function prefixProblems(prefix: string): string[] {
  if (prefix === '') return ['prefix part must be non-empty'];
  if (rightPrefixes.has(prefix)) return [];
  // Here lengths are counted in bytes, and said so.
  const out = bounded(prefix, 253, SUBDOMAIN, SUBDOMAIN_TEXT, 'bytes').map((message) => `prefix part ${message}`);
  if (out.length > 0) return out;
  if (rightPrefixes.size >= MAX_RIGHT_PREFIXES) rightPrefixes.clear();
  rightPrefixes.add(prefix);
  return out;
}

/** Field errors of a qualified name: `[dns-subdomain/]name`, the name at most 63 bytes. Label keys, annotation keys, finalizers. */
export function qualifiedName(value: string): string[] {
  if (value === lastRight) return [];
  const out = qualifiedNameProblems(value);
  if (out.length === 0) lastRight = value;
  return out;
}

/** Several rules ask for the same name one after the other. */
let lastRight = '';

function qualifiedNameProblems(value: string): string[] {
  const slash = value.indexOf('/');
  if (slash >= 0 && value.includes('/', slash + 1)) {
    return [
      `a valid label key ${QUALIFIED_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const out = slash < 0 ? [] : prefixProblems(value.slice(0, slash));
  const name = value.slice(slash + 1);
  if (name === '') out.push('name part must be non-empty');
  else if (name.length > 63) out.push(`name part ${maxLengthText(63)}`);
  if (!fits(QUALIFIED, name)) out.push(`name part ${QUALIFIED_TEXT}`);
  return out;
}

/** Field errors of a name that must only be one path segment. `prefix`: a generateName. */
export function pathSegmentName(value: string, prefix: boolean): string[] {
  if (!prefix && (value === '.' || value === '..')) return [`may not be '${value}'`];
  const out: string[] = [];
  for (const c of ['/', '%']) if (value.includes(c)) out.push(`may not contain '${c}'`);
  return out;
}

/** How a resource names its objects. */
export type NameRule = 'dns1123Subdomain' | 'longName' | 'dns1123Label' | 'dns1035Label' | 'pathSegment' | 'any';

/** Field errors of an object's name, or about its generateName when `prefix` (which may end in a dash). */
export function objectName(rule: NameRule, value: string, prefix: boolean): string[] {
  // A trailing dash is what the generated suffix will follow.
  const checked = prefix && value.length > 1 && value.endsWith('-') ? `${value.slice(0, -2)}a` : value;
  switch (rule) {
    case 'dns1123Subdomain':
      return dns1123Subdomain(checked);
    case 'longName':
      // The same rule, counted in bytes by the validation that is generated from tags.
      return dns1123Subdomain(checked).map((m) => (m.startsWith('must be') ? maxLengthText(253) : m));
    case 'dns1123Label':
      return dns1123Label(checked);
    case 'dns1035Label':
      return dns1035Label(checked);
    case 'pathSegment':
      return pathSegmentName(value, prefix);
    case 'any':
      return [];
  }
}

/** 27 characters without vowels and without digits that look like letters: no words by accident. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
/** A generated name fits a DNS label. */
const MAX_GENERATED_LENGTH = 63;

/** `base` (cut to 58 bytes) and five random characters: apiserver's SimpleNameGenerator. */
export function generateName(base: string): string {
  let suffix = '';
  // 243 = 9 * 27: bytes above it would favour the first letters.
  while (suffix.length < SUFFIX_LENGTH) {
    for (const b of randomBytes(8)) {
      if (b < 243 && suffix.length < SUFFIX_LENGTH) suffix += SUFFIX_ALPHABET.charAt(b % SUFFIX_ALPHABET.length);
    }
  }
  return base.slice(0, MAX_GENERATED_LENGTH - SUFFIX_LENGTH) + suffix;
}
