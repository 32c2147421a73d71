import { effort } from './effort.js';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  STRING,
  TIMESTAMP,
  TYPE,
  UINT,
} from '../check/types.js';

/**
 * A value of an expression: int is bigint, double is number, string is string. What went wrong is a value too
 * (CelError), for `||` and `&&` can do without one of their sides.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint
  | Uint8Array
  | Timestamp
  | Duration
  | CelList
  | CelMap
  | TypeValue
  | Optional
  | Opaque
  | CelError;

/** An error of evaluation; the message is cel-go's. */
export class CelError {
  constructor(readonly message: string) {}
}

export const NO_OVERLOAD = new CelError('no such overload');

/** An unsigned whole number of 64 bits. */
export class Uint {
  constructor(readonly value: bigint) {}
}

/** A point in time: nanoseconds since 1970, and the offset from UTC (seconds) with which it was written. */
export class Timestamp {
  constructor(
    readonly nanos: bigint,
    readonly offset = 0,
  ) {}
}

/** A span of time in nanoseconds. */
export class Duration {
  constructor(readonly nanos: bigint) {}
}

/** A type as a value, by its name at run time. */
export class TypeValue {
  constructor(readonly name: string) {}
}

/** A value that may be missing. */
export class Optional {
  constructor(readonly value: Value | undefined) {}
}
export const NONE = new Optional(undefined);

/** A value of a type that only its functions look into. */
export abstract class Opaque {
  /** The name of its type. */
  abstract readonly typeName: string;
  abstract equals(other: Value): boolean | CelError;
  /** How large it counts in costs, if it has a size. */
  get size(): number | undefined {
    return undefined;
  }
  /** The field of that name, for types that have fields. */
  field(_name: string): Value | undefined {
    return undefined;
  }
  get isZero(): boolean {
    return false;
  }
}

export abstract class CelList {
  abstract readonly size: number;
  /** The element at an index within the size. */
  abstract at(index: number): Value;
  /** Whether the order of elements does not matter when lists are compared (sets, and lists of entries with keys). */
  get isUnordered(): boolean {
    return false;
  }
  /** Whether another list of the same size has the same elements, for lists whose order does not matter. */
  sameElements(_other: CelList): boolean {
    return false;
  }
  /** The list with another behind it. */
  concat(other: CelList): Value {
    return new JoinedList(this, other);
  }
}

export abstract class CelMap {
  abstract readonly size: number;
  /** The value of a key, undefined when it is not there. Keys that are numbers are found by any type of number. */
  abstract get(key: Value): Value | undefined;
  abstract keys(): Value[];
  /** The value of a field that is written as `map.name`. */
  field(name: string): Value | undefined {
    return this.get(name);
  }
  /** The name of the type, when it is no plain map. */
  get typeName(): string {
    return 'map';
  }
}

export class ArrayList extends CelList {
  constructor(readonly items: readonly Value[]) {
    super();
  }
  get size(): number {
    return this.items.length;
  }
  at(index: number): Value {
    return this.items[index] as Value;
  }
}

/** Two lists, one behind the other. Reading walks down; long chains are flattened at the first read. */
class JoinedList extends CelList {
  readonly size: number;
  private flat: Value[] | undefined;
  constructor(
    private left: CelList | undefined,
    private right: CelList | undefined,
  ) {
    super();
    this.size = (left?.size ?? 0) + (right?.size ?? 0);
  }
  at(index: number): Value {
    this.flat ??= this.flatten();
    return this.flat[index] as Value;
  }
  private flatten(): Value[] {
    const out: Value[] = Array.from<Value>({ length: this.size });
    const parts: CelList[] = [];
    let filled = this.size;
    parts.push(this);
    while (parts.length > 0) {
      const part = parts.pop() as CelList;
      if (
        part instanceof JoinedList &&
        part.flat === undefined &&
        part.left !== undefined &&
        part.right !== undefined
      ) {
        parts.push(part.left, part.right);
        continue;
      }
      for (let i = part.size - 1; i >= 0; i--) out[--filled] = part.at(i);
    }
    this.left = undefined;
    this.right = undefined;
    return out;
  }
}

