import { type FieldError, required } from '../../machinery/field.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { isEmbedded, propertyOf } from './schema.js';
import { anyItemsOf, at, below, valuesOf } from './walk.js';

/** Complaints about embedded resources that do not say what they are. */
export function embeddedErrors(value: JsonValue | undefined, schema: JsonObject, path = ''): FieldError[] {
  const out: FieldError[] = [];
  collect(value, schema, path, out);
  return out;
}

function collect(value: JsonValue | undefined, schema: JsonObject, path: string, out: FieldError[]): void {
  if (Array.isArray(value)) {
    value.forEach((item, i) => collect(item, anyItemsOf(schema), at(path, i), out));
    return;
  }
  if (!isObject(value)) return;
  if (isEmbedded(schema)) {
    for (const name of ['apiVersion', 'kind']) {
      const text = value[name];
      if (typeof text !== 'string' || text === '') out.push(required(below(path, name)));
    }
  }
  const values = valuesOf(schema);
  for (const [name, member] of Object.entries(value)) {
    const property = propertyOf(schema, name);
    if (property !== undefined) collect(member, property, below(path, name), out);
    else if (values !== undefined) collect(member, values, at(path, name), out);
  }
}
