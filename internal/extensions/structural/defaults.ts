import { cloneJson } from '../../machinery/equal.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { propertyOf } from './schema.js';
import { anyItemsOf, isForbiddenNull, valuesOf } from './walk.js';

/**
 * Whether a schema has any default: most need no walk. Also true where a null may have to go.
 */
export function hasDefaults(schema: JsonObject): boolean {
  if (schema['default'] !== undefined) return true;
  const properties = schema['properties'];
  if (isObject(properties) && Object.values(properties).some((p) => isObject(p) && hasDefaults(p))) return true;
  const values = valuesOf(schema);
  if (values !== undefined && hasDefaults(values)) return true;
  return isObject(schema['items']) && hasDefaults(schema['items']);
}

function copyOf(schema: JsonObject): JsonValue | undefined {
  const value = schema['default'];
  return value === undefined || value === null ? undefined : cloneJson(value);
}

/** Fills what is absent, or null and not nullable, from the schema's defaults, in place (structural defaulting). */
export function applyDefaults(value: JsonValue | undefined, schema: JsonObject): void {
  if (Array.isArray(value)) {
    const items = anyItemsOf(schema);
    for (let i = 0; i < value.length; i++) {
      if (isForbiddenNull(value[i], items)) value[i] = copyOf(items) ?? null;
      applyDefaults(value[i], items);
    }
    return;
  }
  if (!isObject(value)) return;
  const properties = schema['properties'];
  if (isObject(properties)) {
    for (const [name, property] of Object.entries(properties)) {
      if (!isObject(property)) continue;
      if (value[name] === undefined || isForbiddenNull(value[name], property)) {
        const filled = copyOf(property);
        if (filled !== undefined) value[name] = filled;
      }
    }
  }
  const values = valuesOf(schema);
  for (const name of Object.keys(value)) {
    const property = propertyOf(schema, name);
    if (property !== undefined) applyDefaults(value[name], property);
    else if (values !== undefined) {
      if (isForbiddenNull(value[name], values)) value[name] = copyOf(values) ?? null;
      applyDefaults(value[name], values);
    }
  }
}

/** Removes, in place, the nulls of properties and map values that are not nullable and have no default. */
export function dropForbiddenNulls(value: JsonValue | undefined, schema: JsonObject): void {
  if (Array.isArray(value)) {
    for (const item of value) dropForbiddenNulls(item, anyItemsOf(schema));
    return;
  }
  if (!isObject(value)) return;
  const values = valuesOf(schema);
  for (const name of Object.keys(value)) {
    const property = propertyOf(schema, name) ?? values;
    if (property === undefined) continue;
    if (isForbiddenNull(value[name], property) && property['default'] === undefined) delete value[name];
    else dropForbiddenNulls(value[name], property);
  }
}
