import { formatG } from '../values/numbers.js';
import { CelError, CelList, CelMap, Opaque, Optional, typeName, Uint, type Value } from '../values/value.js';

/** A value as cel-go's `%v` prints it in errors about keys. */
export function keyText(v: Value): string {
  switch (typeof v) {
    case 'string':
      return v;
    case 'boolean':
    case 'bigint':
      return String(v);
    case 'number':
      return formatG(v);
    case 'function':
    case 'object':
    case 'symbol':
    case 'undefined':
    default:
      if (v instanceof Uint) return v.value.toString();
      return v === null ? 'null' : typeName(v);
  }
}

/** A value that was found (null is one), or the error that there is none. */
const orNoSuchKey = (found: Value | undefined, key: Value): Value => (found === undefined ? noSuchKey(key) : found);

export const noSuchKey = (key: Value): CelError => new CelError(`no such key: ${keyText(key)}`);

/** The index of a list that a value is: numbers of every type, if they are whole. */
export function listIndex(list: CelList, index: Value): number | CelError {
  let i: bigint;
  if (typeof index === 'bigint') i = index;
  else if (index instanceof Uint) i = index.value;
  else if (typeof index !== 'number') return new CelError(`unsupported index type '${typeName(index)}' in list`);
  else if (Number.isInteger(index)) i = BigInt(index);
  else return new CelError(`unsupported index value ${formatG(index)} in list`);
  return i >= 0n && i < BigInt(list.size) ? Number(i) : new CelError(`index out of bounds: ${i}`);
}

/** `container[key]`. What holds nothing has no such key. */
export function indexOf(container: Value, key: Value): Value {
  if (container instanceof CelError) return container;
  if (key instanceof CelError) return key;
  if (container instanceof CelList) {
    const i = listIndex(container, key);
    return i instanceof CelError ? i : container.at(i);
  }
  if (container instanceof CelMap) return orNoSuchKey(container.get(key), key);
  if (container instanceof Optional) {
    if (container.value === undefined) return container;
    const found = indexOf(container.value, key);
    return found instanceof CelError ? new Optional(undefined) : new Optional(found);
  }
  return noSuchKey(key);
}

/** The value of a field, undefined when there is none. */
export function fieldOf(v: Value, name: string): Value | undefined {
  if (v instanceof CelMap) return v.field(name);
  return v instanceof Opaque ? v.field(name) : undefined;
}

/** `value.name`. */
export function selectOf(v: Value, name: string): Value {
  if (v instanceof CelMap) return orNoSuchKey(v.field(name), name);
  if (v instanceof CelError) return v;
  if (v instanceof Optional) {
    if (v.value === undefined) return v;
    const found = fieldOf(v.value, name);
    // What has no fields at all is an error also when it may be missing.
    return found === undefined && !(v.value instanceof CelMap) ? noSuchKey(name) : new Optional(found);
  }
  return orNoSuchKey(fieldOf(v, name), name);
}

/** `has(value.name)`. */
export function hasField(v: Value, name: string): Value {
  if (v instanceof CelError) return v;
  const of = v instanceof Optional ? v.value : v;
  return of !== undefined && fieldOf(of, name) !== undefined;
}

/** `value[?key]` and `value.?key`. */
export function optionalIndex(container: Value, key: Value): Value {
  if (container instanceof CelError) return container;
  if (key instanceof CelError) return key;
  const of = container instanceof Optional ? container.value : container;
  if (of instanceof CelList) {
    const i = listIndex(of, key);
    return new Optional(i instanceof CelError ? undefined : of.at(i));
  }
  if (of instanceof CelMap) return new Optional(of.get(key));
  return new Optional(of !== undefined && typeof key === 'string' ? fieldOf(of, key) : undefined);
}
