import { isObject, type JsonObject, type JsonValue } from '../machinery/json.js';

function dropFrom(object: JsonValue | undefined): void {
  const meta = isObject(object) ? object['metadata'] : undefined;
  if (isObject(meta)) delete meta['managedFields'];
}

/** Takes managedFields out of an object, of each item of a list, of each object of a table's rows. Changes its argument. */
export function dropManagedFields(object: JsonObject): void {
  dropFrom(object);
  for (const item of listOf(object['items'])) dropFrom(item);
  for (const row of listOf(object['rows'])) if (isObject(row)) dropFrom(row['object']);
}

const listOf = (v: JsonValue | undefined): JsonValue[] => (Array.isArray(v) ? v : []);
