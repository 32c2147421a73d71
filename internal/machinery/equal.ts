import { type JsonObject, type JsonValue, isObject } from './json.js';

function isEmpty(v: JsonValue | undefined): boolean {
  if (v === undefined || v === null) return true;
  if (Array.isArray(v)) return v.length === 0;
  if (typeof v !== 'object') return false;
  for (const k in v) if (v[k] !== undefined) return false;
  return true;
}

/** Whether two JSON values are the same, member order aside; an undefined member is an absent one. */
export function deepEqual(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    // 5n and 5 are one number in two forms.
    if (typeof a === 'bigint' && typeof b === 'number') return Number.isInteger(b) && a === BigInt(b);
    if (typeof a === 'number' && typeof b === 'bigint') return Number.isInteger(a) && b === BigInt(a);
    return false;
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!deepEqual(a[i], b[i])) return false;
    return true;
  }
  for (const k in a) if (a[k] !== undefined && (b[k] === undefined || !deepEqual(a[k], b[k]))) return false;
  for (const k in b) if (b[k] !== undefined && a[k] === undefined) return false;
  return true;
}

/** As `deepEqual`, but an absent, null and empty list or map are the same: apimachinery's equality.Semantic on decoded objects. */
export function semanticEqual(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return (isEmpty(a) && isEmpty(b)) || deepEqual(a, b);
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b)) return isEmpty(a) && isEmpty(b);
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!semanticEqual(a[i], b[i])) return false;
    return true;
  }
  for (const k in a) if (!semanticEqual(a[k], b[k])) return false;
  for (const k in b) if (a[k] === undefined && !isEmpty(b[k])) return false;
  return true;
}

/** A deep copy of a JSON value; undefined members are left out. */
export function cloneJson<T extends JsonValue>(v: T): T;
export function cloneJson(v: JsonValue): JsonValue {
  if (typeof v !== 'object' || v === null) return v;
  if (Array.isArray(v)) {
    const out: JsonValue[] = [];
    for (const x of v) out.push(cloneJson(x));
    return out;
  }
  const out: JsonObject = {};
  for (const k in v) {
    const x = v[k];
    if (x !== undefined) out[k] = typeof x === 'object' && x !== null ? cloneJson(x) : x;
  }
  return out;
}

/** The member when it is an object, else undefined. */
export function objectAt(v: JsonValue | undefined, key: string): JsonObject | undefined {
  if (!isObject(v)) return undefined;
  const x = v[key];
  return isObject(x) ? x : undefined;
}
