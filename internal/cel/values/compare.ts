import { effort } from './effort.js';
import {
  CelError,
  CelList,
  CelMap,
  Duration,
  NO_OVERLOAD,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from './value.js';

const numeric = (v: Value): bigint | number | undefined => {
  if (typeof v === 'bigint' || typeof v === 'number') return v;
  return v instanceof Uint ? v.value : undefined;
};

/** As cel-go: a whole number is made a double when it is compared with one. */
function sameNumber(x: bigint | number, y: bigint | number): boolean {
  if (typeof x === typeof y) return x === y;
  return Number(x) === Number(y);
}

const bytesEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((x, i) => x === b[i]);

function listsEqual(a: CelList, b: CelList): boolean {
  if (a.size !== b.size) return false;
  effort.spent += a.size;
  if (a.isUnordered) return a.sameElements(b);
  if (b.isUnordered) return b.sameElements(a);
  for (let i = 0; i < a.size; i++) if (!isEqual(a.at(i), b.at(i))) return false;
  return true;
}

function mapsEqual(a: CelMap, b: CelMap): boolean {
  if (a.size !== b.size) return false;
  effort.spent += 2 * a.size;
  return a.keys().every((key) => {
    const other = b.get(key);
    const own = a.get(key);
    return other !== undefined && own !== undefined && isEqual(own, other);
  });
}

/** `a == b`. Values of different types are not equal, but numbers are compared by what they say. */
export function equals(a: Value, b: Value): boolean | CelError {
  if (a === b) return typeof a !== 'number' || !Number.isNaN(a);
  const type = typeof a;
  if (type === 'string' || type === 'boolean') return false;
  const x = numeric(a);
  if (x !== undefined) {
    const y = numeric(b);
    return y !== undefined && sameNumber(x, y);
  }
  if (a === null || b === null) return false;
  if (a instanceof CelList) return b instanceof CelList && listsEqual(a, b);
  if (a instanceof CelMap) return b instanceof CelMap && a.typeName === b.typeName && mapsEqual(a, b);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && bytesEqual(a, b);
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (a instanceof Optional) {
    if (!(b instanceof Optional)) return false;
    if (a.value === undefined || b.value === undefined) return a.value === b.value;
    return equals(a.value, b.value);
  }
  if (a instanceof Opaque) return a.equals(b);
  return a instanceof CelError ? a : false;
}

/** `equals` where an error counts as not equal. */
export const isEqual = (a: Value, b: Value): boolean => equals(a, b) === true;

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

/** Order of texts by code points, which is not that of UTF-16 where surrogates are. */
export function compareStrings(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    if (x >= 0xd800 && x < 0xe000) x += 0x10000;
    if (y >= 0xd800 && y < 0xe000) y += 0x10000;
    return x < y ? -1 : 1;
  }
  return Math.sign(a.length - b.length);
}

const order = (less: boolean, more: boolean): number => (less ? -1 : more ? 1 : 0);

/** -1, 0 or 1; an error for values that have no order. */
export function compare(a: Value, b: Value): number | CelError {
  if (typeof a === 'string') return typeof b === 'string' ? compareStrings(a, b) : NO_OVERLOAD;
  const x = numeric(a);
  if (x !== undefined) {
    const y = numeric(b);
    if (y === undefined) return NO_OVERLOAD;
    if (Number.isNaN(x) || Number.isNaN(y)) return new CelError('NaN values cannot be ordered');
    if (typeof x === typeof y) return order(x < y, x > y);
    const [left, right] = [Number(x), Number(y)];
    return order(left < right, left > right);
  }
  if (typeof a === 'boolean') return typeof b === 'boolean' ? Number(a) - Number(b) : NO_OVERLOAD;
  if (a instanceof Timestamp) return b instanceof Timestamp ? order(a.nanos < b.nanos, a.nanos > b.nanos) : NO_OVERLOAD;
  if (a instanceof Duration) return b instanceof Duration ? order(a.nanos < b.nanos, a.nanos > b.nanos) : NO_OVERLOAD;
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? compareBytes(a, b) : NO_OVERLOAD;
  return NO_OVERLOAD;
}
