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
import { type Definitions, REFERRED } from './custom.js';
import { customResourcePaths, type Operation, type PathItem, resourceListPath, resourcePaths } from './operations.js';
import type { Parameter } from './parameters.js';
import { collectDefinitions, definitionSchema, refTo } from './schemas.js';
import { type Entries, jsonMembers, ready } from './steps.js';

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

/** A v3 document part by part, so that its writers never hold it as a whole. */
export interface DocumentParts {
  readonly info: JsonObject;
  paths(): Entries<JsonObject>;
  /** To be asked for behind the paths. */
  schemas(): Entries<JsonObject>;
  readonly securitySchemes: JsonObject | undefined;
}

interface Document {
  readonly info: JsonObject;
  /** The paths of each resource are made when they are asked for. */
  readonly items: Iterable<readonly PathItem[]>;
  readonly everywhere: readonly { readonly group: string; readonly version: string }[];
  /** Definitions that are not in the tables. */
  readonly definitions: Definitions;
  readonly options: Options;
}

function partsOf({ info, items, everywhere, definitions, options }: Document): DocumentParts {
  const names = new Set<string>(definitions.keys());
  if (definitions.size > 0) for (const name of REFERRED) collectDefinitions(name, names);
  return {
    info,
    *paths() {
      const paths: [string, PathItem][] = [];
      for (const some of items) {
        for (const name of definitionsOf(some)) if (!definitions.has(name)) collectDefinitions(name, names);
        for (const item of some) paths.push([item.path, item]);
        yield undefined;
      }
      for (const [path, item] of paths.sort(([a], [b]) => (a < b ? -1 : 1))) {
        yield [path, ready(pathObject(item, options))];
      }
    },
    *schemas() {
      for (const name of [...names].toSorted()) {
        const own = definitions.get(name);
        yield [name, own === undefined ? ready(definitionSchema('v3', name, everywhere)) : own()];
      }
    },
    securitySchemes: options.custom ? undefined : { BearerToken: BEARER_TOKEN },
  };
}

/** A v3 document as JSON, in pieces; some are empty: there a step ends. */
export function* documentJson(parts: DocumentParts): Iterable<string> {
  yield `{"openapi":"3.0.0","info":${JSON.stringify(parts.info)},"paths":{`;
  yield* jsonMembers(parts.paths());
  yield '},"components":{';
  let separator = '';
  let begun = false;
  for (const piece of jsonMembers(parts.schemas())) {
    if (!begun && piece !== '') {
      yield '"schemas":{';
      begun = true;
      separator = ',';
    }
    yield piece;
  }
  if (begun) yield '}';
  if (parts.securitySchemes !== undefined)
    yield `${separator}"securitySchemes":${JSON.stringify(parts.securitySchemes)}`;
  yield '}}';
}

const NONE: Definitions = new Map();

/** A document of paths that belong to no group and version. */
export function plainDocument(items: readonly PathItem[]): DocumentParts {
  return partsOf({ info: { ...INFO }, items: [items], everywhere: [], definitions: NONE, options: { custom: false } });
}

/** The document of a built-in group and version. */
export function groupVersionDocument(group: string, version: string, resources: readonly ResourceDef[]): DocumentParts {
  const everywhere = [{ group: '', version: 'v1' }, ...(group === '' ? [] : [{ group, version }])];
  const items = [[resourceListPath(group, version), ...resources.flatMap((r) => resourcePaths(r))]];
  return partsOf({ info: { ...INFO }, items, everywhere, definitions: NONE, options: { custom: false } });
}

/** The document of a group and version of custom resources; `definitions` makes the schemas of their kinds and lists. */
export function customDocument(resources: readonly ResourceDef[], definitions: Definitions): DocumentParts {
  return partsOf({
    info: { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' },
    items: itemsOf(resources),
    everywhere: CLIENT_GROUP_VERSIONS,
    definitions,
    options: { custom: true },
  });
}

function* itemsOf(resources: readonly ResourceDef[]): Iterable<readonly PathItem[]> {
  for (const resource of resources) yield customResourcePaths(resource);
}
