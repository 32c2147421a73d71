import { type FunctionDecl, member, overload } from '../check/environment.js';
import { BOOL, DYN, INT, listOf, STRING } from '../check/types.js';
import { format } from './format.js';
import { CelError, type CelList, codePoints, list, typeName, type Value } from '../values/value.js';

const isPlain = (s: string): boolean => !/[\ud800-\udfff]/.test(s);
/** A text as its code points: itself when every one is a single unit. */
const runes = (s: string): string | readonly string[] => (isPlain(s) ? s : Array.from(s));
const slice = (r: string | readonly string[], start: number, end?: number): string =>
  typeof r === 'string' ? r.slice(start, end) : r.slice(start, end).join('');

const outOfRange = (i: bigint): CelError => new CelError(`index out of range: ${i}`);
/** An int as a number; beyond what an index can be it stays beyond. */
const small = (n: bigint): number => Number(n);

function charAt(s: string, i: bigint): Value {
  const r = runes(s);
  return i < 0n || i > BigInt(r.length) ? outOfRange(i) : slice(r, small(i), small(i) + 1);
}

/** How many code points stand before a place of a text. */
const pointsBefore = (s: string, at: number): number => codePoints(s.slice(0, at));

function indexOf(s: string, part: string, from: bigint): Value {
  if (part === '') return from;
  if (from < 0n) return outOfRange(from);
  const r = runes(s);
  if (from >= BigInt(r.length)) return -1n;
  if (typeof r === 'string') return BigInt(s.indexOf(part, small(from)));
  const start = slice(r, 0, small(from)).length;
  const at = s.indexOf(part, start);
  return at < 0 ? -1n : BigInt(pointsBefore(s, at));
}

function lastIndexOf(s: string, part: string, from?: bigint): Value {
  const r = runes(s);
  if (part === '') return from ?? BigInt(r.length);
  if (from === undefined) {
    if (s.length < part.length) return -1n;
    from = BigInt(r.length - 1);
  }
  if (from < 0n) return outOfRange(from);
  if (from >= BigInt(r.length)) return -1n;
  const at = s.lastIndexOf(part, slice(r, 0, small(from)).length);
  return at < 0 ? -1n : BigInt(typeof r === 'string' ? at : pointsBefore(s, at));
}

function replace(s: string, old: string, by: string, limit: bigint): Value {
  if (limit < 0n && old !== '') return s.replaceAll(old, () => by);
  if (limit === 0n) return s;
  const most = limit < 0n ? Infinity : small(limit);
  if (old === '') {
    const points = Array.from(s);
    let out = '';
    let done = 0;
    for (const point of points) out += (done++ < most ? by : '') + point;
    return done < most ? out + by : out;
  }
  const parts = splitN(s, old, limit < 0n ? limit : limit + 1n);
  return parts.join(by);
}

/** Go's SplitN: at most `limit` parts, the last one unsplit; all of them below zero. */
function splitN(s: string, separator: string, limit: bigint): string[] {
  if (limit === 0n) return [];
  const all = separator === '' ? Array.from(s) : s.split(separator);
  if (limit < 0n || BigInt(all.length) <= limit) return all;
  const n = small(limit) - 1;
  return [...all.slice(0, n), all.slice(n).join(separator)];
}

function substring(s: string, start: bigint, end?: bigint): Value {
  const r = runes(s);
  const length = BigInt(r.length);
  if (end !== undefined && start > end) return new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0n || start > length) return outOfRange(start);
  if (end !== undefined && (end < 0n || end > length)) return outOfRange(end);
  return slice(r, small(start), end === undefined ? undefined : small(end));
}

/** White space as Unicode has it (Go's TrimSpace). */
const SPACE = '[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING = new RegExp(`^${SPACE}+`);
const IS_SPACE = new RegExp(SPACE);

function trim(s: string): string {
  let end = s.length;
  while (end > 0 && IS_SPACE.test(s[end - 1] ?? '')) end--;
  return s.slice(0, end).replace(LEADING, '');
}

function join(items: CelList, separator: string): Value {
  const parts: string[] = [];
  for (let i = 0; i < items.size; i++) {
    const item = items.at(i);
    if (typeof item !== 'string') return new CelError(`join: invalid input: ${typeName(item)}`);
    parts.push(item);
  }
  return parts.join(separator);
}

