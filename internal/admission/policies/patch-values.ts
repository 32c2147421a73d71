import { CelList, CelMap, toJson, Uint, type Value } from '../../cel/index.js';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { JsonPatchValue, ObjectValue } from '../expressions/patch-types.js';

/** What an expression made that cannot be used. */
export class PatchFailure extends Error {}

/**
 * Whether objects inside an `Object` are of the types that their places have: below field `spec` of `Object` stands an
 * `Object.spec`, in lists and maps too. Throws PatchFailure with all that are not.
 */
export function checkTypeNames(value: ObjectValue): void {
  const errors: string[] = [];
  collect(value, value.typeName, errors);
  if (errors.length > 0) throw new PatchFailure(`type mismatch: ${errors.join('\n')}`);
}

function collect(value: Value, path: string, errors: string[]): void {
  if (value instanceof ObjectValue) {
    if (value.typeName !== path) {
      errors.push(
        `unexpected type name ${JSON.stringify(value.typeName)}, expected ${JSON.stringify(path)}, which matches field name path from root Object type`,
      );
    }
    for (const [name, field] of value.fields) collect(field, `${path}.${name}`, errors);
  } else if (value instanceof CelList) {
    for (let i = 0; i < value.size; i++) collect(value.at(i), path, errors);
  } else if (value instanceof CelMap) {
    for (const key of value.keys()) {
      const item = value.get(key);
      if (item !== undefined) collect(item, path, errors);
    }
  }
}

/** The fields of an ApplyConfiguration as JSON. Null becomes 0, which kube-apiserver's conversion makes of it. */
export function applyJson(value: Value): JsonValue {
  if (value === null) return 0;
  if (value instanceof CelList) {
    const items: JsonValue[] = [];
    for (let i = 0; i < value.size; i++) items.push(applyJson(value.at(i)));
    return items;
  }
  if (!(value instanceof CelMap)) return toJson(value) ?? null;
  const out: JsonObject = Object.create(null) as JsonObject;
  for (const key of value.keys()) {
    if (typeof key !== 'string') throw new PatchFailure(`map key ${JSON.stringify(toJson(key))} is not a string`);
    const item = value.get(key);
    if (item !== undefined) out[key] = applyJson(item);
  }
  return Object.fromEntries(Object.entries(out));
}

/** Whole numbers beyond 2^53 are texts in protobuf's JSON values. */
function patchJson(value: Value): JsonValue {
  const number = value instanceof Uint ? value.value : value;
  if (typeof number === 'bigint' && !Number.isSafeInteger(Number(number))) return number.toString();
  return toJson(value) ?? null;
}

/** The operations that an expression of type list(JSONPatch) came to. Throws PatchFailure. */
export function jsonPatchOf(value: Value): JsonObject[] {
  if (!(value instanceof CelList)) {
    throw new PatchFailure('type mismatch: JSONPatchType.expression should evaluate to array');
  }
  const operations: JsonObject[] = [];
  for (let i = 0; i < value.size; i++) {
    const operation = value.at(i);
    if (!(operation instanceof JsonPatchValue)) {
      throw new PatchFailure('type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch');
    }
    operations.push(operationOf(operation));
  }
  return operations;
}

function operationOf({ fields }: JsonPatchValue): JsonObject {
  const text = (name: string): string => {
    const value = fields.get(name);
    return typeof value === 'string' ? value : '';
  };
  const operation: JsonObject = { op: text('op'), path: text('path') };
  if (text('from') !== '') operation['from'] = text('from');
  const value = fields.get('value');
  if (value === undefined) return operation;
  if (value instanceof ObjectValue) checkTypeNames(value);
  operation['value'] = patchJson(value);
  return operation;
}
