import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';

/** A copy of a value that the document did not have before: nulls in it mean "absent" (RFC 7386, section 2). */
function withoutNulls(v: JsonValue): JsonValue {
  if (Array.isArray(v)) return v.map(withoutNulls);
  if (!isObject(v)) return v;
  const out: JsonObject = {};
  for (const k in v) {
    const x = v[k];
    if (x !== undefined && x !== null) out[k] = withoutNulls(x);
  }
  return out;
}

/**
 * JSON merge patch (RFC 7386): a new document; neither argument is changed. Objects that it looks into have their members in
 * order, as Go's maps are written.
 */
export function mergePatch(doc: JsonObject, patch: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const k of [...new Set([...Object.keys(doc), ...Object.keys(patch)])].sort()) {
    // Not what every object has from its prototype.
    const current = Object.hasOwn(doc, k) ? doc[k] : undefined;
    const change = Object.hasOwn(patch, k) ? patch[k] : undefined;
    if (change === undefined) {
      if (current !== undefined) out[k] = current;
    } else if (change !== null) {
      out[k] = isObject(current) && isObject(change) ? mergePatch(current, change) : withoutNulls(change);
    }
  }
  return out;
}
