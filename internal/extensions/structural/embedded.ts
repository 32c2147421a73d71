import { type FieldError, invalidValue, required } from '../../machinery/field.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { dns1035Label } from '../../machinery/names.js';
import { additionalOf, isEmbedded, itemsOf, propertiesOf, propertyOf } from './schema.js';
import { anyItemsOf, at, below, valuesOf } from './walk.js';

/** Whether a value of this schema can hold an embedded resource below its root. */
export function hasEmbedded(schema: JsonObject): boolean {
  const parts = [itemsOf(schema), additionalOf(schema), ...propertiesOf(schema).map(([, part]) => part)];
  return parts.some((part) => part !== undefined && (isEmbedded(part) || hasEmbedded(part)));
}

/** Calls `visit` with each embedded resource of a value and its path, the outer ones first. */
export function eachEmbedded(
  value: JsonValue | undefined,
  schema: JsonObject,
  visit: (resource: JsonObject, path: string) => void,
  path = '',
): void {
  if (Array.isArray(value)) {
    value.forEach((item, i) => eachEmbedded(item, anyItemsOf(schema), visit, at(path, i)));
    return;
  }
  if (!isObject(value)) return;
  if (isEmbedded(schema)) visit(value, path);
  const values = valuesOf(schema);
  for (const [name, member] of Object.entries(value)) {
    const property = propertyOf(schema, name);
    if (property !== undefined) eachEmbedded(member, property, visit, below(path, name));
    else if (values !== undefined) eachEmbedded(member, values, visit, at(path, name));
  }
}

/** Field errors of an embedded resource that does not say what it is, or says it wrongly (validateEmbeddedResource). */
export function headErrors(resource: JsonObject, path: string): FieldError[] {
  const out: FieldError[] = [];
  for (const name of ['apiVersion', 'kind'] as const) {
    const text = resource[name];
    if (typeof text !== 'string' || text === '') {
      out.push(required(below(path, name)));
      continue;
    }
    const slashes = text.split('/').length - 1;
    if (name === 'apiVersion' && slashes > 1) {
      out.push(invalidValue(below(path, name), text, `unexpected GroupVersion string: ${text}`));
    }
    const why = name === 'kind' ? dns1035Label(text.toLowerCase()) : [];
    if (why.length > 0) {
      const detail = `may have mixed case, but should otherwise match: ${why.join(',')}`;
      out.push(invalidValue(below(path, name), text, detail));
    }
  }
  return out;
}
