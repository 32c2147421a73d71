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
