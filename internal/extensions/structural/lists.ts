import { duplicate, type FieldError } from '../../machinery/field.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { propertyOf } from './schema.js';
import { anyItemsOf, at, below, namesIn, valuesOf } from './walk.js';

/** An item in a form in which equal ones are equal texts. */
export function identity(value: JsonValue | undefined): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(identity).join(',')}]`;
  if (isObject(value)) {
    const keys = Object.keys(value)
      .filter((k) => value[k] !== undefined)
      .sort();
    return `{${keys.map((k) => `${JSON.stringify(k)}:${identity(value[k])}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** The values of a map list's keys; defaults stand in for those that an item leaves out. */
export function keysOf(item: JsonValue, schema: JsonObject): JsonObject {
  const out: JsonObject = {};
  const items = anyItemsOf(schema);
  for (const name of namesIn(schema, 'x-kubernetes-list-map-keys')) {
    const value = isObject(item) ? item[name] : undefined;
    const filled = value ?? propertyOf(items, name)?.['default'];
    if (filled !== undefined) out[name] = filled;
  }
  return out;
}

/** The text by which items of a map list correspond. */
export const keyText = (item: JsonValue, schema: JsonObject): string => identity(keysOf(item, schema));

/** Field errors of items that are twice in a list of type set or map. */
export function listErrors(value: JsonValue | undefined, schema: JsonObject, path = ''): FieldError[] {
  const out: FieldError[] = [];
  collect(value, schema, path, out);
  return out;
}

function collect(value: JsonValue | undefined, schema: JsonObject, path: string, out: FieldError[]): void {
  if (Array.isArray(value)) {
    const type = schema['x-kubernetes-list-type'];
    if (type === 'set' || type === 'map') {
      const seen = new Map<string, number>();
      value.forEach((item, i) => {
        const id = type === 'set' ? identity(item) : keyText(item, schema);
        const times = seen.get(id) ?? 0;
        // Each is told once, however often it is there again.
        if (times === 1) out.push(duplicate(at(path, i), type === 'set' ? item : keysOf(item, schema)));
        seen.set(id, times + 1);
      });
    }
    value.forEach((item, i) => collect(item, anyItemsOf(schema), at(path, i), out));
    return;
  }
  if (!isObject(value)) return;
  const values = valuesOf(schema);
  for (const [name, member] of Object.entries(value)) {
    const property = propertyOf(schema, name);
    if (property !== undefined) collect(member, property, below(path, name), out);
    else if (values !== undefined) collect(member, values, at(path, name), out);
  }
}
