import { isObject, type JsonObject, type JsonValue } from './json.js';

/** The object at `key`, or undefined when there is none. */
export function child(o: JsonObject | undefined, key: string): JsonObject | undefined {
  const v = o?.[key];
  return isObject(v) ? v : undefined;
}

/** The object at `key`, made when it is missing. */
export function ensureChild(o: JsonObject, key: string): JsonObject {
  const v = o[key];
  if (isObject(v)) return v;
  const made: JsonObject = {};
  o[key] = made;
  return made;
}

/** The objects of the list at `key`; none when it is missing. */
export function children(o: JsonObject | undefined, key: string): JsonObject[] {
  const v = o?.[key];
  return Array.isArray(v) ? v.filter(isObject) : [];
}

/** The strings of the list at `key`; none when it is missing. */
export function strings(o: JsonObject | undefined, key: string): string[] {
  const v = o?.[key];
  return Array.isArray(v) ? v.filter((x): x is string => typeof x === 'string') : [];
}

/** The string at `key`, '' when it is missing (Go's zero value). */
export function str(o: JsonObject | undefined, key: string): string {
  const v = o?.[key];
  return typeof v === 'string' ? v : '';
}

/** The number at `key`, undefined when it is missing. */
export function num(o: JsonObject | undefined, key: string): number | undefined {
  const v = o?.[key];
  return typeof v === 'number' ? v : typeof v === 'bigint' ? Number(v) : undefined;
}

/** Sets `key` when it is absent (a nil pointer in Go). */
export function defaultTo(o: JsonObject, key: string, value: JsonValue): void {
  if (o[key] === undefined || o[key] === null) o[key] = value;
}

/** Sets `key` when it is absent or the empty string (Go's zero string). */
export function defaultString(o: JsonObject, key: string, value: string): void {
  if (str(o, key) === '') o[key] = value;
}

/** Sets `key` when it is absent or 0 (Go's zero number). */
export function defaultNumber(o: JsonObject, key: string, value: number): void {
  const v = num(o, key);
  if (v === undefined || v === 0) o[key] = value;
}
