import { Breath } from '../../machinery/breathe.js';
import { atOnce, drive, type Flow } from '../../machinery/flow.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { readsAsString } from './yaml-resolve.js';

/**
 * YAML as kube-apiserver writes it (sigs.k8s.io/yaml over goyaml.v2's emitter): sorted keys, block style, two spaces,
 * lists not indented, plain scalars where they are read back as strings, long lines folded after column 80.
 */
const WIDTH = 80;
/** A longer key is written as `? key`. */
const SIMPLE_KEY_MAX = 128;

const LETTER = /^\p{L}$/u;
const DIGIT = /^\p{Nd}$/u;

const isAsciiDigit = (c: number): boolean => c >= 0x30 && c <= 0x39;

/** What goyaml's order of keys asks of code points. */
const isDigit = (c: number): boolean => (c < 0x80 ? isAsciiDigit(c) : DIGIT.test(String.fromCodePoint(c)));
function isLetter(c: number): boolean {
  if (c >= 0x80) return LETTER.test(String.fromCodePoint(c));
  return (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a);
}

/** The run of ASCII digits that begins at a place. */
function digitsAt(s: string, at: number): string {
  let end = at;
  while (end < s.length && isAsciiDigit(s.charCodeAt(end))) end++;
  return s.slice(at, end);
}

/** Whether among the digits that end before a place there is one that is not zero. */
function hasLeadingNumber(s: string, before: number): boolean {
  for (let j = before - 1; j >= 0; j--) {
    const c = s.charCodeAt(j);
    if (!isDigit(c)) return false;
    if (c !== 0x30) return true;
  }
  return false;
}

