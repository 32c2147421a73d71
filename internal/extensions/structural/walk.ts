import { isObject, type JsonValue } from '../../machinery/json.js';
import { itemsOf, type Schema } from './schema.js';

/** The schema of the values of a map; undefined when there is none (`additionalProperties: true` has an empty one). */
export function valuesOf(schema: Schema): Schema | undefined {
  const additional = schema['additionalProperties'];
  if (additional === true) return {};
  return isObject(additional) ? additional : undefined;
}

const NOTHING: Schema = {};

/** The schema of the items of a list; an empty one when there is none. */
export const anyItemsOf = (schema: Schema): Schema => itemsOf(schema) ?? NOTHING;

/** The names of the schema's `key`, such as `x-kubernetes-list-map-keys`. */
export function namesIn(schema: Schema, key: string): readonly string[] {
  const list = schema[key];
  return Array.isArray(list) ? list.filter((s): s is string => typeof s === 'string') : [];
}

/** `a.b`, `b` at the root. */
export const below = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);
/** `a[0]`. */
export const at = (path: string, i: number | string): string => `${path}[${i}]`;

/** A value that is null where null is not allowed. */
export function isForbiddenNull(value: JsonValue | undefined, schema: Schema): boolean {
  return value === null && schema['nullable'] !== true;
}
