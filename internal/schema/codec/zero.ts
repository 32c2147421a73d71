import { typeByName } from '../index.js';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import type { FieldDef, TypeDef, TypeRef } from '../types.js';

/** A field that Go writes although it is absent, with what it writes. */
export interface Always {
  readonly name: string;
  /** A fresh zero value. */
  readonly make: () => JsonValue;
}

/** The zero value of a reference, or undefined when Go's is null (lists, maps, times, raw values), which we leave out. */
export function zeroOf(ref: TypeRef): JsonValue | undefined {
  if (ref.k === 'message') return zeroMessage(typeByName(ref.type));
  if (ref.k !== 'scalar') return undefined;
  switch (ref.scalar) {
    case 'string':
    case 'bytes':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
    case 'intOrString':
      return 0;
    case 'quantity':
      return '0';
    case 'duration':
      return '0s';
    case 'time':
    case 'microTime':
    case 'rawExtension':
    case 'json':
    case 'fieldsV1':
      return undefined;
  }
}

/** An empty struct as Go writes it: with the zero values of its fields that have no `omitempty`. */
export function zeroMessage(type: TypeDef): JsonValue | undefined {
  if (type.oneOf === 'bool') return false;
  if (type.oneOf !== undefined) return undefined;
  const out: JsonObject = {};
  for (const { name, make } of alwaysOf(type)) out[name] = make();
  return out;
}

const known = new WeakMap<TypeDef, readonly Always[]>();

/** The fields of a type that are written even when absent. */
export function alwaysOf(type: TypeDef): readonly Always[] {
  const cached = known.get(type);
  if (cached !== undefined) return cached;
  const list: Always[] = [];
  for (const field of type.fields.values()) {
    if (field.always !== true || field.pointer === true) continue;
    const zero = zeroOf(field.ref);
    const { ref } = field;
    // No bytes are null in Go's text, unlike none of them.
    if (zero === undefined || (ref.k === 'scalar' && ref.scalar === 'bytes')) continue;
    const make = ref.k === 'message' ? (): JsonValue => zeroMessage(typeByName(ref.type)) ?? {} : (): JsonValue => zero;
    list.push({ name: field.name, make });
  }
  known.set(type, list);
  return list;
}

/** Whether decoding leaves the field out when it has its zero value, as Go's encoder would. */
export function omitsZero(field: FieldDef): boolean {
  return field.pointer !== true && field.always !== true && field.keepsEmpty !== true;
}
