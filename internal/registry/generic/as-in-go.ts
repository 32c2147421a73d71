import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { findType } from '../../schema/index.js';
import type { FieldDef, TypeDef, TypeRef } from '../../schema/types.js';

// Complaints about a whole struct print it as Go's JSON encoder writes the reference's internal types: they have no
// field tags, so every field is there, under its Go name. What comes from apimachinery (metadata, selectors) has tags.

/** Words that Go writes in capitals when a name begins with them. */
const INITIALISM =
  /^(api|cel|cidr|csi|dns|fc|gmsa|http|id|ip|iscsi|json|nfs|os|pid|rbd|tcp|tls|ttl|uid|uri|url)(s?)(?=$|[A-Z])/;

/** `apiGroup` -> `APIGroup`, `cidrs` -> `CIDRs`. */
export function goFieldName(name: string): string {
  const m = INITIALISM.exec(name);
  if (m === null) return name.charAt(0).toUpperCase() + name.slice(1);
  return (m[1] ?? '').toUpperCase() + (m[2] ?? '') + name.slice(m[0].length);
}

const TAGGED = /\.meta\.v1\.|\.util\.intstr\.|\.api\.resource\./;

function zero(field: FieldDef): JsonValue {
  const { ref } = field;
  if (field.pointer === true || ref.k === 'list' || ref.k === 'map') return null;
  if (ref.k === 'message') return struct({}, findType(ref.type));
  switch (ref.scalar) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
    case 'intOrString':
      return 0;
    case 'quantity':
      return '0';
    case 'bytes':
    case 'duration':
    case 'fieldsV1':
    case 'json':
    case 'microTime':
    case 'rawExtension':
    case 'time':
      return null;
  }
}

function member(v: JsonValue, ref: TypeRef): JsonValue {
  if (ref.k === 'list' && Array.isArray(v)) return v.map((x) => member(x, ref.of));
  if (ref.k === 'map' && isObject(v)) {
    // Go sorts the keys of maps.
    return Object.fromEntries(
      Object.keys(v)
        .sort()
        .map((k) => [k, member(v[k] ?? null, ref.of)]),
    );
  }
  return ref.k === 'message' && isObject(v) ? struct(v, findType(ref.type)) : v;
}

function struct(o: JsonObject, type: TypeDef | undefined): JsonObject {
  if (type === undefined || type.oneOf !== undefined || TAGGED.test(type.name)) return o;
  const out: JsonObject = {};
  for (const field of type.fields.values()) {
    const v = o[field.name] ?? undefined;
    out[goFieldName(field.name)] = v === undefined ? zero(field) : member(v, field.ref);
  }
  return out;
}

/** The object as a complaint of the reference prints it; `typeName` as in OpenAPI, e.g. `io.k8s.api.core.v1.PodSpec`. */
export function asInGo(o: JsonObject, typeName: string): JsonObject {
  return struct(o, findType(typeName));
}