/** goyaml's order of keys: letters by code, other characters before letters, runs of digits as numbers. */
function compareKeys(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  let at = 0;
  while (at < n && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  // Halves of one character: the other half stands before.
  if (at > 0 && (a.charCodeAt(at) & 0xfc00) === 0xdc00) at--;
  if (at >= a.length || at >= b.length) return a.length - b.length;
  const x = a.codePointAt(at) ?? 0;
  const y = b.codePointAt(at) ?? 0;
  const isLetterX = isLetter(x);
  const isLetterY = isLetter(y);
  if (isLetterX && isLetterY) return x - y;
  if (isLetterX || isLetterY) {
    const afterDigit = at > 0 && isDigit(a.charCodeAt(at - 1));
    return (afterDigit ? isLetterX : isLetterY) ? -1 : 1;
  }
  const leading = (x === 0x30 || y === 0x30) && hasLeadingNumber(a, at) ? '1' : '';
  const runX = digitsAt(a, at);
  const runY = digitsAt(b, at);
  const order = compareDigits(leading + runX || '0', leading + runY || '0');
  if (order !== 0) return order;
  return runX.length === runY.length ? x - y : runX.length - runY.length;
}

const withoutZeros = (digits: string): string =>
  digits.charCodeAt(0) === 0x30 ? digits.replace(/^0+(?=.)/, '') : digits;

/** Compares the values of two runs of digits. */
function compareDigits(x: string, y: string): number {
  const a = withoutZeros(x);
  const b = withoutZeros(y);
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

type Style = 'plain' | 'single' | 'double' | 'literal';

// What libyaml calls printable; everything else is escaped between double quotes.
const UNPRINTABLE = /[^\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
const LEADING_INDICATOR = /^(?:[#,[\]{}&*!|>'"%@`]|[?:](?:[ \t]|$)|-(?:[ \t]|$)|---|\.\.\.)/;
const INNER_INDICATOR = /.:(?:[ \t]|$)|[ \t\n\r]#/s;

/** Most texts: nothing in them has a meaning in YAML. */
const WORD = /^[A-Za-z/][-A-Za-z0-9_./]*$/;

function styleOf(s: string, asKey: boolean): Style {
  if (WORD.test(s)) return readsAsString(s) ? 'plain' : 'double';
  const multiline = s.includes('\n');
  let style: Style = multiline ? 'literal' : readsAsString(s) ? 'plain' : 'double';
  if (style === 'double' || (asKey && /[\n\r\u0085\u2028\u2029]/.test(s))) return 'double';
  const special = UNPRINTABLE.test(s);
  const breaks = /[\n\r\u0085\u2028\u2029]/.test(s);
  const spaceBreak = breaks && / [\n\r\u0085\u2028\u2029]/.test(s);
  if (style === 'literal') return special || spaceBreak || s.endsWith(' ') || asKey ? 'double' : 'literal';
  const plainAllowed =
    !special &&
    !breaks &&
    !s.startsWith(' ') &&
    !s.endsWith(' ') &&
    !LEADING_INDICATOR.test(s) &&
    !INNER_INDICATOR.test(s);
  if (!plainAllowed) style = special || spaceBreak ? 'double' : 'single';
  return style;
}

const ESCAPES: Readonly<Record<number, string>> = {
  0: '0',
  7: 'a',
  8: 'b',
  9: 't',
  10: 'n',
  11: 'v',
  12: 'f',
  13: 'r',
  27: 'e',
  34: '"',
  92: '\\',
  133: 'N',
  160: '_',
  8232: 'L',
  8233: 'P',
};

function escape(code: number): string {
  const short = ESCAPES[code];
  if (short !== undefined) return `\\${short}`;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** strconv.FormatFloat(n, 'g', -1, 64), in YAML's words for what is no number. */
function floatText(n: number): string {
  if (Number.isNaN(n)) return '.nan';
  if (!Number.isFinite(n)) return n < 0 ? '-.inf' : '.inf';
  const [mantissa, exponentText] = n.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 21) return String(n);
  const magnitude = String(Math.abs(exponent)).padStart(2, '0');
  return `${mantissa ?? ''}e${exponent < 0 ? '-' : '+'}${magnitude}`;
}

const SPACE = 0x20;
/** Nothing in such a text is written in another way, between whichever quotes. */
const AS_IT_IS = /^[\x20!#-&(-[\]-~]*$/;

function written(s: string, write: (c: string) => string): string {
  if (AS_IT_IS.test(s)) return s;
  let out = '';
  for (const c of s) out += write(c);
  return out;
}

/** Its code points. */
function lengthOf(s: string): number {
  let n = s.length;
  for (let i = 0; i < s.length; i++) if ((s.charCodeAt(i) & 0xfc00) === 0xdc00) n--;
  return n;
}

class Emitter {
  private out = '';
  private column = 0;

  /** With a `breath` others get their turn between two values. */
  constructor(private readonly breath?: Breath) {}

  private put(s: string): void {
    this.out += s;
    this.column += s.length;
  }
  private line(indent: number): void {
    this.out += `\n${' '.repeat(indent)}`;
    this.column = indent;
  }
  text(): string {
    return `${this.out}\n`;
  }

  /** Writes text whose single spaces may become line breaks once the line is full. Without `write` as it is. */
  private folded(s: string, indent: number, fold: boolean, write: ((c: string) => string) | undefined): void {
    if (!fold || this.column + s.length <= WIDTH) {
      this.put(write === undefined ? s : written(s, write));
      return;
    }
    for (let at = 0; at < s.length; ) {
      let end = s.indexOf(' ', at);
      if (end < 0) end = s.length;
      if (end > at) {
        const word = s.slice(at, end);
        const text = write === undefined ? word : written(word, write);
        this.out += text;
        // A character that takes more than one unit of UTF-16 fills one column.
        this.column += text.length - word.length + lengthOf(word);
      }
      if (end === s.length) return;
      at = end + 1;
      const inside = write === undefined || (end > 0 && at < s.length);
      const isSingle = end === 0 || s.charCodeAt(end - 1) !== SPACE;
      if (isSingle && this.column > WIDTH && inside && s.charCodeAt(at) !== SPACE) this.line(indent);
      else this.put(' ');
    }
  }

  private literal(s: string, indent: number): void {
    let hint = /^[ \n]/.test(s) ? '2' : '';
    if (!s.endsWith('\n')) hint += '-';
    else if (s.length === 1 || s.endsWith('\n\n')) hint += '+';
    this.put(`|${hint}`);
    const lines = (s.endsWith('\n') ? s.slice(0, -1) : s).split('\n');
    for (const line of lines) {
      this.out += '\n';
      this.column = 0;
      if (line !== '') this.put(' '.repeat(indent) + line);
    }
  }

  private string(s: string, indent: number, fold: boolean, asKey: boolean): void {
    switch (styleOf(s, asKey)) {
      case 'plain':
        this.folded(s, indent, fold, undefined);
        return;
      case 'single':
        this.put("'");
        this.folded(s, indent, fold, (c) => (c === "'" ? "''" : c));
        this.put("'");
        return;
      case 'literal':
        this.literal(s, indent);
        return;
      case 'double':
        this.put('"');
        this.folded(s, indent, fold, (c) =>
          c === '"' || c === '\\' || c === '\n' || UNPRINTABLE.test(c) || c.length > 1
            ? escape(c.codePointAt(0) ?? 0)
            : c,
        );
        this.put('"');
    }
  }

  private scalar(v: JsonValue | undefined, indent: number): void {
    if (typeof v === 'string') this.string(v, indent, true, false);
    else if (typeof v === 'number') this.put(Number.isInteger(v) && Math.abs(v) < 1e21 ? String(v) : floatText(v));
    else if (typeof v === 'bigint' || typeof v === 'boolean') this.put(v.toString());
    else this.put('null');
  }

  /**
   * A value after `key:` or `-`; `inline` says that a collection may begin on this line. Undefined when it is written, or
   * the work that is left.
   */
  private value(v: JsonValue | undefined, indent: number, inline: boolean): Flow<void> | undefined {
    if (Array.isArray(v) && v.length > 0) {
      if (inline) this.put(' ');
      return this.sequence(v, inline ? indent + 2 : indent, inline);
    }
    const keys = isObject(v) ? keysOf(v) : [];
    if (isObject(v) && keys.length > 0) {
      if (inline) this.put(' ');
      return this.mapping(v, keys, indent + 2, inline);
    }
    this.put(' ');
    if (Array.isArray(v)) this.put('[]');
    else if (isObject(v)) this.put('{}');
    else this.scalar(v, indent + 2);
    return undefined;
  }

  private *sequence(items: readonly JsonValue[], indent: number, inline: boolean): Flow<void> {
    let first = inline;
    for (const item of items) {
      if (this.breath?.isDue() === true) yield this.breath.rest();
      if (!first) this.line(indent);
      first = false;
      this.put('-');
      const left = this.value(item, indent, true);
      if (left !== undefined) yield* left;
    }
  }

  private *mapping(o: JsonObject, keys: readonly string[], indent: number, inline: boolean): Flow<void> {
    let first = inline;
    for (const key of keys) {
      if (this.breath?.isDue() === true) yield this.breath.rest();
      if (!first) this.line(indent);
      first = false;
      let left: Flow<void> | undefined;
      if (Buffer.byteLength(key) > SIMPLE_KEY_MAX || key.includes('\n')) {
        this.put('? ');
        this.string(key, indent + 2, true, false);
        this.line(indent);
        this.put(':');
        left = this.value(o[key], indent, true);
      } else {
        this.string(key, indent, false, true);
        this.put(':');
        left = this.value(o[key], indent, false);
      }
      if (left !== undefined) yield* left;
    }
  }

  *root(v: JsonValue): Flow<void> {
    const keys = isObject(v) ? keysOf(v) : [];
    if (isObject(v) && keys.length > 0) yield* this.mapping(v, keys, 0, true);
    else if (Array.isArray(v) && v.length > 0) yield* this.sequence(v, 0, true);
    else if (Array.isArray(v)) this.put('[]');
    else if (isObject(v)) this.put('{}');
    else this.scalar(v, 0);
  }
}

function keysOf(o: JsonObject): string[] {
  const keys = Object.keys(o).filter((k) => o[k] !== undefined);
  return keys.length > 1 ? keys.sort(compareKeys) : keys;
}

/** YAML bytes of an object, as kube-apiserver answers `application/yaml`. */
export function encodeYaml(v: JsonValue): Buffer {
  return atOnce(yaml(v));
}

/** The same for one that may be large: others get their turn meanwhile. */
export function encodeYamlInTurns(v: JsonValue): Buffer | Promise<Buffer> {
  return drive(yaml(v, new Breath()));
}

function* yaml(v: JsonValue, breath?: Breath): Flow<Buffer> {
  const emitter = new Emitter(breath);
  yield* emitter.root(v);
  return Buffer.from(emitter.text());
}
