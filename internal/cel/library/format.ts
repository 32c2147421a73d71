import { quote } from '../../machinery/status.js';
import { formatFixed, formatG, roundDigits, shortestDigits } from '../values/numbers.js';
import { formatSeconds, formatTimestamp } from '../values/time.js';
import {
  CelError,
  CelList,
  CelMap,
  Duration,
  Timestamp,
  TypeValue,
  typeName,
  Uint,
  type Value,
} from '../values/value.js';

/** A clause that does not fit its argument, or that is none; the message is cel-go's. */
export class FormatError extends Error {}

const SUPERSCRIPT = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const DEFAULT_PRECISION = 6;

const decode = (b: Uint8Array): string => Buffer.from(b).toString('utf8');
const whole = (v: Value): bigint | undefined => (typeof v === 'bigint' ? v : v instanceof Uint ? v.value : undefined);

/** A value inside of a list or map, as CEL would write it. */
function literalText(v: Value): string {
  if (typeof v === 'string') return quote(v);
  if (v instanceof Uint8Array) return `b${quote(decode(v))}`;
  if (typeof v === 'number') {
    if (!Number.isFinite(v)) return `"${formatG(v)}"`;
    return (v < 0 || Object.is(v, -0) ? '-' : '') + formatFixed(Math.abs(v), DEFAULT_PRECISION);
  }
  if (v instanceof Timestamp) return `timestamp("${formatTimestamp(v)}")`;
  if (v instanceof Duration) return `duration("${formatSeconds(v)}")`;
  const known = simpleText(v);
  if (known === undefined) throw new FormatError(`no formatting function for ${typeName(v)}`);
  return known;
}

function listText(l: CelList): string {
  const parts: string[] = [];
  for (let i = 0; i < l.size; i++) parts.push(literalText(l.at(i)));
  return `[${parts.join(', ')}]`;
}

