import type { JsonObject } from '../../machinery/json.js';
import type { ResourceDef } from '../types.js';
import {
  BEARER_TOKEN,
  CLIENT_GROUP_VERSIONS,
  definitionsOf,
  INFO,
  PATCH_TYPES,
  PRODUCES,
  RESPONSE_TEXTS,
  splitParameters,
  UNAUTHORIZED,
} from './common.js';
import { customResourcePaths, type Operation, type PathItem, resourceListPath, resourcePaths } from './operations.js';
import type { Parameter } from './parameters.js';
import { collectDefinitions, definitionSchema, refTo } from './schemas.js';

interface Options {
  /** Custom resources have neither protobuf nor strategic merge patches, and name the types of bodies. */
  readonly custom: boolean;
}

const STRATEGIC = 'application/strategic-merge-patch+json';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';

function content(types: readonly string[], type: string): JsonObject {
  const schema = type === '' ? { type: 'string' } : refTo('v3', type);
  return Object.fromEntries(types.toSorted().map((t) => [t, { schema }]));
}

function parameterObject(p: Parameter): JsonObject {
  return {
    name: p.name,
    in: p.in,
    description: p.description,
    ...(p.in === 'path' ? { required: true } : {}),
    schema: { type: p.type, uniqueItems: true },
  };
}

function bodyObject(o: Operation, { custom }: Options): JsonObject {
  if (o.body === undefined) return {};
  const patches = custom ? PATCH_TYPES.filter((t) => t !== STRATEGIC) : PATCH_TYPES;
  const whole = custom ? ['application/json', 'application/yaml'] : ['*/*'];
  const types = o.body.patch === true ? patches : whole;
  return { requestBody: { content: content(types, o.body.type), ...(o.body.required ? { required: true } : {}) } };
}

function operationObject(o: Operation, own: readonly Parameter[], options: Options): JsonObject {
  const types = options.custom ? PRODUCES[o.produces].filter((t) => t !== PROTOBUF) : PRODUCES[o.produces];
  const responses: JsonObject = {};
  for (const [code, type] of Object.entries(o.responses))
    responses[code] = { description: RESPONSE_TEXTS[code] ?? '', content: content(types, type) };
  responses['401'] = { description: UNAUTHORIZED };
  return {
    tags: [o.tag],
    description: o.description,
    operationId: o.id,
    ...(own.length === 0 ? {} : { parameters: own.map(parameterObject) }),
    ...bodyObject(o, options),
    responses,
    ...(o.action === undefined ? {} : { 'x-kubernetes-action': o.action }),
    ...(o.gvk === undefined
      ? {}
      : { 'x-kubernetes-group-version-kind': { group: o.gvk.group, version: o.gvk.version, kind: o.gvk.kind } }),
  };
}

function pathObject(item: PathItem, options: Options): JsonObject {
  const { common, own } = splitParameters(item);
  const out: JsonObject = {};
  for (const o of item.operations) out[o.method] = operationObject(o, own(o), options);
  if (common.length > 0) out['parameters'] = common.map(parameterObject);
  return out;
}

interface Document {
  readonly info: JsonObject;
  readonly items: readonly PathItem[];
  readonly everywhere: readonly { readonly group: string; readonly version: string }[];
  /** Definitions that are not in the tables. */
  readonly definitions: ReadonlyMap<string, JsonObject>;
  readonly options: Options;
}

function* members(entries: Iterable<readonly [string, JsonObject]>): Iterable<string> {
  let separator = '';
  for (const [key, value] of entries) {
    yield `${separator}${JSON.stringify(key)}:${JSON.stringify(value)}`;
    separator = ',';
  }
}

function* write({ info, items, everywhere, definitions, options }: Document): Iterable<string> {
  const names = new Set<string>(definitions.keys());
  for (const name of definitionsOf(items)) if (!definitions.has(name)) collectDefinitions(name, names);
  for (const definition of definitions.values())
    for (const name of referencedBy(definition)) if (!definitions.has(name)) collectDefinitions(name, names);
  const sorted = items.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  yield `{"openapi":"3.0.0","info":${JSON.stringify(info)},"paths":{`;
  yield* members(sorted.map((item) => [item.path, pathObject(item, options)] as const));
  yield '},"components":{';
  if (names.size > 0) {
    yield '"schemas":{';
    yield* members(
      [...names]
        .toSorted()
        .map((name) => [name, definitions.get(name) ?? definitionSchema('v3', name, everywhere)] as const),
    );
    yield options.custom ? '}' : '},';
  }
  yield options.custom ? '}}' : `"securitySchemes":{"BearerToken":${JSON.stringify(BEARER_TOKEN)}}}}`;
}

/** Names of definitions that a schema refers to. */
function referencedBy(schema: JsonObject): string[] {
  return [...JSON.stringify(schema).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map((m) => m[1] ?? '');
}

const NONE: ReadonlyMap<string, JsonObject> = new Map();

/** A document of paths that belong to no group and version, in pieces of a few KB. */
export function plainDocument(items: readonly PathItem[]): Iterable<string> {
  return write({ info: { ...INFO }, items, everywhere: [], definitions: NONE, options: { custom: false } });
}

/** The document of a built-in group and version. */
export function groupVersionDocument(
  group: string,
  version: string,
  resources: readonly ResourceDef[],
): Iterable<string> {
  const everywhere = [{ group: '', version: 'v1' }, ...(group === '' ? [] : [{ group, version }])];
  const items = [resourceListPath(group, version), ...resources.flatMap((r) => resourcePaths(r))];
  return write({ info: { ...INFO }, items, everywhere, definitions: NONE, options: { custom: false } });
}

/** The document of a group and version of custom resources; `definitions` holds the schemas of their kinds and lists. */
export function customDocument(
  resources: readonly ResourceDef[],
  definitions: ReadonlyMap<string, JsonObject>,
): Iterable<string> {
  return write({
    info: { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' },
    items: resources.flatMap((r) => customResourcePaths(r)),
    everywhere: CLIENT_GROUP_VERSIONS,
    definitions,
    options: { custom: true },
  });
}
