import { Uint } from '../values/value.js';
import type { LiteralValue } from './ast.js';
import type { TokenKind } from './lexer.js';

const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;
const MAX_UINT = 2n ** 64n - 1n;

/** A literal that cannot be read; the message is cel-go's. */
export class LiteralError extends Error {}

/** The value of a literal's token; `isNegative`: a minus stands before it. Throws LiteralError. */
export function literalOf(kind: TokenKind, text: string, isNegative: boolean): LiteralValue {
  switch (kind) {
    case 'NUM_INT':
      return intLiteral(text, isNegative);
    case 'NUM_UINT':
      return uintLiteral(text);
    case 'NUM_FLOAT':
      return doubleLiteral(text, isNegative);
    case 'STRING':
      return stringLiteral(text);
    case 'BYTES':
      return bytesLiteral(text.slice(1));
    case 'true':
    case 'false':
      return kind === 'true';
    default:
      return null;
  }
}

function intLiteral(text: string, isNegative: boolean): LiteralValue {
  const value = isNegative ? -BigInt(text) : BigInt(text);
  if (value < MIN_INT || value > MAX_INT) throw new LiteralError('invalid int literal');
  return value;
}

function uintLiteral(text: string): LiteralValue {
  const value = BigInt(text.slice(0, -1));
  if (value > MAX_UINT) throw new LiteralError('invalid uint literal');
  return new Uint(value);
}

function doubleLiteral(text: string, isNegative: boolean): LiteralValue {
  const value = Number(isNegative ? `-${text}` : text);
  if (!Number.isFinite(value)) throw new LiteralError('invalid double literal');
  return value;
}

const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
  '`': 96,
  '?': 63,
};

/** The text between the quotes, how it was quoted, and whether escapes stand for themselves. */
function unquote(text: string): { body: string; isRaw: boolean } {
  const isRaw = /^[rR]/.test(text);
  const quoted = isRaw ? text.slice(1) : text;
  const width = quoted.length >= 6 && (quoted.startsWith('"""') || quoted.startsWith("'''")) ? 3 : 1;
  return { body: quoted.slice(width, -width).replace(/\r\n?/g, '\n'), isRaw };
}

/** Reads one escape at `at` (a backslash): its code, where it ends, and whether it names a character by its number. */
function escapeAt(body: string, at: number): { code: number; end: number; isUnicode: boolean } {
  const c = body[at + 1] ?? '';
  const simple = SIMPLE[c];
  if (simple !== undefined) return { code: simple, end: at + 2, isUnicode: false };
  const lengths: Readonly<Record<string, number>> = { x: 2, X: 2, u: 4, U: 8 };
  const hex = lengths[c];
  if (hex === undefined) return { code: Number.parseInt(body.slice(at + 1, at + 4), 8), end: at + 4, isUnicode: false };
  const code = Number.parseInt(body.slice(at + 2, at + 2 + hex), 16);
  return { code, end: at + 2 + hex, isUnicode: hex > 2 };
}

/** A text literal, prefix `r` allowed. Throws LiteralError. */
function stringLiteral(text: string): string {
  const { body, isRaw } = unquote(text);
  if (isRaw || !body.includes('\\')) return body;
  let out = '';
  for (let i = 0; i < body.length; ) {
    if (body[i] !== '\\') {
      out += body[i++];
      continue;
    }
    const { code, end } = escapeAt(body, i);
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw new LiteralError('invalid unicode code point');
    out += String.fromCodePoint(code);
    i = end;
  }
  return out;
}

/** A bytes literal without its `b`: escapes by number are single bytes. Throws LiteralError. */
function bytesLiteral(text: string): Uint8Array {
  const { body, isRaw } = unquote(text);
  if (isRaw) return new Uint8Array(Buffer.from(body, 'utf8'));
  const parts: Buffer[] = [];
  let plain = 0;
  for (let i = 0; i < body.length; ) {
    if (body[i] !== '\\') {
      i++;
      continue;
    }
    parts.push(Buffer.from(body.slice(plain, i), 'utf8'));
    const { code, end, isUnicode } = escapeAt(body, i);
    if (isUnicode) throw new LiteralError('unable to unescape string');
    parts.push(Buffer.from([code]));
    i = end;
    plain = end;
  }
  parts.push(Buffer.from(body.slice(plain), 'utf8'));
  return new Uint8Array(Buffer.concat(parts));
}
