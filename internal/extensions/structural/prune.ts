import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { isEmbedded, preservesUnknown, propertyOf } from './schema.js';
import { anyItemsOf, at, below, valuesOf } from './walk.js';

const HEAD = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * Removes what the schema does not know, in place; `unknown` gets the paths of what was removed. An embedded resource
 * (and the object itself) keeps apiVersion, kind and metadata. Rules of apiextensions' structural pruning.
 */
export function prune(object: JsonObject, schema: JsonObject, unknown: string[]): void {
  pruneObject(object, schema, '', true, unknown);
}

/** `inherited`: the list that the value is an item of keeps what it does not know, and so does the item. */
function pruneValue(
  value: JsonValue | undefined,
  schema: JsonObject,
  path: string,
  unknown: string[],
  inherited = false,
): void {
  const open = inherited || preservesUnknown(schema);
  if (Array.isArray(value)) {
    const items = anyItemsOf(schema);
    value.forEach((item, i) => {
      pruneValue(item, items, at(path, i), unknown, open);
    });
  } else if (isObject(value)) pruneObject(value, schema, path, isEmbedded(schema), unknown, open);
}

function pruneObject(
  object: JsonObject,
  schema: JsonObject,
  path: string,
  embedded: boolean,
  unknown: string[],
  open = preservesUnknown(schema),
): void {
  const values = valuesOf(schema);
  for (const name of Object.keys(object)) {
    // metadata is brought into form by its own type
    if (embedded && HEAD.has(name)) continue;
    const property = propertyOf(schema, name) ?? values;
    if (property !== undefined) pruneValue(object[name], property, below(path, name), unknown);
    else if (!open) {
      unknown.push(below(path, name));
      delete object[name];
    }
  }
}