/** Builds a list by adding to its end, without copying: what `map` and `filter` do. */
export class GrowingList extends CelList {
  readonly items: Value[] = [];
  get size(): number {
    return this.items.length;
  }
  at(index: number): Value {
    return this.items[index] as Value;
  }
}

/** The key of a Map for a CEL key: numbers of every type that are equal have the same; undefined for what is no key. */
export function keyOf(key: Value): string | bigint | boolean | undefined {
  switch (typeof key) {
    case 'string':
      return `s${key}`;
    case 'bigint':
    case 'boolean':
      return key;
    case 'number':
      return Number.isInteger(key) ? BigInt(key) : undefined;
    case 'function':
    case 'object':
    case 'symbol':
    case 'undefined':
    default:
      return key instanceof Uint ? key.value : undefined;
  }
}

/** A map that an expression made. */
export class EntryMap extends CelMap {
  private readonly entries = new Map<string | bigint | boolean, readonly [Value, Value]>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    super();
    for (const [key, value] of entries) this.set(key, value);
  }
  /** Sets an entry while the map is made; false when the key is of a type that cannot be one. */
  set(key: Value, value: Value): boolean {
    const k = keyOf(key);
    if (k === undefined || typeof key === 'number') return false;
    this.entries.set(k, [key, value]);
    return true;
  }
  get size(): number {
    return this.entries.size;
  }
  get(key: Value): Value | undefined {
    const k = keyOf(key);
    return k === undefined ? undefined : this.entries.get(k)?.[1];
  }
  override field(name: string): Value | undefined {
    return this.entries.get(`s${name}`)?.[1];
  }
  keys(): Value[] {
    return Array.from(this.entries.values(), ([key]) => key);
  }
  pairs(): Iterable<readonly [Value, Value]> {
    return this.entries.values();
  }
}

export const list = (items: readonly Value[]): CelList => new ArrayList(items);

/** The type of a value, as far as a single value tells. */
export function typeOfValue(v: Value): CelType {
  switch (typeof v) {
    case 'boolean':
      return BOOL;
    case 'bigint':
      return INT;
    case 'number':
      return DOUBLE;
    case 'string':
      return STRING;
    case 'function':
    case 'object':
    case 'symbol':
    case 'undefined':
    default:
      break;
  }
  if (v === null) return NULL;
  if (v instanceof CelList) return listOf(DYN);
  if (v instanceof CelMap)
    return v.typeName === 'map' ? mapOf(DYN, DYN) : { kind: 'struct', name: v.typeName, params: [] };
  if (v instanceof Uint) return UINT;
  if (v instanceof Uint8Array) return BYTES;
  if (v instanceof Timestamp) return TIMESTAMP;
  if (v instanceof Duration) return DURATION;
  if (v instanceof TypeValue) return TYPE;
  if (v instanceof Optional) return { kind: 'opaque', name: 'optional_type', params: [DYN] };
  if (v instanceof Opaque) return { kind: 'opaque', name: v.typeName, params: [] };
  return { kind: 'error', name: 'error', params: [] };
}

/** The name of a value's type at run time. */
export const typeName = (v: Value): string => typeOfValue(v).name;

/** Counts the code points of a text. */
export function codePoints(s: string): number {
  effort.spent += s.length / 32;
  let n = s.length;
  for (let i = 0; i < s.length - 1; i++) {
    const c = s.charCodeAt(i);
    if (c >= 0xd800 && c < 0xdc00) {
      const d = s.charCodeAt(i + 1);
      if (d >= 0xdc00 && d < 0xe000) {
        n--;
        i++;
      }
    }
  }
  return n;
}

/** What `size()` says of a value, 1 for what has no size; what costs are computed from. */
export function sizeOf(v: Value): number {
  switch (typeof v) {
    case 'string':
      return codePoints(v);
    case 'object':
      break;
    case 'bigint':
    case 'boolean':
    case 'function':
    case 'number':
    case 'symbol':
    case 'undefined':
    default:
      return 1;
  }
  if (v === null) return 1;
  if (v instanceof CelList || v instanceof CelMap) return v.size;
  if (v instanceof Uint8Array) return v.length;
  if (v instanceof Optional) return v.value === undefined ? 1 : sizeOf(v.value);
  if (v instanceof Opaque) return v.size ?? 1;
  return 1;
}
