import { emptiedAt } from '../../machinery/emptied.js';
import { sortedKeys } from '../../machinery/field.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { findType } from '../../schema/index.js';
import type { FieldDef, TypeDef, TypeRef } from '../../schema/types.js';
import { FIELD_ORDERS, GO_NAMES } from './go-names.js';

// Field errors of a whole struct print it as Go's JSON encoder writes kube-apiserver's internal types: they have no
// field tags, so every field is there, under its Go name. What comes from apimachinery (metadata, selectors) has tags.

/** Words that Go writes in capitals when a name begins with them. */
const INITIALISM =
  /^(api|cel|cidr|csi|dns|fc|gmsa|http|id|ip|iscsi|json|nfs|os|pid|rbd|tcp|tls|ttl|uid|uri|url)(s?)(?=$|[A-Z])/;

/** `apiGroup` -> `APIGroup`, `cidrs` -> `CIDRs`. */
export function goFieldName(name: string): string {
  const known = GO_NAMES[name];
  if (known !== undefined) return known;
  const m = INITIALISM.exec(name);
  if (m === null) return name.charAt(0).toUpperCase() + name.slice(1);
  return (m[1] ?? '').toUpperCase() + (m[2] ?? '') + name.slice(m[0].length);
}

const TAGGED = /\.meta\.v1\.|\.util\.intstr\.|apimachinery\.pkg\.api\.resource\./;

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

/** What is not there, or was written down empty. */
function absent(o: JsonObject, field: FieldDef): JsonValue {
  return emptiedAt(o, field.name) ?? zero(field);
}

function member(v: JsonValue, ref: TypeRef): JsonValue {
  if (ref.k === 'list' && Array.isArray(v)) return v.map((x) => member(x, ref.of));
  if (ref.k === 'map' && isObject(v)) {
    return Object.fromEntries(sortedKeys(v).map((k) => [k, member(v[k] ?? null, ref.of)]));
  }
  return ref.k === 'message' && isObject(v) ? struct(v, findType(ref.type)) : v;
}

/** In the internal type these members of a pod spec are part of its security context. */
const HOST_FIELDS = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers'] as const;
const POD_SPEC = 'io.k8s.api.core.v1.PodSpec';

function podSecurityContext(spec: JsonObject, type: TypeDef | undefined): JsonValue {
  const context = spec['securityContext'];
  if (!isObject(context)) return null;
  const out: JsonObject = {};
  for (const key of HOST_FIELDS) {
    const field = type?.fields.get(key);
    if (field !== undefined) out[goFieldName(key)] = spec[key] ?? zero(field);
  }
  return { ...out, ...struct(context, findType('io.k8s.api.core.v1.PodSecurityContext')) };
}

/** A struct with tags: its JSON names, its own order. */
function tagged(o: JsonObject, type: TypeDef): JsonObject {
  const out: JsonObject = {};
  for (const field of type.fields.values()) {
    const v = o[field.name] ?? undefined;
    if (v !== undefined) out[field.name] = member(v, field.ref);
  }
  return out;
}

function struct(o: JsonObject, type: TypeDef | undefined): JsonObject {
  if (type === undefined || type.oneOf !== undefined) return o;
  if (TAGGED.test(type.name)) return type.fields.size === 0 ? o : tagged(o, type);
  const out: JsonObject = {};
  const metadata = o['metadata'];
  // Embedded without a name: its members, which have tags, are members of the whole.
  const meta = type.fields.get('metadata')?.ref;
  if (meta !== undefined && isObject(metadata)) Object.assign(out, member(metadata, meta));
  const shortName = type.name.slice(type.name.lastIndexOf('.') + 1);
  for (const name of FIELD_ORDERS[type.name] ?? type.fields.keys()) {
    const field = type.fields.get(name);
    if (field === undefined || name === 'metadata') continue;
    const v = o[name] ?? undefined;
    if (type.typeMeta && (name === 'kind' || name === 'apiVersion')) {
      if (v !== undefined) out[name] = v;
    } else if (type.name === POD_SPEC && name === 'securityContext') {
      out[goFieldName(name)] = podSecurityContext(o, type);
    } else {
      const goName = GO_NAMES[`${shortName}.${name}`] ?? goFieldName(name);
      out[goName] = v === undefined ? absent(o, field) : member(v, field.ref);
    }
  }
  return out;
}

/** The object as a field error of kube-apiserver prints it; `typeName` as in OpenAPI (`io.k8s.api.core.v1.PodSpec`) or short (`core.v1.PodSpec`). */
export function asInGo(o: JsonObject, typeName: string): JsonObject {
  return struct(o, findType(typeName));
}

/** The map at a member as Go prints it: its keys in order; null when there is none. */
export function mapInGo(owner: JsonObject, member: string): JsonValue {
  const map = owner[member];
  if (isObject(map)) return Object.fromEntries(sortedKeys(map).map((key) => [key, map[key]]));
  return emptiedAt(owner, member) ?? null;
}

/** A label selector as a field error prints it; null when there is none. */
export function selectorInGo(selector: JsonObject | undefined): JsonValue {
  return selector === undefined ? null : asInGo(selector, 'meta.v1.LabelSelector');
}
