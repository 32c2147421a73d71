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

/** goyaml's order of keys: letters by code, other characters before letters, runs of digits as numbers. */
function keyBefore(a: readonly string[], b: readonly string[]): number {
  let digits = false;
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a[i] ?? '';
    const y = b[i] ?? '';
    if (x === y) {
      digits = DIGIT.test(x);
      continue;
    }
    const xl = LETTER.test(x);
    const yl = LETTER.test(y);
    if (xl && yl) return x < y ? -1 : 1;
    if (xl || yl) return (digits ? xl : yl) ? -1 : 1;
    let leading = '';
    if (x === '0' || y === '0') {
      for (let j = i - 1; j >= 0 && DIGIT.test(a[j] ?? ''); j--) {
        if (a[j] !== '0') {
          leading = '1';
          break;
        }
      }
    }
    const run = (s: readonly string[]): string => {
      let end = i;
      while (end < s.length && /^[0-9]$/.test(s[end] ?? '')) end++;
      return s.slice(i, end).join('');
    };
    const xr = run(a);
    const yr = run(b);
    const xn = leading + xr || '0';
    const yn = leading + yr || '0';
    const order = compareDigits(xn, yn);
    if (order !== 0) return order;
    if (xr.length !== yr.length) return xr.length - yr.length;
    return x < y ? -1 : 1;
  }
  return a.length - b.length;
}

/** Compares the values of two runs of digits. */
function compareDigits(x: string, y: string): number {
  const a = x.replace(/^0+(?=.)/, '');
  const b = y.replace(/^0+(?=.)/, '');
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

const SIMPLE = /^[A-Za-z]*$/;
function compareKeys(a: string, b: string): number {
  if (SIMPLE.test(a) && SIMPLE.test(b)) return a < b ? -1 : a > b ? 1 : 0;
  return keyBefore(Array.from(a), Array.from(b));
}

type Style = 'plain' | 'single' | 'double' | 'literal';

// What libyaml calls printable; everything else is escaped between double quotes.
const UNPRINTABLE = /[^\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
const LEADING_INDICATOR = /^(?:[#,[\]{}&*!|>'"%@`]|[?:](?:[ \t]|$)|-(?:[ \t]|$)|---|\.\.\.)/;
const INNER_INDICATOR = /.:(?:[ \t]|$)|[ \t\n\r]#/s;

function styleOf(s: string, asKey: boolean): Style {
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

class Emitter {
  private readonly parts: string[] = [];
  private column = 0;

  private put(s: string): void {
    this.parts.push(s);
    this.column += s.length;
  }
  private line(indent: number): void {
    this.parts.push('\n', ' '.repeat(indent));
    this.column = indent;
  }
  text(): string {
    return `${this.parts.join('')}\n`;
  }

  /** Writes text whose single spaces may become line breaks once the line is full. */
  private folded(s: string, indent: number, fold: boolean, write: (c: string) => string, quoted: boolean): void {
    if (!fold || this.column + s.length <= WIDTH) {
      if (!quoted) this.put(s);
      else for (const c of s) this.put(write(c));
      return;
    }
    let spaces = false;
    const chars = Array.from(s);
    for (let i = 0; i < chars.length; i++) {
      const c = chars[i] ?? '';
      if (c !== ' ') {
        this.put(write(c));
        this.column += 1 - c.length;
        spaces = false;
        continue;
      }
      const inside = !quoted || (i > 0 && i < chars.length - 1);
      if (!spaces && this.column > WIDTH && inside && chars[i + 1] !== ' ') this.line(indent);
      else this.put(' ');
      spaces = true;
    }
  }

  private literal(s: string, indent: number): void {
    let hint = /^[ \n]/.test(s) ? '2' : '';
    if (!s.endsWith('\n')) hint += '-';
    else if (s.length === 1 || s.endsWith('\n\n')) hint += '+';
    this.put(`|${hint}`);
    const lines = (s.endsWith('\n') ? s.slice(0, -1) : s).split('\n');
    for (const line of lines) {
      this.parts.push('\n');
      this.column = 0;
      if (line !== '') this.put(' '.repeat(indent) + line);
    }
  }

  private string(s: string, indent: number, fold: boolean, asKey: boolean): void {
    switch (styleOf(s, asKey)) {
      case 'plain':
        this.folded(s, indent, fold, (c) => c, false);
        return;
      case 'single':
        this.put("'");
        this.folded(s, indent, fold, (c) => (c === "'" ? "''" : c), true);
        this.put("'");
        return;
      case 'literal':
        this.literal(s, indent);
        return;
      case 'double':
        this.put('"');
        this.folded(
          s,
          indent,
          fold,
          (c) =>
            c === '"' || c === '\\' || c === '\n' || UNPRINTABLE.test(c) || c.length > 1
              ? escape(c.codePointAt(0) ?? 0)
              : c,
          true,
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

  /** A value after `key:` or `-`; `inline` says that a collection may begin on this line. */
  private value(v: JsonValue | undefined, indent: number, inline: boolean): void {
    if (Array.isArray(v) && v.length > 0) {
      if (inline) this.put(' ');
      this.sequence(v, inline ? indent + 2 : indent, inline);
    } else if (isObject(v) && keysOf(v).length > 0) {
      if (inline) this.put(' ');
      this.mapping(v, indent + 2, inline);
    } else {
      this.put(' ');
      if (Array.isArray(v)) this.put('[]');
      else if (isObject(v)) this.put('{}');
      else this.scalar(v, indent + 2);
    }
  }

  private sequence(items: readonly JsonValue[], indent: number, inline: boolean): void {
    let first = inline;
    for (const item of items) {
      if (!first) this.line(indent);
      first = false;
      this.put('-');
      this.value(item, indent, true);
    }
  }

  mapping(o: JsonObject, indent: number, inline: boolean): void {
    let first = inline;
    for (const key of keysOf(o)) {
      if (!first) this.line(indent);
      first = false;
      if (Buffer.byteLength(key) > SIMPLE_KEY_MAX || key.includes('\n')) {
        this.put('? ');
        this.string(key, indent + 2, true, false);
        this.line(indent);
        this.put(':');
        this.value(o[key], indent, true);
      } else {
        this.string(key, indent, false, true);
        this.put(':');
        this.value(o[key], indent, false);
      }
    }
  }

  root(v: JsonValue): void {
    if (isObject(v) && keysOf(v).length > 0) this.mapping(v, 0, true);
    else if (Array.isArray(v) && v.length > 0) this.sequence(v, 0, true);
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
  const emitter = new Emitter();
  emitter.root(v);
  return Buffer.from(emitter.text());
}
