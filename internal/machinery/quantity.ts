/**
 * resource.Quantity: a fixed-point number with a decimal or binary suffix, exact, between nano and 2^63-1
 * (apimachinery, pkg/api/resource). Parsing, canonical text, comparison and arithmetic are Go's.
 */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** value = unscaled * 10^-scale; `scale` is at most 9. */
export interface Quantity {
  readonly unscaled: bigint;
  readonly scale: number;
  readonly format: QuantityFormat;
}

/** A text that is no quantity; the message is apimachinery's. */
export class QuantityError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'QuantityError';
  }
}
const WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_SUFFIX = "unable to parse quantity's suffix";

/** No longer text is a quantity: bounds the BigInt work on hostile input. */
const MAX_TEXT = 1024;
/** Larger exponents are refused as a suffix that means nothing. */
const MAX_EXPONENT = 1000;
const NANO = 9;
const MAX_INT64 = 9223372036854775807n;

const BINARY: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const DECIMAL_SUFFIX = new Map(Object.entries(DECIMAL).map(([suffix, exponent]) => [exponent, suffix]));
const BINARY_SUFFIX = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

const SHAPE = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const EXPONENT = /^[eE]([-+]?[0-9]+)$/;

const POWERS = Array.from({ length: 64 }, (_, n) => 10n ** BigInt(n));

function pow10(n: number): bigint {
  return POWERS[n] ?? 10n ** BigInt(n);
}

/** What was read last: objects repeat a few quantities many times, and each is read by several rules. */
const known = new Map<string, Quantity>();
const MAX_KNOWN = 2_048;
const MAX_KNOWN_TEXT = 32;

/** Parses a quantity as Go's ParseQuantity does; throws QuantityError with its texts. */
export function parseQuantity(input: string): Quantity {
  const same = known.get(input);
  if (same !== undefined) return same;
  const read = readQuantity(input);
  if (input.length <= MAX_KNOWN_TEXT) {
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(input, read);
  }
  return read;
}

function readQuantity(input: string): Quantity {
  const text = input.trim();
  if (text === '' || text.length > MAX_TEXT) throw new QuantityError(WRONG_FORMAT);
  const m = SHAPE.exec(text);
  if (m === null) throw new QuantityError(WRONG_FORMAT);
  const negative = m[1] === '-';
  const whole = m[2] ?? '';
  const fraction = m[3] ?? '';
  const suffix = m[4] ?? '';
  let format: QuantityFormat;
  let scale = fraction.length;
  const binary = Object.hasOwn(BINARY, suffix) ? BINARY[suffix] : undefined;
  const decimal = Object.hasOwn(DECIMAL, suffix) ? DECIMAL[suffix] : undefined;
  let shift = 0n;
  if (binary !== undefined) {
    format = 'BinarySI';
    shift = BigInt(binary);
  } else if (decimal !== undefined) {
    format = 'DecimalSI';
    scale -= decimal;
  } else {
    const e = EXPONENT.exec(suffix);
    const exponent = e === null ? Number.NaN : Number(e[1]);
    if (!(Math.abs(exponent) <= MAX_EXPONENT)) throw new QuantityError(WRONG_SUFFIX);
    format = 'DecimalExponent';
    scale -= exponent;
  }
  let unscaled = BigInt(whole + fraction || '0') << shift;
  if (scale > NANO) {
    // Too fine: rounded away from zero, so that a little of something is never nothing.
    const divisor = pow10(scale - NANO);
    const rest = unscaled % divisor;
    unscaled = unscaled / divisor + (rest === 0n ? 0n : 1n);
    scale = NANO;
  }
  if (format === 'BinarySI') {
    if (compareScaled(unscaled, scale, MAX_INT64, 0) > 0) {
      unscaled = MAX_INT64;
      scale = 0;
    } else if (unscaled !== 0n && compareScaled(unscaled, scale, 1n, 0) < 0) {
      format = 'DecimalSI';
    }
  }
  return { unscaled: negative ? -unscaled : unscaled, scale, format };
}

