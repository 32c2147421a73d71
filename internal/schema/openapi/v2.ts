import { append } from '../../machinery/append.js';
import type { JsonObject } from '../../machinery/json.js';
import { resources } from '../resources.js';
import {
  BEARER_TOKEN,
  definitionsOf,
  INFO,
  KNOWN_GROUP_VERSIONS,
  PATCH_TYPES,
  PRODUCES,
  RESPONSE_TEXTS,
  splitParameters,
  UNAUTHORIZED,
} from './common.js';
import {
  coreVersionsPath,
  DELETE_OPTIONS,
  groupListPath,
  groupPath,
  JWKS_PATH,
  type Operation,
  PATCH,
  type PathItem,
  resourceListPath,
  resourcePaths,
  VERSION_PATH,
  WELL_KNOWN_PATH,
} from './operations.js';
import { inlineParameter, type Parameter, sharedParameters } from './parameters.js';
import type { Definitions } from './custom.js';
import { collectDefinitions, definitionSchema, refTo } from './schemas.js';
import { RemoteDefinitions, type RemoteSpec } from './remote-v2.js';
import { atOnce, type Entries, jsonMembers, ready, type Steps } from './steps.js';

/** Bodies that many operations have are shared; the keys are published like those of the parameters. */
const SHARED_BODIES: Readonly<Record<string, string>> = {
  [DELETE_OPTIONS]: 'body-2Y1dVQaQ',
  [PATCH]: 'body-78PwaGsr',
};

const parameterRef = (key: string): JsonObject => ({ $ref: `#/parameters/${key}` });
const parameter = (p: Parameter): JsonObject => (p.shared === undefined ? inlineParameter(p) : parameterRef(p.shared));

function bodyParameter({ type, required }: { type: string; required: boolean }): JsonObject {
  return { name: 'body', in: 'body', ...(required ? { required } : {}), schema: refTo('v2', type) };
}

function responsesOf(responses: Operation['responses']): JsonObject {
  const out: JsonObject = {};
  for (const [code, type] of Object.entries(responses)) {
    const schema = type === '' ? { type: 'string' } : refTo('v2', type);
    out[code] = { description: RESPONSE_TEXTS[code] ?? '', schema };
  }
  out['401'] = { description: UNAUTHORIZED };
  return out;
}

/** Media types that custom resources have not. */
const NOT_CUSTOM = ['application/vnd.kubernetes.protobuf', 'application/strategic-merge-patch+json'];

const without = (types: readonly string[]): string[] => types.filter((t) => !NOT_CUSTOM.includes(t));

function consumesOf(o: Operation): readonly string[] | undefined {
  if (o.custom === true) return o.body?.patch === true ? without(PATCH_TYPES) : without(PRODUCES.object);
  if (o.consumes === 'none') return undefined;
  if (o.consumes !== undefined) return PRODUCES[o.consumes];
  return o.body?.patch === true ? PATCH_TYPES : ['*/*'];
}

function operationObject(o: Operation, own: readonly Parameter[]): JsonObject {
  const consumes = consumesOf(o);
  const sharedBody = o.body === undefined ? undefined : SHARED_BODIES[o.body.type];
  const body =
    o.body === undefined ? [] : [sharedBody === undefined ? bodyParameter(o.body) : parameterRef(sharedBody)];
  const parameters = [...body, ...own.map(parameter)];
  return {
    description: o.description,
    ...(consumes === undefined ? {} : { consumes: [...consumes] }),
    produces: [...(o.custom === true ? without(PRODUCES[o.produces]) : PRODUCES[o.produces])],
    schemes: ['https'],
    tags: [o.tag],
    operationId: o.id,
    ...(parameters.length === 0 ? {} : { parameters }),
    responses: responsesOf(o.responses),
    ...(o.action === undefined ? {} : { 'x-kubernetes-action': o.action }),
    ...(o.gvk === undefined
      ? {}
      : { 'x-kubernetes-group-version-kind': { group: o.gvk.group, kind: o.gvk.kind, version: o.gvk.version } }),
  };
}

function pathObject(item: PathItem): JsonObject {
  const { common, own } = splitParameters(item);
  const out: JsonObject = {};
  for (const o of item.operations) out[o.method] = operationObject(o, own(o));
  if (common.length > 0) out['parameters'] = common.map(parameter);
  return out;
}

