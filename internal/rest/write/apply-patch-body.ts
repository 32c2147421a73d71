import { append } from '../../machinery/append.js';
import { cloneJson } from '../../machinery/equal.js';
import { invalid, invalidValue } from '../../machinery/field.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { badRequest, StatusError } from '../../machinery/status.js';
import { decodeValue, type FieldValidation, JsonSyntaxError, jsonText, parseJson } from '../../schema/codec/index.js';
import { goText, jsonPatch, mergePatch, strategicMergePatch } from '../../schema/patch/index.js';
import type { GroupVersionKind } from '../../schema/types.js';
import type { PatchType } from './patch-types.js';

/** The type that a patched object must still be of. */
export interface PatchedType {
  /** Definition name; '' for custom resources. */
  readonly type: string;
  readonly gvk: GroupVersionKind;
}

const GO_NAMES: Readonly<Record<string, string>> = { boolean: 'bool', number: 'number', string: 'string' };

/** Reads the body of a JSON, merge or strategic merge patch. Throws 400. */
export function readPatch(body: Buffer, patchType: PatchType): JsonValue {
  let patch: JsonValue;
  try {
    patch = parseJson(body);
  } catch (e) {
    if (!(e instanceof JsonSyntaxError)) throw e;
    throw badRequest(patchType === 'json' ? e.message : `error decoding patch: ${e.message}`);
  }
  if (patchType !== 'json' && !isObject(patch)) {
    if (patch === null) return {};
    const what = Array.isArray(patch) ? 'array' : (GO_NAMES[typeof patch] ?? 'value');
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${what} into Go value of type map[string]interface {}`,
    );
  }
  return patch;
}

const GO_KINDS: Readonly<Record<string, string>> = { object: 'map', array: 'slice', number: 'int64' };

/** A type error of the JSON decoder in the words of the converter that strategic merge uses (runtime.FromUnstructured). */
function restoreText(text: string): string {
  const m = /^json: cannot unmarshal (\w+) into Go .* of type (\S+)$/.exec(text);
  if (m === null) return text;
  const [, got = '', wanted = ''] = m;
  const kind = GO_KINDS[got] ?? got;
  if (wanted.startsWith('map[')) return `cannot restore map from ${kind}`;
  if (wanted.startsWith('[]')) return `cannot restore slice from ${kind}`;
  if (wanted.includes('.')) return `cannot restore struct from: ${kind}`;
  if (got === 'number' && wanted === 'string') return 'cannot convert int64 to string';
  return `unrecognized type: ${wanted}`;
}

/** What a patch makes of an object, as a value of its own: no part of it is shared. */
function applied(
  object: JsonObject,
  patch: JsonValue,
  patchType: PatchType,
  type: string,
): JsonObject | Promise<JsonObject> {
  if (patchType === 'json') return jsonPatch(object, patch);
  const change = isObject(patch) ? patch : {};
  return patchType === 'strategic' ? strategicMergePatch(object, change, type) : cloneJson(mergePatch(object, change));
}

/**
 * Applies a patch to an object of the request's version and decodes what comes out as that type again: normal forms,
 * no unknown fields. `object` is not changed. Throws 422 when the patch does not fit the object or its type.
 */
export async function patchObject(
  object: JsonObject,
  patch: JsonValue,
  patchType: PatchType,
  target: PatchedType,
  validation: FieldValidation,
  warnings: string[],
): Promise<JsonObject> {
  const patched = await applied(object, patch, patchType, target.type);
  // An untyped object is what it is; its own schema is looked at later.
  if (target.type === '') return patched;
  try {
    const decoded = decodeValue(patched, target.type, validation, target.gvk);
    append(warnings, decoded.warnings);
    return decoded.object;
  } catch (e) {
    if (!(e instanceof StatusError) || e.code !== 400) throw e;
    // The value that is wrong is the patch itself for strategic merge, what it made of the object otherwise.
    // Decoding has used up the first one.
    const shown =
      patchType === 'strategic' ? goText(patch) : jsonText(await applied(object, patch, patchType, target.type));
    const text = e.message.replace(/^.*? cannot be handled as an? [^:]+: /s, '');
    const why = patchType === 'strategic' ? restoreText(text) : text;
    throw invalid({ group: '', kind: '' }, '', [invalidValue('patch', shown, why)]);
  }
}