function mapText(m: CelMap): string {
  const pairs = m.keys().map((key): [string, string] => {
    if (typeof key !== 'string' && typeof key !== 'boolean' && whole(key) === undefined) {
      throw new FormatError(`no formatting function for map key of type ${typeName(key)}`);
    }
    const value = m.get(key);
    return [literalText(key), literalText(value === undefined ? null : value)];
  });
  pairs.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${pairs.map(([k, v]) => `${k}:${v}`).join(', ')}}`;
}

/** A value with one text wherever it stands; undefined for types without one. */
function simpleText(v: Value): string | undefined {
  const n = whole(v);
  if (n !== undefined) return n.toString();
  if (typeof v === 'boolean') return String(v);
  if (v === null) return 'null';
  if (v instanceof CelList) return listText(v);
  if (v instanceof CelMap && v.typeName === 'map') return mapText(v);
  return v instanceof TypeValue ? v.name : undefined;
}

function stringClause(v: Value): string {
  if (typeof v === 'string') return v;
  if (typeof v === 'number') return formatG(v);
  if (v instanceof Uint8Array) return decode(v);
  if (v instanceof Timestamp) return formatTimestamp(v);
  if (v instanceof Duration) return formatSeconds(v);
  const known = simpleText(v);
  if (known !== undefined) return known;
  const what = 'strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps';
  throw new FormatError(`string clause can only be used on ${what}, was given ${typeName(v)}`);
}

function double(v: Value, clause: string): number {
  if (typeof v === 'number') return v;
  if (v === 'NaN') return Number.NaN;
  if (v === 'Infinity') return Infinity;
  if (v === '-Infinity') return -Infinity;
  throw new FormatError(`${clause} clause can only be used on doubles, was given ${typeName(v)}`);
}

/** NaN and the infinities as the locale en-US writes them. */
function special(x: number): string | undefined {
  if (Number.isNaN(x)) return 'NaN';
  if (Number.isFinite(x)) return undefined;
  return x > 0 ? '∞' : '-∞';
}

function fixedClause(v: Value, precision: number): string {
  const x = double(v, 'fixed-point');
  const [before = '', after] = (special(x) ?? formatFixed(Math.abs(x), precision)).split('.');
  if (special(x) !== undefined) return before;
  const grouped = before.replace(/\B(?=(?:\d{3})+$)/g, ',');
  return (x < 0 || Object.is(x, -0) ? '-' : '') + (after === undefined ? grouped : `${grouped}.${after}`);
}

/** As golang.org/x/text writes `%e` for en-US. cel-go gives the precision as a width: there are always six decimals. */
function scientificClause(v: Value, width: number): string {
  const x = double(v, 'scientific');
  const sign = x < 0 || Object.is(x, -0) ? '-' : '';
  let out = special(x);
  if (out === undefined) {
    const { digits, point } = shortestDigits(x);
    const rounded = roundDigits(digits, DEFAULT_PRECISION + 1);
    const all = rounded.digits.padEnd(DEFAULT_PRECISION + 1, '0').slice(0, DEFAULT_PRECISION + 1);
    const exponent = x === 0 ? 0 : point - 1 + (rounded.carried ? 1 : 0);
    const raised = Math.abs(exponent)
      .toString()
      .padStart(2, '0')
      .replace(/\d/g, (d) => SUPERSCRIPT[Number(d)] ?? d);
    out = `${sign}${all[0]}.${all.slice(1)}×10${exponent < 0 ? '⁻' : ''}${raised}`;
  }
  return out.padStart(width, ' ');
}

function inBase(v: Value, base: number, clause: string): string {
  const n = whole(v);
  if (n !== undefined) return n.toString(base);
  throw new FormatError(`${clause}, was given ${typeName(v)}`);
}

function hexClause(v: Value, upper: boolean): string {
  const clause = 'only integers, byte buffers, and strings can be formatted as hex';
  const bytes = typeof v === 'string' || v instanceof Uint8Array ? Buffer.from(v as string) : undefined;
  const out = bytes === undefined ? inBase(v, 16, clause) : bytes.toString('hex');
  return upper ? out.toUpperCase() : out;
}

/** A clause of a format, such as `%.3f`. */
export interface Clause {
  readonly verb: string;
  readonly precision: number | undefined;
}

/** What is made of one argument. Throws FormatError. */
export function formatClause(clause: Clause, v: Value): string {
  switch (clause.verb) {
    case 's':
      return stringClause(v);
    case 'd':
      return inBase(v, 10, 'decimal clause can only be used on integers');
    case 'f':
      return fixedClause(v, clause.precision ?? DEFAULT_PRECISION);
    case 'e':
      return scientificClause(v, clause.precision ?? DEFAULT_PRECISION);
    case 'b':
      if (typeof v === 'boolean') return v ? '1' : '0';
      return inBase(v, 2, 'only integers and bools can be formatted as binary');
    case 'x':
    case 'X':
      return hexClause(v, clause.verb === 'X');
    default:
      return inBase(v, 8, 'octal clause can only be used on integers');
  }
}

/** The clause that begins behind a `%`, and where it ends. Throws FormatError. */
function readClause(text: string, at: number): { clause: Clause; end: number } {
  let precision: number | undefined;
  if (text[at] === '.') {
    const digits = /^\d*/.exec(text.slice(at + 1))?.[0] ?? '';
    at += 1 + digits.length;
    if (at >= text.length) {
      throw new FormatError(
        'could not parse formatting clause: error while parsing precision: could not find end of precision specifier',
      );
    }
    precision = digits === '' ? undefined : Number(digits);
    if (precision !== undefined && precision > 1000) {
      throw new FormatError('could not parse formatting clause: error while parsing precision: precision is too large');
    }
  }
  const verb = text[at] ?? '';
  if ('sdfebxXo'.includes(verb) && verb !== '') return { clause: { verb, precision }, end: at + 1 };
  const shown = String.fromCodePoint(text.codePointAt(at) ?? 0);
  throw new FormatError(`could not parse formatting clause: unrecognized formatting clause "${shown}"`);
}

/** Walks a format: `argument` gives what stands for the next clause, by its number. Throws FormatError. */
export function walkFormat(text: string, argument: (clause: () => Clause, index: number) => string): string {
  let out = '';
  let index = 0;
  for (let i = 0; i < text.length; ) {
    const next = text.indexOf('%', i);
    if (next < 0) return out + text.slice(i);
    out += text.slice(i, next);
    i = next + 1;
    if (text[i] === '%') {
      out += '%';
      i++;
      continue;
    }
    out += argument(() => {
      if (i >= text.length) throw new FormatError('unexpected end of string');
      const { clause, end } = readClause(text, i);
      i = end;
      return clause;
    }, index++);
  }
  return out;
}

/** `text.format(args)`. */
export function format(text: string, args: CelList): Value {
  try {
    return walkFormat(text, (clause, index) => {
      if (index >= args.size) throw new FormatError(`index ${index} out of range`);
      const c = clause();
      try {
        return formatClause(c, args.at(index));
      } catch (e) {
        if (!(e instanceof FormatError)) throw e;
        throw new FormatError(`error during formatting: ${e.message}`);
      }
    });
  } catch (e) {
    if (e instanceof FormatError) return new CelError(e.message);
    throw e;
  }
}
