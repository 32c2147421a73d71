import { emptiedAt } from '../machinery/emptied.js';
import { semanticEqual } from '../machinery/equal.js';
import { isObject, type JsonObject, type JsonValue } from '../machinery/json.js';
import { findType } from './index.js';
import type { FieldDef, TypeDef, TypeRef } from './types.js';

/** Definition name of what the pods of a workload are made of. */
export const POD_TEMPLATE_SPEC = 'io.k8s.api.core.v1.PodTemplateSpec';

/**
 * As `semanticEqual`, for values of the named type: a pointer to a struct without any field is not the same as none, as in
 * apimachinery's equality.Semantic. Of a type that is not known ('' for custom resources) it is `semanticEqual`.
 */
export function typedEqual(typeName: string, a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  const type = typeName === '' ? undefined : findType(typeName);
  return type === undefined ? semanticEqual(a, b) : equalStructs(type, a, b, false);
}

/**
 * The same of one member of two objects of the named type. With `emptiness` a list or map that was written down empty is
 * not the same as none, as in Go's reflect.DeepEqual.
 */
export function membersEqual(
  typeName: string,
  a: JsonObject,
  b: JsonObject,
  member: string,
  emptiness: boolean,
): boolean {
  const type = typeName === '' ? undefined : findType(typeName);
  return equalFields(type?.fields.get(member), a, b, member, emptiness);
}

const NOTHING: JsonObject = {};

function equalStructs(type: TypeDef, a: JsonValue | undefined, b: JsonValue | undefined, emptiness: boolean): boolean {
  if (a === b) return true;
  const left = isObject(a) ? a : NOTHING;
  const right = isObject(b) ? b : NOTHING;
  const same = (key: string): boolean => equalFields(type.fields.get(key), left, right, key, emptiness);
  for (const key in left) if (!same(key)) return false;
  for (const key in right) if (left[key] === undefined && !same(key)) return false;
  // What was left out as empty is no member any more.
  if (emptiness) for (const key of type.fields.keys()) if (!same(key)) return false;
  return true;
}

function equalFields(
  field: FieldDef | undefined,
  left: JsonObject,
  right: JsonObject,
  name: string,
  emptiness: boolean,
): boolean {
  const [a, b] = [left[name], right[name]];
  if (field === undefined) return semanticEqual(a, b);
  if (field.pointer === true && field.ref.k === 'message' && isObject(a) !== isObject(b)) return false;
  if (emptiness && (a ?? b) === undefined && (field.ref.k === 'list' || field.ref.k === 'map')) {
    return (emptiedAt(left, name) === undefined) === (emptiedAt(right, name) === undefined);
  }
  return equalValues(field.ref, a, b, emptiness);
}

function equalValues(ref: TypeRef, a: JsonValue | undefined, b: JsonValue | undefined, emptiness: boolean): boolean {
  if (ref.k === 'message') {
    const type = findType(ref.type);
    return type === undefined ? semanticEqual(a, b) : equalStructs(type, a, b, emptiness);
  }
  if (ref.k === 'scalar' || ref.of.k === 'scalar') return semanticEqual(a, b);
  const { of } = ref;
  if (ref.k === 'list') {
    const [left, right] = [Array.isArray(a) ? a : [], Array.isArray(b) ? b : []];
    return left.length === right.length && left.every((item, at) => equalValues(of, item, right[at], emptiness));
  }
  const [left, right] = [isObject(a) ? a : NOTHING, isObject(b) ? b : NOTHING];
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && equalValues(of, left[key], right[key], emptiness))
  );
}