const BELL = String.fromCodePoint(7);
const TO_ESCAPE = new RegExp(`[${BELL}\\b\\f\\n\\r\\t\\v\\\\"]`, 'g');
const ESCAPES: Readonly<Record<string, string>> = {
  [BELL]: '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};
const quote = (s: string): string =>
  `"${Buffer.from(s, 'utf8')
    .toString('utf8')
    .replace(TO_ESCAPE, (c) => ESCAPES[c] ?? c)}"`;

const S = STRING;
const text = (f: (s: string) => Value) => (s?: Value) => f(s as string);

/** The functions of texts: CEL's own, and version 2 of cel-go's strings extension. */
export const STRING_FUNCTIONS: readonly FunctionDecl[] = [
  {
    name: 'contains',
    overloads: [member('contains_string', [S, S], BOOL, (s, part) => (s as string).includes(part as string))],
  },
  {
    name: 'startsWith',
    overloads: [member('starts_with_string', [S, S], BOOL, (s, part) => (s as string).startsWith(part as string))],
  },
  {
    name: 'endsWith',
    overloads: [member('ends_with_string', [S, S], BOOL, (s, part) => (s as string).endsWith(part as string))],
  },
  {
    name: 'charAt',
    overloads: [member('string_char_at_int', [S, INT], S, (s, i) => charAt(s as string, i as bigint))],
  },
  {
    name: 'indexOf',
    overloads: [
      member('string_index_of_string', [S, S], INT, (s, part) => indexOf(s as string, part as string, 0n)),
      member('string_index_of_string_int', [S, S, INT], INT, (s, part, i) =>
        indexOf(s as string, part as string, i as bigint),
      ),
    ],
  },
  {
    name: 'lastIndexOf',
    overloads: [
      member('string_last_index_of_string', [S, S], INT, (s, part) => lastIndexOf(s as string, part as string)),
      member('string_last_index_of_string_int', [S, S, INT], INT, (s, part, i) =>
        lastIndexOf(s as string, part as string, i as bigint),
      ),
    ],
  },
  {
    name: 'lowerAscii',
    overloads: [
      member(
        'string_lower_ascii',
        [S],
        S,
        text((s) => s.replace(/[A-Z]+/g, (c) => c.toLowerCase())),
      ),
    ],
  },
  {
    name: 'upperAscii',
    overloads: [
      member(
        'string_upper_ascii',
        [S],
        S,
        text((s) => s.replace(/[a-z]+/g, (c) => c.toUpperCase())),
      ),
    ],
  },
  {
    name: 'replace',
    overloads: [
      member('string_replace_string_string', [S, S, S], S, (s, a, b) =>
        replace(s as string, a as string, b as string, -1n),
      ),
      member('string_replace_string_string_int', [S, S, S, INT], S, (s, a, b, n) =>
        replace(s as string, a as string, b as string, n as bigint),
      ),
    ],
  },
  {
    name: 'split',
    overloads: [
      member('string_split_string', [S, S], listOf(S), (s, by) => list(splitN(s as string, by as string, -1n))),
      member('string_split_string_int', [S, S, INT], listOf(S), (s, by, n) =>
        list(splitN(s as string, by as string, n as bigint)),
      ),
    ],
  },
  {
    name: 'substring',
    overloads: [
      member('string_substring_int', [S, INT], S, (s, i) => substring(s as string, i as bigint)),
      member('string_substring_int_int', [S, INT, INT], S, (s, i, j) =>
        substring(s as string, i as bigint, j as bigint),
      ),
    ],
  },
  { name: 'trim', overloads: [member('string_trim', [S], S, text(trim))] },
  {
    name: 'format',
    overloads: [member('string_format', [S, listOf(DYN)], S, (s, args) => format(s as string, args as CelList))],
  },
  { name: 'strings.quote', overloads: [overload('strings_quote', [S], S, text(quote))] },
  {
    name: 'join',
    overloads: [
      member('list_join', [listOf(S)], S, (l) => join(l as CelList, '')),
      member('list_join_string', [listOf(S), S], S, (l, by) => join(l as CelList, by as string)),
    ],
  },
];