function allPaths(): PathItem[] {
  const items = [WELL_KNOWN_PATH, JWKS_PATH, VERSION_PATH, coreVersionsPath(), groupListPath()];
  const groups = new Set(resources.map((r) => r.group).filter((g) => g !== ''));
  const versions = new Map(resources.map((r) => [`${r.group}/${r.version}`, r]));
  append(items, [...groups].map(groupPath));
  append(
    items,
    [...versions.values()].map((r) => resourceListPath(r.group, r.version)),
  );
  for (const resource of resources) append(items, resourcePaths(resource));
  return items.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** The parts of the v2 document one by one, so that its writers never hold it as a whole. */
export interface SwaggerParts {
  readonly head: JsonObject;
  paths(): Entries<JsonObject>;
  /** To be asked for behind the paths, which name them. */
  definitions(): Entries<JsonObject>;
  parameters(): Entries<JsonObject>;
  readonly tail: { readonly securityDefinitions: JsonObject; readonly security: JsonObject[] };
}

/** Definitions and paths that custom resources add to the v2 document. */
export interface SwaggerExtras {
  /** The paths of each resource are made when they are asked for. */
  readonly items: Iterable<readonly PathItem[]>;
  readonly definitions: Definitions;
  /** What other servers add. */
  readonly remote?: readonly RemoteSpec[];
}

function* pathEntries(items: readonly PathItem[], named: Set<string>): Entries<JsonObject> {
  for (const name of definitionsOf(items)) named.add(name);
  for (const item of items) yield [item.path, ready(pathObject(item))];
}

/** The OpenAPI v2 document of everything that is built in, of what extensions and other servers add. */
export function swagger(extras?: SwaggerExtras): SwaggerParts {
  const named = new Set<string>();
  /** The definitions of this server, once its paths have been written. */
  const names = new Set<string>();
  const own = (name: string): Steps<JsonObject> =>
    extras?.definitions.get(name)?.() ?? ready(definitionSchema('v2', name, KNOWN_GROUP_VERSIONS));
  const withKinds = function* (name: string, definition: Steps<JsonObject>): Steps<JsonObject> {
    return others.withKinds(name, yield* definition);
  };
  const others = new RemoteDefinitions((name) => (names.has(name) ? atOnce(own(name)) : undefined));
  return {
    head: { swagger: '2.0', info: { ...INFO } },
    *paths() {
      yield* pathEntries(allPaths(), named);
      for (const items of extras?.items ?? []) yield* pathEntries(items, named);
      for (const name of named) collectDefinitions(name, names);
      for (const name of extras?.definitions.keys() ?? []) names.add(name);
      for (const { paths, definitions } of extras?.remote ?? []) {
        yield undefined;
        const rewritten = others.add(definitions);
        for (const [path, item] of paths) yield [path, ready(rewritten(item))];
      }
    },
    *definitions() {
      for (const name of [...names, ...others.added.keys()].toSorted()) {
        const added = others.added.get(name);
        yield [name, withKinds(name, added === undefined ? own(name) : ready(added))];
      }
    },
    *parameters() {
      const bodies: JsonObject = {
        'body-2Y1dVQaQ': bodyParameter({ type: DELETE_OPTIONS, required: false }),
        'body-78PwaGsr': bodyParameter({ type: PATCH, required: true }),
      };
      const all = { ...sharedParameters(), ...bodies };
      for (const [key, value] of Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        yield [key, ready(value as JsonObject)];
    },
    tail: { securityDefinitions: { BearerToken: { ...BEARER_TOKEN } }, security: [{ BearerToken: [] }] },
  };
}

/** The v2 document as JSON, in pieces; some are empty: there a step ends. */
export function* swaggerJson(parts: SwaggerParts): Iterable<string> {
  yield `${JSON.stringify(parts.head).slice(0, -1)},"paths":{`;
  yield* jsonMembers(parts.paths());
  yield '},"definitions":{';
  yield* jsonMembers(parts.definitions());
  yield '},"parameters":{';
  yield* jsonMembers(parts.parameters());
  yield `},${JSON.stringify(parts.tail).slice(1)}`;
}
