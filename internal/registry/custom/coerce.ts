import { applyDefaults, dropForbiddenNulls, hasDefaults } from '../../extensions/structural/defaults.js';
import { prune } from '../../extensions/structural/prune.js';
import { str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { badRequest } from '../../machinery/status.js';
import { decodeJson, encodeJson, type FieldValidation } from '../../schema/codec/index.js';
import type { ResourceDef } from '../../schema/types.js';

const META_TYPE = 'io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata';
const META_HEAD = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' };

/** Metadata in its own form; what it does not know goes to `unknown`. Throws 400 when it has another type. */
function coerceMetadata(obj: JsonObject, unknown: string[]): void {
  const { metadata } = obj;
  if (metadata === undefined || metadata === null) {
    delete obj['metadata'];
    return;
  }
  const body = encodeJson({ ...META_HEAD, metadata });
  const decoded = decodeJson(body, META_TYPE, 'Warn');
  obj['metadata'] = decoded.object['metadata'];
  for (const warning of decoded.warnings) {
    const m = /^unknown field "(.*)"$/.exec(warning);
    if (m?.[1] !== undefined) unknown.push(m[1]);
  }
}

/**
 * Brings a decoded object to the schema of its version: prunes what is unknown (told, or with Strict a 400), metadata in
 * its own form. Throws 400.
 */
export function coerceTo(schema: JsonObject, def: ResourceDef) {
  const apiVersion = `${def.group}/${def.version}`;
  return (obj: JsonObject, validation: FieldValidation, warnings: string[]): void => {
    if (obj['apiVersion'] !== apiVersion) {
      throw badRequest(
        `the API version in the data (${str(obj, 'apiVersion')}) does not match the expected API version (${apiVersion})`,
      );
    }
    const unknown: string[] = [];
    prune(obj, schema, unknown);
    coerceMetadata(obj, unknown);
    if (unknown.length === 0 || validation === 'Ignore') return;
    const told = unknown.sort().map((path) => `unknown field "${path}"`);
    if (validation === 'Warn') warnings.push(...told);
    else {
      throw badRequest(
        `${def.kind} in version "${def.version}" cannot be handled as a ${def.kind}: strict decoding error: ${told.join(', ')}`,
      );
    }
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
