import { invalid, invalidValue } from '../../machinery/field.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { badRequest, StatusError } from '../../machinery/status.js';
import {
  decodeJson,
  decodeUntyped,
  encodeJson,
  type FieldValidation,
  JsonSyntaxError,
  parseJson,
} from '../../schema/codec/index.js';
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

/**
 * Applies a patch to an object of the request's version and decodes what comes out as that type again: normal forms,
 * no unknown fields. `object` is not changed. Throws 422 when the patch does not fit the object or its type.
 */
export function patchObject(
  object: JsonObject,
  patch: JsonValue,
  patchType: PatchType,
  target: PatchedType,
  validation: FieldValidation,
  warnings: string[],
): JsonObject {
  let patched: JsonObject;
  if (patchType === 'json') patched = jsonPatch(object, patch);
  else {
    const change = isObject(patch) ? patch : {};
    patched = patchType === 'strategic' ? strategicMergePatch(object, change, target.type) : mergePatch(object, change);
  }
  const bytes = encodeJson(patched);
  try {
    const decoded =
      target.type === ''
        ? decodeUntyped(bytes, validation, target.gvk)
        : decodeJson(bytes, target.type, validation, target.gvk);
    warnings.push(...decoded.warnings);
    return decoded.object;
  } catch (e) {
    if (!(e instanceof StatusError) || e.code !== 400) throw e;
    // The value that is wrong is the patch itself for strategic merge, what it made of the object otherwise.
    const shown = patchType === 'strategic' ? goText(patch) : bytes.toString();
    const why = e.message.replace(/^.*? cannot be handled as an? [^:]+: /s, '');
    throw invalid({ group: '', kind: '' }, '', [invalidValue('patch', shown, why)]);
  }
}
