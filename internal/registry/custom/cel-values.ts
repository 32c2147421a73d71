import { propertyOf } from '../../extensions/structural/schema.js';
import { anyItemsOf, valuesOf } from '../../extensions/structural/walk.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';

/** Words that CEL keeps for itself: a property of that name is written with underscores around it. */
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** How CEL names a property (cel-go's escaping in Kubernetes' model); undefined when it cannot be named. */
export function celName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`;
  const escaped = name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
  return /^[A-Za-z_]\w*$/.test(escaped) ? escaped : undefined;
}

/** A JSON value as CEL sees it: integers are int64 (BigInt), numbers double, date-time strings time stamps. */
export function celValue(value: JsonValue | undefined, schema: JsonObject): unknown {
  switch (typeof value) {
    case 'number':
      if (schema['type'] === 'number') return value;
      return Number.isInteger(value) ? BigInt(value) : value;
    case 'string':
      if (schema['format'] === 'date-time') {
        const at = new Date(value);
        return Number.isNaN(at.getTime()) ? value : at;
      }
      return value;
    case 'object':
      break;
    case 'bigint':
    case 'boolean':
    case 'undefined':
    case 'function':
    case 'symbol':
      return value;
  }
  if (Array.isArray(value)) {
    const items = anyItemsOf(schema);
    return value.map((item) => celValue(item, items));
  }
  if (!isObject(value)) return null;
  const values = valuesOf(schema);
  const out: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const property = propertyOf(schema, key);
    // Keys of maps are data, and stand as they are.
    const name = property === undefined ? key : celName(key);
    if (name !== undefined) out[name] = celValue(member, property ?? values ?? {});
  }
  return out;
}
