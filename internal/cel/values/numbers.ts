import { CelError, Uint, type Value } from './value.js';

export const INT_OVERFLOW = new CelError('integer overflow');
export const UINT_OVERFLOW = new CelError('unsigned integer overflow');
const DIVIDED_BY_ZERO = new CelError('division by zero');
const MODULUS_BY_ZERO = new CelError('modulus by zero');

/** The number when it is an int64, else the error of an overflow. */
export const int64 = (n: bigint): bigint | CelError => (BigInt.asIntN(64, n) === n ? n : INT_OVERFLOW);
/** The number when it is a uint64, else the error of an overflow. */
export const uint64 = (n: bigint): Uint | CelError => (BigInt.asUintN(64, n) === n ? new Uint(n) : UINT_OVERFLOW);

export const divideInt = (a: bigint, b: bigint): Value => (b === 0n ? DIVIDED_BY_ZERO : int64(a / b));
export const moduloInt = (a: bigint, b: bigint): Value => (b === 0n ? MODULUS_BY_ZERO : int64(a % b));
export const divideUint = (a: Uint, b: Uint): Value => (b.value === 0n ? DIVIDED_BY_ZERO : new Uint(a.value / b.value));
export const moduloUint = (a: Uint, b: Uint): Value => (b.value === 0n ? MODULUS_BY_ZERO : new Uint(a.value % b.value));

/** A double cut to an int64; an overflow outside of the range, and for NaN. */
export function doubleToInt(x: number): Value {
  if (!(x > -(2 ** 63) && x < 2 ** 63)) return INT_OVERFLOW;
  return int64(BigInt(Math.trunc(x)));
}

export function doubleToUint(x: number): Value {
  if (!(x >= 0 && x < 2 ** 64)) return UINT_OVERFLOW;
  return uint64(BigInt(Math.trunc(x)));
}

/** Go's ParseInt and ParseUint with base 10. */
export function parseInteger(s: string, signed: boolean): bigint | undefined {
  if (!(signed ? /^[+-]?[0-9]+$/ : /^[0-9]+$/).test(s) || s.length > 100) return undefined;
  const n = BigInt(s.replace(/^\+/, ''));
  const fits = signed ? BigInt.asIntN(64, n) : BigInt.asUintN(64, n);
  return fits === n ? n : undefined;
}

/** Go's ParseFloat: decimal numbers with underscores between digits, infinities, NaN, hexadecimal ones. */
export function parseFloat64(s: string): number | undefined {
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(s);
  if (special !== null) {
    if (/nan/i.test(s)) return special[1] === '' ? Number.NaN : undefined;
    return special[1] === '-' ? -Infinity : Infinity;
  }
  const hex = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)$/.exec(s);
  if (hex !== null) {
    const digits = `${hex[2]}${hex[3]}`;
    if (digits === '' || digits.length > 1000) return undefined;
    const value = Number(`0x${digits}`) * 2 ** (Number(hex[4]) - 4 * (hex[3]?.length ?? 0));
    return Number.isFinite(value) ? (hex[1] === '-' ? -value : value) : undefined;
  }
  if (!/^[+-]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?$/.test(s)) return undefined;
  if (/__|_$|_[^0-9]|[^0-9]_/.test(s)) return undefined;
  const value = Number(s.replaceAll('_', ''));
  return Number.isFinite(value) ? value : undefined;
}

/** The shortest decimal digits of a finite number, and the place of its point: 0.d1d2... * 10^point. */
export function shortestDigits(x: number): { digits: string; point: number } {
  const m = /^(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(Math.abs(x).toExponential());
  if (m === null) return { digits: '0', point: 1 };
  return { digits: `${m[1]}${m[2] ?? ''}`, point: Number(m[3]) + 1 };
}

/** Rounds digits to a number of them, half to even. */
export function roundDigits(digits: string, keep: number): { digits: string; carried: boolean } {
  if (keep >= digits.length) return { digits: digits.padEnd(Math.max(keep, 0), '0'), carried: false };
  if (keep < 0) return { digits: '', carried: false };
  const head = digits.slice(0, keep);
  const rest = digits.slice(keep);
  const half = `5${'0'.repeat(rest.length - 1)}`;
  const isOdd = keep > 0 && Number(head[keep - 1]) % 2 === 1;
  if (rest < half || (rest === half && !isOdd)) return { digits: head, carried: false };
  const up = (BigInt(head || '0') + 1n).toString().padStart(keep, '0');
  return { digits: up, carried: up.length > keep };
}

/** The exponent from which on `%g` writes it. */
const G_PRECISION = 6;

/** Go's `%g`: the shortest text that is read as the same number, with an exponent from 1e6 on and below 1e-4. */
export function formatG(x: number): string {
  if (Number.isNaN(x)) return 'NaN';
  if (!Number.isFinite(x)) return x > 0 ? '+Inf' : '-Inf';
  const sign = x < 0 || Object.is(x, -0) ? '-' : '';
  if (x === 0) return `${sign}0`;
  const { digits, point } = shortestDigits(x);
  const exponent = point - 1;
  if (exponent < -4 || exponent >= G_PRECISION) {
    const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
    const e = Math.abs(exponent).toString().padStart(2, '0');
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${e}`;
  }
  return sign + plainDigits(digits, point);
}

/** Digits without an exponent. */
export function plainDigits(digits: string, point: number): string {
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  if (digits.length <= point) return digits.padEnd(point, '0');
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Go's FormatFloat(x, 'f', -1): never an exponent. */
export function formatPlain(x: number): string {
  if (Number.isNaN(x)) return 'NaN';
  if (!Number.isFinite(x)) return x > 0 ? '+Inf' : '-Inf';
  const { digits, point } = shortestDigits(x);
  return (x < 0 || Object.is(x, -0) ? '-' : '') + (x === 0 ? '0' : plainDigits(digits, point));
}

/** Digits around a point with a number of decimals (half to even), without a sign. */
export function formatFixed(x: number, decimals: number): string {
  const { digits, point } = shortestDigits(x);
  const keep = point + decimals;
  const rounded = keep < 0 ? { digits: '', carried: false } : roundDigits(digits, keep);
  const whole = rounded.carried ? point + 1 : point;
  const all = whole <= 0 ? '0'.repeat(1 - whole) + rounded.digits : rounded.digits;
  const at = Math.max(whole, 1);
  const padded = all.padEnd(at + decimals, '0');
  return decimals === 0 ? padded.slice(0, at) : `${padded.slice(0, at)}.${padded.slice(at, at + decimals)}`;
}
