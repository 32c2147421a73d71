import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';

/** A JSONSchemaProps as it is written in a CustomResourceDefinition. */
export type Schema = JsonObject;

const schemaAt = (v: JsonValue | undefined): Schema | undefined => (isObject(v) ? v : undefined);

/** The schema of the items of a list, undefined when there is none or a list of them. */
export const itemsOf = (s: Schema): Schema | undefined => schemaAt(s['items']);

/** The schemas of the fields, by name in order. */
export function propertiesOf(s: Schema): [string, Schema][] {
  const properties = s['properties'];
  if (!isObject(properties)) return [];
  return Object.keys(properties)
    .sort()
    .map((k) => [k, schemaAt(properties[k]) ?? {}]);
}

/** The schema of one field. */
export function propertyOf(s: Schema, name: string): Schema | undefined {
  const properties = s['properties'];
  return isObject(properties) && Object.hasOwn(properties, name) ? schemaAt(properties[name]) : undefined;
}

/** The schema that fields without one of their own have; undefined when there is none or only a yes or no. */
export const additionalOf = (s: Schema): Schema | undefined => schemaAt(s['additionalProperties']);

/** The schemas of `allOf`, `anyOf` or `oneOf`. */
export function schemasAt(s: Schema, key: string): Schema[] {
  const list = s[key];
  return Array.isArray(list) ? list.map((x) => schemaAt(x) ?? {}) : [];
}

export const notOf = (s: Schema): Schema | undefined => schemaAt(s['not']);

export function typeOf(s: Schema): string {
  const type = s['type'];
  return typeof type === 'string' ? type : '';
}

export const isIntOrString = (s: Schema): boolean => s['x-kubernetes-int-or-string'] === true;
export const preservesUnknown = (s: Schema): boolean => s['x-kubernetes-preserve-unknown-fields'] === true;
export const isEmbedded = (s: Schema): boolean => s['x-kubernetes-embedded-resource'] === true;