function compareScaled(a: bigint, aScale: number, b: bigint, bScale: number): number {
  if (aScale < bScale) a *= pow10(bScale - aScale);
  else if (bScale < aScale) b *= pow10(aScale - bScale);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** -1, 0 or 1. */
export function compareQuantity(a: Quantity, b: Quantity): number {
  return compareScaled(a.unscaled, a.scale, b.unscaled, b.scale);
}

/** -1, 0 or 1. */
export function signOfQuantity(q: Quantity): number {
  return q.unscaled < 0n ? -1 : q.unscaled > 0n ? 1 : 0;
}

/** a + b in the format of `a` (of `b` when `a` is zero). */
export function addQuantity(a: Quantity, b: Quantity): Quantity {
  const scale = Math.max(a.scale, b.scale);
  const unscaled = a.unscaled * pow10(scale - a.scale) + b.unscaled * pow10(scale - b.scale);
  return { unscaled, scale, format: a.unscaled === 0n ? b.format : a.format };
}

/** a - b in the format of `a` (of `b` when `a` is zero). */
export function subQuantity(a: Quantity, b: Quantity): Quantity {
  return addQuantity(a, { ...b, unscaled: -b.unscaled });
}

/** The value in units of 10^-places, rounded away from zero (Go's ScaledValue): 0 is Value(), 3 is MilliValue(). */
export function scaledValue(q: Quantity, places: number): bigint {
  if (q.scale <= places) return q.unscaled * pow10(places - q.scale);
  const divisor = pow10(q.scale - places);
  const rest = q.unscaled % divisor;
  return q.unscaled / divisor + (rest === 0n ? 0n : q.unscaled < 0n ? -1n : 1n);
}

/** The canonical text (Go's CanonicalizeBytes): no fraction, the largest suffix that keeps the value exact. */
export function formatQuantity(q: Quantity): string {
  if (q.unscaled === 0n) return '0';
  let { format } = q;
  const negative = q.unscaled < 0n;
  const magnitude = negative ? -q.unscaled : q.unscaled;
  if (format === 'BinarySI') {
    // Below 1024 or with a fraction, a decimal suffix says it exactly.
    const exact = q.scale <= 0 || magnitude % pow10(q.scale) === 0n;
    if (!exact || compareScaled(magnitude, q.scale, 1024n, 0) < 0) {
      format = 'DecimalSI';
    } else {
      let value = q.scale <= 0 ? magnitude * pow10(-q.scale) : magnitude / pow10(q.scale);
      let power = 0;
      while (power < 6 && (value & 1023n) === 0n) {
        value >>= 10n;
        power++;
      }
      return `${negative ? '-' : ''}${value}${BINARY_SUFFIX[power] ?? ''}`;
    }
  }
  // Of a thousand digits each division would be long.
  const all = magnitude.toString();
  let length = all.length;
  while (length > 1 && all.charCodeAt(length - 1) === 0x30) length--;
  const exponent = all.length - length - q.scale;
  // Down to the next multiple of three, and no finer than nano nor coarser than exa's suffix.
  let stop = Math.floor(exponent / 3) * 3;
  if (format === 'DecimalSI' && stop > 18) stop = 18;
  const value = all.slice(0, length) + '0'.repeat(exponent - stop);
  const digits = `${negative ? '-' : ''}${value}`;
  if (format === 'DecimalExponent') return stop === 0 ? digits : `${digits}e${stop}`;
  return `${digits}${DECIMAL_SUFFIX.get(stop) ?? ''}`;
}

const cache = new Map<string, string>();
/** Texts remembered; about 100 KB. Cleared when full. */
const CACHE_ENTRIES = 2048;

/** The canonical text of a quantity given as text; throws QuantityError. */
export function canonicalQuantity(text: string): string {
  if (text.length > 32) return formatQuantity(parseQuantity(text));
  const known = cache.get(text);
  if (known !== undefined) return known;
  const canonical = formatQuantity(parseQuantity(text));
  if (cache.size >= CACHE_ENTRIES) cache.clear();
  cache.set(text, canonical);
  return canonical;
}

/**
 * The canonical text of an amount in a ResourceList, which is rounded away from zero to thousandths
 * (SetDefaults_ResourceList). Throws QuantityError.
 */
export function canonicalAmount(text: string): string {
  const canonical = canonicalQuantity(text);
  // Only these are finer: a canonical text has no fraction.
  if (!canonical.endsWith('u') && !canonical.endsWith('n') && !canonical.includes('e-')) return canonical;
  const q = parseQuantity(canonical);
  return q.scale <= 3 ? canonical : formatQuantity({ unscaled: scaledValue(q, 3), scale: 3, format: q.format });
}
