import { emptiedAt } from '../../machinery/emptied.js';
import { deepEqual, semanticEqual } from '../../machinery/equal.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { findType } from '../../schema/index.js';
import type { FieldDef, TypeDef, TypeRef } from '../../schema/types.js';

type Value = JsonValue | undefined;

const isEmpty = (v: Value): boolean =>
  v === undefined || v === null || (Array.isArray(v) ? v.length === 0 : isObject(v) && Object.keys(v).length === 0);

function refEqual(a: Value, b: Value, ref: TypeRef, emptiness: boolean): boolean {
  if (ref.k === 'list' && Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((x, i) => refEqual(x, b[i], ref.of, emptiness));
  }
  if (ref.k === 'map' && isObject(a) && isObject(b)) {
    const names = Object.keys(a);
    return (
      names.length === Object.keys(b).length &&
      names.every((name) => b[name] !== undefined && refEqual(a[name], b[name], ref.of, emptiness))
    );
  }
  const type = ref.k === 'message' ? findType(ref.type) : undefined;
  if (type === undefined || type.fields.size === 0 || type.oneOf !== undefined) return semanticEqual(a, b);
  return structEqual(isObject(a) ? a : {}, isObject(b) ? b : {}, type, emptiness);
}

function fieldEqual(a: JsonObject, b: JsonObject, field: FieldDef, emptiness: boolean): boolean {
  const { name, ref } = field;
  const [x, y] = [a[name] ?? undefined, b[name] ?? undefined];
  if (ref.k === 'scalar') return semanticEqual(x, y);
  if (ref.k === 'message') {
    // A pointer to a struct that says nothing is not the same as none.
    if (field.pointer === true && (x === undefined) !== (y === undefined)) return false;
    return refEqual(x, y, ref, emptiness);
  }
  if (isEmpty(x) && isEmpty(y)) {
    return !emptiness || ((x ?? emptiedAt(a, name)) === undefined) === ((y ?? emptiedAt(b, name)) === undefined);
  }
  return refEqual(x, y, ref, emptiness);
}

function structEqual(a: JsonObject, b: JsonObject, type: TypeDef, emptiness: boolean): boolean {
  for (const field of type.fields.values()) if (!fieldEqual(a, b, field, emptiness)) return false;
  return true;
}

/**
 * Whether Go takes the same member of two objects of a type for the same: a list or map that is empty is the same as none
 * (apimachinery's equality.Semantic), unless `emptiness` counts (reflect.DeepEqual); a pointer to an empty struct is not.
 */
export function memberEqualInGo(
  a: JsonObject,
  b: JsonObject,
  member: string,
  typeName: string,
  emptiness: boolean,
): boolean {
  if (!semanticEqual(a[member], b[member])) return false;
  if (!emptiness && deepEqual(a[member], b[member])) return true;
  const field = findType(typeName)?.fields.get(member);
  return field === undefined || fieldEqual(a, b, field, emptiness);
}
