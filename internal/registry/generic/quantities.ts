import type { JsonValue } from '../../machinery/json.js';
import {
  compareQuantity,
  formatQuantity,
  parseQuantity,
  type Quantity,
  QuantityError,
  signOfQuantity,
} from '../../machinery/quantity.js';
import type { FieldNode } from './field-node.js';

const ZERO: Quantity = { unscaled: 0n, scale: 0, format: 'DecimalSI' };
const cache = new Map<string, Quantity>();
/** Quantities remembered, about 200 bytes each; cleared when full. */
const CACHE_ENTRIES = 2048;
/** Longer texts are not worth remembering. */
const CACHED_LENGTH = 32;

/** The quantity at a member of a decoded object: absent is zero, and so is what decoding would have refused. */
export function quantityOf(value: JsonValue | undefined): Quantity {
  if (typeof value === 'number') return parseQuantity(String(value));
  if (typeof value !== 'string') return ZERO;
  const known = cache.get(value);
  if (known !== undefined) return known;
  let parsed = ZERO;
  try {
    parsed = parseQuantity(value);
  } catch (e) {
    if (!(e instanceof QuantityError)) throw e;
  }
  if (value.length > CACHED_LENGTH) return parsed;
  if (cache.size >= CACHE_ENTRIES) cache.clear();
  cache.set(value, parsed);
  return parsed;
}

/** -1, 0 or 1. */
export const compareQuantities = (a: JsonValue | undefined, b: JsonValue | undefined): number =>
  compareQuantity(quantityOf(a), quantityOf(b));

/** Canonical text: Go's Quantity.String. */
export const quantityText = (value: JsonValue | undefined): string => formatQuantity(quantityOf(value));

/** Whether the value is a whole number of units. */
export function isWholeQuantity(value: JsonValue | undefined): boolean {
  const q = quantityOf(value);
  return q.scale <= 0 || q.unscaled % 10n ** BigInt(q.scale) === 0n;
}

/** The sign of the quantity at a member: 1, 0, -1; undefined when it is absent. */
export function quantitySign(owner: FieldNode, key: string): number | undefined {
  const v = owner.get(key);
  if (typeof v !== 'string' && typeof v !== 'number') return undefined;
  return signOfQuantity(quantityOf(v));
}

/** A quantity that is there must not be negative (ValidateNonnegativeQuantity). */
export function checkNonNegativeQuantity(owner: FieldNode, key: string): void {
  if (quantitySign(owner, key) === -1) owner.invalid(key, 'must be greater than or equal to 0');
}
