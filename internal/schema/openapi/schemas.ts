import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { findType, gvkOf } from '../index.js';
import type { FieldDef, GroupVersionKind, Scalar, TypeDef, TypeRef } from '../types.js';

/** The two documents differ in where definitions are and in what they can say. */
export type Flavor = 'v2' | 'v3';

const PREFIX = { v2: '#/definitions/', v3: '#/components/schemas/' } as const;
/** A reference to a definition. */
export const refTo = (flavor: Flavor, name: string): JsonObject => ({ $ref: PREFIX[flavor] + name });

/** Scalars that have a definition of their own: its name and form. */
const NAMED: Partial<Record<Scalar, string>> = {
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  time: 'io.k8s.apimachinery.pkg.apis.meta.v1.Time',
  microTime: 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime',
  duration: 'io.k8s.apimachinery.pkg.apis.meta.v1.Duration',
  rawExtension: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
  fieldsV1: 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
  json: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON',
};

interface NamedScalar {
  readonly description: string;
  readonly v2: JsonObject;
  readonly v3?: JsonObject;
}
const NAMED_SCHEMAS: Readonly<Record<string, NamedScalar>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': {
    description:
      'An amount as decimal number with an optional suffix: n, u, m, k, M, G, T, P, E (powers of 1000), Ki, Mi, Gi, Ti, Pi, Ei (powers of 1024), or an exponent such as e3.',
    v2: { type: 'string' },
    v3: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': {
    description: 'A number or a text, such as a port number or name, or a count or percentage.',
    v2: { type: 'string', format: 'int-or-string' },
    v3: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  },
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': {
    description: 'A time of RFC 3339 to the second, in UTC.',
    v2: { type: 'string', format: 'date-time' },
  },
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': {
    description: 'A time of RFC 3339 to the microsecond, in UTC.',
    v2: { type: 'string', format: 'date-time' },
  },
  'io.k8s.apimachinery.pkg.apis.meta.v1.Duration': {
    description: 'A length of time such as 1h30m or 500ms.',
    v2: { type: 'string' },
  },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': {
    description: 'Any object that has a kind and an apiVersion.',
    v2: { type: 'object' },
  },
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': {
    description:
      'A set of fields as a tree: `f:name` is a field, `k:{keys}` a list entry by its keys, `v:value` one by its value, `i:n` one by its place; `.` is the entry itself.',
    v2: { type: 'object' },
  },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': {
    description: 'Any JSON value: null, true or false, a number, text, a list or an object.',
    v2: {},
  },
};

const PLAIN: Partial<Record<Scalar, JsonObject>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
};
const ZERO: Partial<Record<Scalar, JsonValue>> = { string: '', bool: false, int32: 0, int64: 0, double: 0 };

/** The definition that a reference ends at, when it does not end at a plain scalar. */
function definitionOf(ref: TypeRef): string | undefined {
  if (ref.k === 'message') return ref.type;
  return ref.k === 'scalar' ? NAMED[ref.scalar] : definitionOf(ref.of);
}

/** Adds the definitions that `name` needs, itself included, to `into`. */
export function collectDefinitions(name: string, into: Set<string>): void {
  if (into.has(name)) return;
  into.add(name);
  const type = findType(name);
  if (type === undefined || type.oneOf !== undefined) return;
  for (const field of type.fields.values()) {
    const next = definitionOf(field.ref);
    if (next !== undefined) collectDefinitions(next, into);
  }
}

function valueSchema(flavor: Flavor, ref: TypeRef): JsonObject {
  if (ref.k === 'list') return { type: 'array', items: valueSchema(flavor, ref.of) };
  if (ref.k === 'map') return { type: 'object', additionalProperties: valueSchema(flavor, ref.of) };
  const definition = definitionOf(ref);
  if (definition !== undefined) return refTo(flavor, definition);
  return ref.k === 'scalar' ? { ...PLAIN[ref.scalar] } : {};
}

