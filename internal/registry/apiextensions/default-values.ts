import { append } from '../../machinery/append.js';
import {
  additionalOf,
  isEmbedded,
  itemsOf,
  preservesUnknown,
  propertiesOf,
  propertyOf,
  type Schema,
} from '../../extensions/structural/schema.js';
import { valueErrors } from '../../extensions/structural/values.js';
import type { Breath } from '../../machinery/breathe.js';
import { type FieldError, invalidValue } from '../../machinery/field.js';
import type { Flow } from '../../machinery/flow.js';
import { type JsonValue, isObject } from '../../machinery/json.js';

const META = new Set(['apiVersion', 'kind', 'metadata']);

/** Whether a value has a field that the schema would drop. */
function hasUnknown(s: Schema, v: JsonValue): boolean {
  if (Array.isArray(v)) {
    const items = itemsOf(s);
    return items !== undefined && v.some((x) => hasUnknown(items, x));
  }
  if (!isObject(v)) return false;
  const additional = additionalOf(s);
  return Object.keys(v).some((k) => {
    if (isEmbedded(s) && META.has(k)) return false;
    const sub = propertyOf(s, k) ?? additional;
    if (sub === undefined) return !preservesUnknown(s) && s['additionalProperties'] !== true;
    return hasUnknown(sub, v[k] ?? null);
  });
}

/** Field errors of the defaults in a structural schema: each must be a value that the schema itself accepts and keeps. */
export function* defaultErrors(s: Schema, at: string, breath: Breath): Flow<FieldError[]> {
  const out: FieldError[] = [];
  if (breath.isDue()) yield breath.rest();
  const value = s['default'];
  if (value !== undefined) {
    const where = `${at}.default`;
    if (hasUnknown(s, value)) out.push(invalidValue(where, value, 'must not have unknown fields'));
    append(out, yield* valueErrors(s, value, where, undefined, breath));
  }
  const items = itemsOf(s);
  if (items !== undefined) append(out, yield* defaultErrors(items, `${at}.items`, breath));
  for (const [name, sub] of propertiesOf(s)) {
    append(out, yield* defaultErrors(sub, `${at}.properties[${name}]`, breath));
  }
  return out;
}
