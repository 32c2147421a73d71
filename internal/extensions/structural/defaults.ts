import { cloneJson } from '../../machinery/equal.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { requestEntityTooLarge } from '../../machinery/status.js';
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

/** Members and items, and characters of JSON, that defaults may add to one object: as many as a body may have members. */
const MAX_VALUES = 65_536;
const MAX_LENGTH = 3 * 1024 * 1024;

/** A default of a schema, and what each copy of it adds. */
interface Default {
  readonly value: JsonValue;
  readonly values: number;
  readonly length: number;
}

const countOf = (value: JsonValue | undefined): number =>
  typeof value === 'object' && value !== null
    ? (Array.isArray(value) ? value : Object.values(value)).reduce((n: number, inner) => n + countOf(inner), 1)
    : 1;

function defaultOf(schema: JsonObject): Default | undefined {
  const value = schema['default'];
  if (value === undefined || value === null) return undefined;
  const text = JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? String(v) : v));
  return { value, values: countOf(value), length: text.length };
}

/** The properties with a default, by name; made once for each schema, for its objects may be many. */
const defaultedIn = new WeakMap<JsonObject, ReadonlyMap<string, Default>>();

function defaultsIn(properties: JsonObject): ReadonlyMap<string, Default> {
  let defaults = defaultedIn.get(properties);
  if (defaults === undefined) {
    defaults = new Map(
      Object.entries(properties).flatMap(([name, property]): [string, Default][] => {
        const filled = isObject(property) ? defaultOf(property) : undefined;
        return filled === undefined ? [] : [[name, filled]];
      }),
    );
    defaultedIn.set(properties, defaults);
  }
  return defaults;
}

class Filling {
  private values = 0;
  private length = 0;

  private copy({ value, values, length }: Default): JsonValue {
    this.values += values;
    this.length += length;
    if (this.values > MAX_VALUES) throw requestEntityTooLarge(`limit is ${MAX_VALUES} values, with defaults`);
    if (this.length > MAX_LENGTH) throw requestEntityTooLarge(`limit is ${MAX_LENGTH} bytes, with defaults`);
    return cloneJson(value);
  }

  /** What stands in the place of a null that the schema does not allow. */
  private insteadOfNull(schema: JsonObject): JsonValue {
    const filled = defaultOf(schema);
    return filled === undefined ? null : this.copy(filled);
  }

  fill(value: JsonValue | undefined, schema: JsonObject): void {
    if (Array.isArray(value)) {
      const items = anyItemsOf(schema);
      for (let i = 0; i < value.length; i++) {
        if (isForbiddenNull(value[i], items)) value[i] = this.insteadOfNull(items);
        this.fill(value[i], items);
      }
      return;
    }
    if (!isObject(value)) return;
    const { properties } = schema;
    if (isObject(properties)) {
      for (const [name, filled] of defaultsIn(properties)) {
        if (value[name] === undefined) value[name] = this.copy(filled);
      }
    }
    const values = valuesOf(schema);
    for (const name of Object.keys(value)) {
      // Most are scalars, of which nothing is to be filled.
      if (typeof value[name] !== 'object') continue;
      const inner = propertyOf(schema, name) ?? values;
      if (inner === undefined) continue;
      if (isForbiddenNull(value[name], inner)) value[name] = this.insteadOfNull(inner);
      this.fill(value[name], inner);
    }
  }
}

/**
 * Fills what is absent, or null and not nullable, from the schema's defaults, in place (structural defaulting). Throws 413
 * for more than one body may have: a definition has defaults for each of many items.
 */
export function applyDefaults(value: JsonValue | undefined, schema: JsonObject): void {
  new Filling().fill(value, schema);
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
    if (typeof value[name] !== 'object') continue;
    const property = propertyOf(schema, name) ?? values;
    if (property === undefined) continue;
    if (isForbiddenNull(value[name], property) && property['default'] === undefined) delete value[name];
    else dropForbiddenNulls(value[name], property);
  }
}