/** OpenAPI's default: the declared one, or the zero value that is always written ({} for a struct). */
function defaultOf(field: FieldDef): JsonValue | undefined {
  if (field.default !== undefined) return field.default as JsonValue;
  if (field.always !== true || field.pointer === true) return undefined;
  if (field.ref.k === 'message') return {};
  return field.ref.k === 'scalar' ? ZERO[field.ref.scalar] : undefined;
}

/** What the merge engines read: list and map types, keys, patch strategies. */
function extensionsOf(field: FieldDef): JsonObject {
  const out: JsonObject = {};
  if (field.listMapKeys !== undefined) out['x-kubernetes-list-map-keys'] = [...field.listMapKeys];
  if (field.listType !== undefined) out['x-kubernetes-list-type'] = field.listType;
  if (field.mapType !== undefined) out['x-kubernetes-map-type'] = field.mapType;
  if (field.patchMergeKey !== undefined) out['x-kubernetes-patch-merge-key'] = field.patchMergeKey;
  if (field.patchStrategy !== undefined) out['x-kubernetes-patch-strategy'] = field.patchStrategy;
  return out;
}

function propertySchema(flavor: Flavor, field: FieldDef): JsonObject {
  const value = valueSchema(flavor, field.ref);
  const description = field.description === '' ? {} : { description: field.description };
  const defaultValue = flavor === 'v3' ? defaultOf(field) : undefined;
  const around: JsonObject = {
    ...(defaultValue === undefined ? {} : { default: defaultValue }),
    ...extensionsOf(field),
  };
  if (value['$ref'] !== undefined) {
    if (flavor === 'v2') return { ...description, ...value, ...around };
    // A reference may have nothing beside it in v3, so it goes inside of what describes the field.
    const bare = field.description === '' && Object.keys(around).length === 0;
    return bare ? value : { ...description, allOf: [value], ...around };
  }
  if (field.enum !== undefined) {
    const inner =
      field.ref.k === 'list' ? value['items'] : field.ref.k === 'map' ? value['additionalProperties'] : value;
    (inner as JsonObject)['enum'] = [...field.enum];
  }
  return { ...description, ...value, ...around };
}

/** `x-kubernetes-group-version-kind` of a definition; `everywhere` lists the versions that the meta/v1 request kinds belong to. */
function kindsOf(type: TypeDef, everywhere: readonly { group: string; version: string }[]): GroupVersionKind[] {
  const shortName = type.name.slice(type.name.lastIndexOf('.') + 1);
  if (
    type.name === 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions' ||
    type.name === 'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent'
  )
    return everywhere.map((gv) => ({ ...gv, kind: shortName }));
  const gvk = gvkOf(type.name);
  return gvk === undefined ? [] : [gvk];
}

/** The JSON schema of one definition. */
export function definitionSchema(
  flavor: Flavor,
  name: string,
  everywhere: readonly { group: string; version: string }[],
): JsonObject {
  const named = NAMED_SCHEMAS[name];
  if (named !== undefined)
    return { description: named.description, ...((flavor === 'v3' ? named.v3 : undefined) ?? named.v2) };
  const type = findType(name);
  if (type === undefined) return {};
  const description = type.description === '' ? {} : { description: type.description };
  if (type.oneOf !== undefined) return description;
  const fields = [...type.fields.values()];
  const required = fields.filter((f) => f.required).map((f) => f.name);
  const out: JsonObject = { ...description, type: 'object' };
  if (required.length > 0) out['required'] = required;
  if (fields.length > 0) {
    const sorted = fields.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    out['properties'] = Object.fromEntries(sorted.map((f) => [f.name, propertySchema(flavor, f)]));
  }
  const kinds = kindsOf(type, everywhere);
  if (kinds.length > 0)
    out['x-kubernetes-group-version-kind'] = kinds.map(({ group, kind, version }) => ({ group, kind, version }));
  if (type.mapType !== undefined) out['x-kubernetes-map-type'] = type.mapType;
  return { ...out, ...(type.extensions as JsonObject | undefined) };
}
