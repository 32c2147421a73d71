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

/** JSON merge patch (RFC 7386): a new document; neither argument is changed. Objects that it looks into have their members in order, as Go's maps are written. */
export function mergePatch(doc: JsonObject, patch: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const k of Object.keys({ ...doc, ...patch }).sort()) {
    if (doc[k] !== undefined) out[k] = doc[k];
    const v = patch[k];
    if (v === undefined) continue;
    if (v === null) delete out[k];
    else {
      const current = out[k];
      out[k] = isObject(current) && isObject(v) ? mergePatch(current, v) : withoutNulls(v);
    }
  }
  return out;
}
