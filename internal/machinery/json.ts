/** A decoded JSON value. 64-bit integers that a double cannot hold are BigInt (RFC 8259 section 6, API conventions "Primitive types"). */
export type JsonValue = null | boolean | number | bigint | string | JsonValue[] | JsonObject;
/** A decoded JSON object; absent and `undefined` mean the same. */
export interface JsonObject {
  [key: string]: JsonValue | undefined;
}

/** True for a plain JSON object (not null, not a list). */
export function isObject(v: JsonValue | undefined): v is JsonObject {
  return typeof v === 'object' && v !== null && !Array.isArray(v);
}

/**
 * The member of an object that may not have it, for names that clients choose: `constructor` and `toString` are keys like
 * others, and what every object has under them from its prototype is a function, which JSON never is.
 */
export function memberOf(object: JsonObject, name: string): JsonValue | undefined {
  const value: unknown = object[name];
  return typeof value === 'function' ? undefined : object[name];
}
