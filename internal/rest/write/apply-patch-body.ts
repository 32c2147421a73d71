import { append } from '../../machinery/append.js';
import { cloneJson } from '../../machinery/equal.js';
import { invalid, invalidValue } from '../../machinery/field.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { badRequest, StatusError } from '../../machinery/status.js';
import {
  type Decoded,
  decodeValue,
  type FieldValidation,
  JsonSyntaxError,
  jsonText,
  parsePatch,
  strictText,
} from '../../schema/codec/index.js';
import { goText, jsonPatch, mergePatch, strategicMergePatch } from '../../schema/patch/index.js';
import { isCustom, type GroupVersionKind } from '../../schema/types.js';
import type { PatchType } from './patch-types.js';
import { decodeText, unstructuredText } from './unstructured-text.js';

/** The type that a patched object must still be of. */
export interface PatchedType {
  /** Definition name; '' for custom resources. */
  readonly type: string;
  readonly gvk: GroupVersionKind;
}

const GO_NAMES: Readonly<Record<string, string>> = { boolean: 'bool', number: 'number', string: 'string' };

/** A patch as the client sent it. */
export interface PatchBody {
  readonly value: JsonValue;
  /** What strict validation has field errors of in the patch itself: `duplicate field "spec.a"`, unknown fields of operations. */
  readonly strict: readonly string[];
}

const OPERATION = new Set(['op', 'path', 'from', 'value']);

/** Members of JSON patch operations that mean nothing, after what occurs twice: both are told as the patch's. */
function operationErrors(patch: JsonValue, duplicates: readonly string[]): string[] {
  const out = duplicates.map((text) => `json patch ${text}`);
  if (!Array.isArray(patch)) return out;
  for (const [i, op] of patch.entries()) {
    if (!isObject(op)) continue;
    for (const name of Object.keys(op)) if (!OPERATION.has(name)) out.push(`json patch unknown field "[${i}].${name}"`);
  }
  return out;
}

/** Go's strict decoder, which all but `Ignore` use, is asked before the patch library, and is named. */
function decoding(patchType: PatchType, validation: FieldValidation, why: string): StatusError {
  const named = patchType !== 'strategic' && validation !== 'Ignore';
  return badRequest(named || patchType === 'merge' ? `error decoding patch: ${why}` : why);
}

/** Reads the body of a JSON, merge or strategic merge patch. Throws 400. */
export function readPatch(body: Buffer, patchType: PatchType, validation: FieldValidation): PatchBody {
  let read: PatchBody;
  try {
    read = parsePatch(body);
  } catch (e) {
    if (!(e instanceof JsonSyntaxError)) throw e;
    throw decoding(patchType, validation, e.message);
  }
  const { value } = read;
  if (patchType === 'json') return { value, strict: operationErrors(value, read.strict) };
  if (isObject(value)) return read;
  if (value === null) return { value: {}, strict: [] };
  const what = Array.isArray(value) ? 'array' : (GO_NAMES[typeof value] ?? 'value');
  throw decoding(patchType, validation, `json: cannot unmarshal ${what} into Go value of type map[string]interface {}`);
}

/** What a patch makes of an object, as a value of its own: no part of it is shared. */
function applied(
  object: JsonObject,
  patch: JsonValue,
  patchType: PatchType,
  type: string,
): JsonObject | Promise<JsonObject> {
  if (patchType === 'json') return jsonPatch(object, patch, type);
  const change = isObject(patch) ? patch : {};
  return patchType === 'strategic' ? strategicMergePatch(object, change, type) : cloneJson(mergePatch(object, change));
}

/**
 * Applies a patch to an object of the request's version and decodes what comes out as that type again: normal forms,
 * no unknown fields. `object` is not changed. Throws 422 when the patch does not fit the object or its type.
 */
export async function patchObject(
  object: JsonObject,
  body: PatchBody,
  patchType: PatchType,
  target: PatchedType,
  validation: FieldValidation,
  warnings: string[],
): Promise<JsonObject> {
  const { value: patch } = body;
  const patched = await applied(object, patch, patchType, target.type);
  const strict = validation === 'Ignore' ? [] : body.strict;
  // An untyped object is what it is; its own schema is looked at later, and what the patch itself has wrong told then.
  if (isCustom(target)) {
    append(warnings, strict);
    return patched;
  }
  const refused = async (why: string): Promise<StatusError> => {
    // The value that is wrong is the patch itself for strategic merge, what it made of the object otherwise.
    // Decoding has used up the first one.
    const shown =
      patchType === 'strategic' ? goText(patch) : jsonText(await applied(object, patch, patchType, target.type));
    return invalid({ group: '', kind: '' }, '', [invalidValue('patch', shown, why)]);
  };
  let decoded: Decoded;
  try {
    decoded = decodeValue(patched, target.type, validation === 'Strict' ? 'Warn' : validation, target.gvk);
  } catch (e) {
    if (!(e instanceof StatusError) || e.code !== 400) throw e;
    throw await refused(patchType === 'strategic' ? unstructuredText(e) : decodeText(e));
  }
  const told = [...strict, ...decoded.warnings];
  if (validation === 'Strict' && told.length > 0) throw await refused(strictText(told));
  append(warnings, told);
  return decoded.object;
}
