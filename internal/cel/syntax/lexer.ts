import type { Issue } from './source.js';

/** Kinds of token that are not written as they are named. */
export type TokenClass =
  | 'NUM_FLOAT'
  | 'NUM_INT'
  | 'NUM_UINT'
  | 'STRING'
  | 'BYTES'
  | 'IDENTIFIER'
  | 'ESC_IDENTIFIER'
  | '<EOF>';

/** A token's kind: a class, or the very text of an operator or keyword (`'&&'`, `'in'`). */
export type TokenKind = string;

export interface Token {
  readonly kind: TokenKind;
  /** As it is written; `<EOF>` at the end. */
  readonly text: string;
  readonly at: number;
}

const KEYWORDS: ReadonlySet<string> = new Set(['true', 'false', 'null', 'in']);
const SINGLE: ReadonlySet<string> = new Set('[]{}().,-!?:+*/%<>');
const DOUBLE: ReadonlySet<string> = new Set(['==', '!=', '<=', '>=', '&&', '||']);
/** Operators of which one character alone is no token. */
const ONLY_DOUBLE: ReadonlySet<string> = new Set('=&|');

const SPACE = /(?:[ \t\r\n\f]+|\/\/[^\n]*)+/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const FLOAT = /\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?/y;
const WHOLE = /0x[0-9a-fA-F]+|\d+/y;
const PREFIX = /[bB]?[rR]?(?=["'])/y;
const ESCAPE = /\\(?:[abfnrtv"'\\?`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7][0-7])/y;

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

/** The token that begins somewhere, or where the text stops being the beginning of one. */
type Scan = { readonly kind: TokenKind; readonly end: number } | { readonly failed: number };

/** Where an escape stops being one: the first character that cannot follow. */
function escapeFails(text: string, at: number): number {
  const c = text[at + 1] ?? '';
  const lengths: Readonly<Record<string, number>> = { x: 2, X: 2, u: 4, U: 8 };
  const hex = lengths[c];
  if (hex !== undefined) {
    let i = at + 2;
    while (i < at + 2 + hex && /[0-9a-fA-F]/.test(text[i] ?? '')) i++;
    return i;
  }
  if (c >= '0' && c <= '3') return /[0-7]/.test(text[at + 2] ?? '') ? at + 3 : at + 2;
  return at + 1;
}

/** Scans a text in quotes whose first quote is at `open`. */
function scanQuoted(text: string, open: number, isRaw: boolean): { end: number } | { failed: number } {
  const quote = text[open] ?? '';
  const isTriple = text.startsWith(quote.repeat(3), open);
  const close = isTriple ? quote.repeat(3) : quote;
  let i = open + close.length;
  for (;;) {
    if (i >= text.length) break;
    if (text.startsWith(close, i)) return { end: i + close.length };
    const c = text[i] ?? '';
    if (!isTriple && (c === '\n' || c === '\r')) break;
    if (c === '\\' && !isRaw) {
      const escape = match(ESCAPE, text, i);
      if (escape === '') {
        i = escapeFails(text, i);
        break;
      }
      i += escape.length;
    } else i += (text.codePointAt(i) ?? 0) > 0xffff ? 2 : 1;
  }
  // What is no text in three quotes may still be an empty one in single quotes.
  return isTriple ? { end: open + 2 } : { failed: i };
}

function scan(text: string, at: number): Scan {
  const c = text[at] ?? '';
  const prefix = match(PREFIX, text, at);
  if (c === '"' || c === "'" || prefix !== '') {
    const quoted = scanQuoted(text, at + prefix.length, /[rR]/.test(prefix));
    if ('end' in quoted) return { kind: /^[bB]/.test(prefix) ? 'BYTES' : 'STRING', end: quoted.end };
    if (prefix === '') return quoted;
  }
  const word = match(WORD, text, at);
  if (word !== '') return { kind: KEYWORDS.has(word) ? word : 'IDENTIFIER', end: at + word.length };
  if (c === '`') {
    const inner = match(/[A-Za-z0-9_./\- ]*/y, text, at + 1);
    const end = at + 1 + inner.length;
    return inner !== '' && text[end] === '`' ? { kind: 'ESC_IDENTIFIER', end: end + 1 } : { failed: end };
  }
  const whole = match(WHOLE, text, at);
  const float = match(FLOAT, text, at);
  if (float.length > whole.length) return { kind: 'NUM_FLOAT', end: at + float.length };
  if (whole !== '') {
    const end = at + whole.length;
    return /[uU]/.test(text[end] ?? '') ? { kind: 'NUM_UINT', end: end + 1 } : { kind: 'NUM_INT', end };
  }
  const two = text.slice(at, at + 2);
  if (DOUBLE.has(two)) return { kind: two, end: at + 2 };
  if (SINGLE.has(c)) return { kind: c, end: at + 1 };
  return { failed: ONLY_DOUBLE.has(c) ? at + 1 : at };
}

/** The tokens of an expression with an end after them. What belongs to no token is an issue, and left out. */
export function tokenize(text: string): { tokens: Token[]; issues: Issue[] } {
  const tokens: Token[] = [];
  const issues: Issue[] = [];
  let at = 0;
  for (;;) {
    at += match(SPACE, text, at).length;
    if (at >= text.length) break;
    const found = scan(text, at);
    if ('end' in found) {
      tokens.push({ kind: found.kind, text: text.slice(at, found.end), at });
      at = found.end;
      continue;
    }
    const bad = text.codePointAt(found.failed);
    const end = bad === undefined ? text.length : found.failed + (bad > 0xffff ? 2 : 1);
    issues.push({ at, message: `Syntax error: token recognition error at: '${text.slice(at, end)}'` });
    at = end;
  }
  tokens.push({ kind: '<EOF>', text: '<EOF>', at: text.length });
  return { tokens, issues };
}
