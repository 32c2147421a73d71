import { eachEmbedded, hasEmbedded, headErrors } from '../../extensions/structural/embedded.js';
import { append } from '../../machinery/append.js';
import type { FieldError } from '../../machinery/field.js';
import { isObject, type JsonObject } from '../../machinery/json.js';
import { type MetaRules, objectMetaErrors } from '../generic/object-meta.js';

const RULES: MetaRules = { namespaced: false, nameRule: 'pathSegment', anyFinalizer: true };

/**
 * Field errors of the embedded resources of a custom resource: what they are, and their metadata
 * (apiextensions' objectmeta.Validate). Undefined when the schema has none.
 */
export function embeddedErrorsOf(schema: JsonObject): ((object: JsonObject) => FieldError[]) | undefined {
  if (!hasEmbedded(schema)) return undefined;
  return (object) => {
    const out: FieldError[] = [];
    eachEmbedded(object, schema, (resource, path) => {
      append(out, headErrors(resource, path));
      const { metadata } = resource;
      if (!isObject(metadata)) return;
      const { namespace } = metadata;
      const namespaced = typeof namespace === 'string' && namespace !== '';
      // A resource inside of another needs no name.
      const meta =
        metadata['name'] === undefined || metadata['name'] === '' ? { ...metadata, name: 'fakename' } : metadata;
      for (const e of objectMetaErrors(meta, { ...RULES, namespaced })) out.push({ ...e, field: `${path}.${e.field}` });
    });
    return out;
  };
}
