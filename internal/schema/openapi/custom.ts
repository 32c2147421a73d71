import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { typeByName } from '../index.js';
import { type Flavor, refTo } from './schemas.js';
import { isStep, ready, type Steps } from './steps.js';

/** One served version of a CustomResourceDefinition, as far as OpenAPI shows it. */
export interface CustomKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  /** openAPIV3Schema of the version; a structural schema. */
  readonly schema: JsonObject;
  /** JSON paths of the selectable fields, such as `.spec.color`. */
  readonly selectableFields: readonly string[];
}

/** `oracle.example.com`, v1, Gadget has the definition name `com.example.oracle.v1.Gadget`. */
export function customTypeName(group: string, version: string, kind: string): string {
  return `${group.split('.').toReversed().join('.')}.${version}.${kind}`;
}

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const LIST_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta';

/** What OpenAPI v2 cannot say: alternatives, null, defaults that clients would read as the server's. */
const NOT_IN_V2 = ['anyOf', 'oneOf', 'allOf', 'not', 'nullable', 'default'];

/** A schema as CustomResourceDefinitions have it, in the words of an OpenAPI document. */
function* convert(schema: JsonObject, flavor: Flavor): Steps<JsonObject> {
  if (isStep()) yield;
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(schema)) {
    if (value === undefined || (flavor === 'v2' && NOT_IN_V2.includes(key))) continue;
    if (key === 'properties' && isObject(value)) {
      const properties: [string, JsonValue][] = [];
      for (const [name, v] of Object.entries(value)) {
        if (v !== undefined) properties.push([name, isObject(v) ? yield* convert(v, flavor) : v]);
      }
      // Names are the client's: none may be taken for a prototype.
      out[key] = Object.fromEntries(properties);
    } else if ((key === 'items' || key === 'additionalProperties' || key === 'not') && isObject(value)) {
      out[key] = yield* convert(value, flavor);
    } else if ((key === 'allOf' || key === 'anyOf' || key === 'oneOf') && Array.isArray(value)) {
      const schemas: JsonValue[] = [];
      for (const v of value) schemas.push(isObject(v) ? yield* convert(v, flavor) : v);
      out[key] = schemas;
    } else out[key] = value;
  }
  if (schema['x-kubernetes-int-or-string'] === true && flavor === 'v3' && out['anyOf'] === undefined)
    out['anyOf'] = [{ type: 'integer' }, { type: 'string' }];
  if (flavor === 'v2') narrowForV2(schema, out);
  const open = flavor === 'v2' && schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema['x-kubernetes-embedded-resource'] === true && !open) {
    const properties = isObject(out['properties']) ? out['properties'] : {};
    out['properties'] = { ...properties, ...objectFields(flavor) };
    const required = Array.isArray(out['required']) ? out['required'] : [];
    out['required'] = [...required, ...['kind', 'apiVersion'].filter((name) => !required.includes(name))];
  }
  return out;
}

/**
 * A v2 reader (kubectl's client-side validation) takes a schema at its word: one that lists some properties allows no
 * others. So what it would read too narrowly says less (apiextensions-apiserver's ToStructuralOpenAPIV2).
 */
function narrowForV2(schema: JsonObject, out: JsonObject): void {
  const remove = (...keys: string[]): void => {
    for (const key of keys) delete out[key];
  };
  if (schema['nullable'] === true) remove('type', 'items', 'properties');
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (open) remove('items', 'properties');
  if ((open && out['type'] === 'object') || (out['type'] === 'array' && out['items'] === undefined)) remove('type');
  const { properties, required, additionalProperties } = schema;
  if (isObject(additionalProperties) && additionalProperties['nullable'] === true) remove('required');
  else if (Array.isArray(required) && isObject(properties)) {
    const isNullable = (name: JsonValue): boolean => {
      const property = typeof name === 'string' && Object.hasOwn(properties, name) ? properties[name] : undefined;
      return isObject(property) && property['nullable'] === true;
    };
    const kept = required.filter((name) => !isNullable(name));
    if (kept.length === 0) remove('required');
    else out['required'] = kept;
  }
}

function described(flavor: Flavor, description: string, type: string): JsonObject {
  return flavor === 'v2' ? { description, ...refTo(flavor, type) } : { description, allOf: [refTo(flavor, type)] };
}

function typeMetaFields(): JsonObject {
  const fields = typeByName('core.v1.Pod').fields;
  const text = (name: string): JsonObject => ({ description: fields.get(name)?.description ?? '', type: 'string' });
  return { apiVersion: text('apiVersion'), kind: text('kind') };
}

function objectFields(flavor: Flavor): JsonObject {
  const { description = '' } = typeByName('core.v1.Pod').fields.get('metadata') ?? {};
  return { ...typeMetaFields(), metadata: described(flavor, description, OBJECT_META) };
}

/** The schema of the kind itself. Where v2 would list some properties of an open object, it lists none at all. */
function* rootSchema(schema: JsonObject, flavor: Flavor): Steps<JsonObject> {
  if (flavor === 'v2' && schema['x-kubernetes-preserve-unknown-fields'] === true) return { type: 'object' };
  const own = yield* convert(schema, flavor);
  const properties = isObject(own['properties']) ? own['properties'] : {};
  return { ...own, properties: { ...properties, ...objectFields(flavor) } };
}

/** What every custom kind refers to, and every list of one. */
export const REFERRED = [OBJECT_META, LIST_META] as const;

/** Definitions by name; each is made in steps when it is asked for. */
export type Definitions = ReadonlyMap<string, () => Steps<JsonObject>>;

/** The definitions of a custom kind and its list, by name. */
export function customDefinitions(custom: CustomKind, flavor: Flavor): Definitions {
  const { group, version, kind, listKind, plural } = custom;
  const name = customTypeName(group, version, kind);
  const common = (ofKind: string): JsonObject => ({
    'x-kubernetes-group-version-kind': [{ group, kind: ofKind, version }],
    ...(custom.selectableFields.length === 0
      ? {}
      : {
          'x-kubernetes-selectable-fields': custom.selectableFields.map((path) => ({
            fieldPath: path.replace(/^\./, ''),
          })),
        }),
  });
  function* object(): Steps<JsonObject> {
    return { ...(yield* rootSchema(custom.schema, flavor)), ...common(kind) };
  }
  const list = (): Steps<JsonObject> =>
    ready({
      description: `${listKind} is a list of ${kind}.`,
      type: 'object',
      required: ['items'],
      properties: {
        ...typeMetaFields(),
        items: { description: `List of ${plural}.`, type: 'array', items: refTo(flavor, name) },
        metadata: described(flavor, 'Standard list metadata.', LIST_META),
      },
      ...common(listKind),
    });
  return new Map([
    [name, object],
    [customTypeName(group, version, listKind), list],
  ]);
}
