import { append } from '../../machinery/append.js';
import { applyDefaults, dropForbiddenNulls, hasDefaults } from '../../extensions/structural/defaults.js';
import { eachEmbedded, hasEmbedded } from '../../extensions/structural/embedded.js';
import { prune } from '../../extensions/structural/prune.js';
import { str } from '../../machinery/access.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { badRequest, StatusError } from '../../machinery/status.js';
import { decodeJson, encodeJson, type FieldValidation, jsonText, objectText } from '../../schema/codec/index.js';
import type { ResourceDef } from '../../schema/types.js';

const META_TYPE = 'io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata';
const META_HEAD = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' };

const META_HEAD_TEXT = `${JSON.stringify(META_HEAD).slice(0, -1)},"metadata":`;

/** Metadata in its own form; what it does not know goes to `unknown`. Throws Error with the decoder's reason. */
function decodeMeta(metadata: JsonValue, unknown: (path: string) => void): JsonValue | undefined {
  try {
    return decodeMetaText(encodeJson({ ...META_HEAD, metadata }), unknown);
  } catch (e) {
    // kube-apiserver sorts the members before it decodes them, and tells what is wrong with the first.
    if (e instanceof MetadataError && isObject(metadata)) {
      decodeMetaText(Buffer.from(`${META_HEAD_TEXT}${objectText(metadata)}}`), () => undefined);
    }
    throw e;
  }
}

function decodeMetaText(body: Buffer, unknown: (path: string) => void): JsonValue | undefined {
  try {
    const decoded = decodeJson(body, META_TYPE, 'Warn');
    for (const warning of decoded.warnings) {
      const m = /^unknown field "(.*)"$/.exec(warning);
      if (m?.[1] !== undefined) unknown(m[1]);
    }
    return decoded.object['metadata'];
  } catch (e) {
    if (!(e instanceof StatusError)) throw e;
    const why = e.message.replace(/^.*? cannot be handled as a PartialObjectMetadata: /s, '');
    throw new MetadataError(why.replace('field ObjectMeta.metadata.', 'field ObjectMeta.'));
  }
}

/** Why metadata could not be decoded. */
class MetadataError extends Error {}

const cannotBeHandled = (def: ResourceDef, why: string): StatusError =>
  badRequest(`${def.kind} in version "${def.version}" cannot be handled as a ${def.kind}: ${why}`);

/** Metadata in its own form; what it does not know goes to `unknown`. Throws 400 when it has another type. */
function coerceMetadata(obj: JsonObject, def: ResourceDef, unknown: string[]): void {
  const { metadata } = obj;
  if (metadata === undefined || metadata === null) {
    delete obj['metadata'];
    return;
  }
  try {
    obj['metadata'] = decodeMeta(metadata, (path) => unknown.push(path));
  } catch (e) {
    if (e instanceof MetadataError) throw cannotBeHandled(def, e.message);
    throw e;
  }
}

/** The same for the metadata of embedded resources. */
function coerceEmbedded(obj: JsonObject, schema: JsonObject, def: ResourceDef, unknown: string[]): void {
  eachEmbedded(obj, schema, (resource, path) => {
    const { metadata } = resource;
    if (metadata === undefined || metadata === null) return;
    try {
      resource['metadata'] = decodeMeta(metadata, (field) => unknown.push(`${path}.${field}`));
    } catch (e) {
      if (!(e instanceof MetadataError)) throw e;
      const shown = isObject(metadata) ? objectText(metadata) : jsonText(metadata);
      throw cannotBeHandled(def, `${path}.metadata: Invalid value: ${shown}: ${e.message}`);
    }
  });
}

/**
 * Brings a decoded object to the schema of its version: prunes what is unknown (told, or with Strict a 400), metadata in
 * its own form. Throws 400.
 */
export function coerceTo(schema: JsonObject, def: ResourceDef) {
  const apiVersion = `${def.group}/${def.version}`;
  const embedded = hasEmbedded(schema);
  return (obj: JsonObject, validation: FieldValidation, warnings: string[]): void => {
    if (obj['apiVersion'] !== apiVersion) {
      throw badRequest(
        `the API version in the data (${str(obj, 'apiVersion')}) does not match the expected API version (${apiVersion})`,
      );
    }
    const unknown: string[] = [];
    prune(obj, schema, unknown);
    coerceMetadata(obj, def, unknown);
    if (embedded) coerceEmbedded(obj, schema, def, unknown);
    if (unknown.length === 0 || validation === 'Ignore') return;
    const told = unknown.sort().map((path) => `unknown field "${path}"`);
    if (validation === 'Warn') append(warnings, told);
    else throw cannotBeHandled(def, `strict decoding error: ${told.join(', ')}`);
  };
}

/** Fills what the schema has defaults for, and drops nulls that it does not allow. */
export function defaultsOf(schema: JsonObject): (obj: JsonObject) => void {
  const defaulted = hasDefaults(schema);
  return (obj) => {
    if (defaulted) applyDefaults(obj, schema);
    dropForbiddenNulls(obj, schema);
  };
}
