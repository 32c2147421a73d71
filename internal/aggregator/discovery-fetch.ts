import { CallError } from '../callout/index.js';
import { child, children, str, strings } from '../machinery/access.js';
import { isObject, type JsonObject } from '../machinery/json.js';
import type { ApiService } from './api-service.js';
import { type BackendServers, SELF } from './backend-server.js';

/** For one answer (kube-aggregator's discovery manager). */
const TIMEOUT_MS = 5_000;
const MAX_BODY_BYTES = 4 * 1024 * 1024;

const AGGREGATED = ['v2', 'v2beta1']
  .map((v) => `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList`)
  .join(',');

/**
 * What one server tells of its groups and versions: entries of aggregated discovery, by `group/version`; undefined for
 * one that could not be asked for.
 */
export type DiscoveredVersions = ReadonlyMap<string, JsonObject | undefined>;

/** An answer that is no discovery document. */
export class DiscoveryError extends Error {}

async function get(api: ApiService, servers: BackendServers, path: string, accept: string) {
  const headers = { ...SELF, accept };
  const request = { method: 'GET', headers, timeoutMs: TIMEOUT_MS };
  const answer = await servers.callout.call(servers.target(api, path), request, MAX_BODY_BYTES);
  return { status: answer.status, type: answer.headers['content-type'] ?? '', body: answer.body };
}

function parsed(body: Buffer, path: string): JsonObject {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (isObject(value as JsonObject)) return value as JsonObject;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new DiscoveryError(`${path} answered with something that is no JSON object`);
}

/**
 * What the server behind these APIServices, which share it, serves of their groups and versions: by aggregated discovery
 * if it has that, else by the resource list of each. A group and version that it does not tell is left out. Throws
 * DiscoveryError or CallError when the server does not answer as it should.
 */
export async function discover(apis: readonly ApiService[], servers: BackendServers): Promise<DiscoveredVersions> {
  const [first] = apis;
  if (first === undefined) return new Map();
  const { status, type, body } = await get(first, servers, '/apis', AGGREGATED);
  if (status === 200 && type.includes('as=APIGroupDiscoveryList')) return fromAggregated(parsed(body, '/apis'));
  if (![200, 404, 406].includes(status)) throw new DiscoveryError(`/apis answered with status ${status}`);
  const found = new Map<string, JsonObject | undefined>();
  for (const api of apis) {
    const entry = await resourceList(api, servers);
    found.set(`${api.group}/${api.version}`, entry);
  }
  return found;
}

/** The resources of one group and version; undefined when they are not told. */
async function resourceList(api: ApiService, servers: BackendServers): Promise<JsonObject | undefined> {
  try {
    const path = `/apis/${api.group}/${api.version}`;
    const { status, body } = await get(api, servers, path, 'application/json');
    return status === 200 ? fromResourceList(api, parsed(body, path)) : undefined;
  } catch (error) {
    if (!(error instanceof DiscoveryError || error instanceof CallError)) throw error;
    return undefined;
  }
}

function fromAggregated(list: JsonObject): Map<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const group of children(list, 'items')) {
    const name = str(child(group, 'metadata'), 'name');
    for (const version of children(group, 'versions')) {
      found.set(`${name}/${str(version, 'version')}`, entryOf(children(version, 'resources').map(resourceOf)));
    }
  }
  return found;
}

const entryOf = (resources: JsonObject[]): JsonObject => (resources.length === 0 ? {} : { resources });

/* What another server says is taken member by member: nothing but a well-formed entry gets into our own document. */

function kindOf(o: JsonObject): JsonObject {
  const kind = child(o, 'responseKind');
  if (kind === undefined) return {};
  return { responseKind: { group: str(kind, 'group'), version: str(kind, 'version'), kind: str(kind, 'kind') } };
}

function lists(o: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.flatMap((key) => (strings(o, key).length > 0 ? [[key, strings(o, key)]] : [])));
}

function resourceOf(o: JsonObject): JsonObject {
  const subresources = children(o, 'subresources').map((sub) => ({
    subresource: str(sub, 'subresource'),
    ...kindOf(sub),
    verbs: strings(sub, 'verbs'),
  }));
  return {
    resource: str(o, 'resource'),
    ...kindOf(o),
    scope: str(o, 'scope'),
    singularResource: str(o, 'singularResource'),
    verbs: strings(o, 'verbs'),
    ...lists(o, 'shortNames', 'categories'),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}

/** A legacy APIResourceList in the form of aggregated discovery (apiserver's ConvertGroupVersionIntoToDiscovery). */
function fromResourceList({ group, version }: ApiService, list: JsonObject): JsonObject {
  const byName = new Map<string, JsonObject>();
  const common = (r: JsonObject): JsonObject => ({
    responseKind: { group: str(r, 'group') || group, version: str(r, 'version') || version, kind: str(r, 'kind') },
    scope: r['namespaced'] === true ? 'Namespaced' : 'Cluster',
    singularResource: str(r, 'singularName'),
    verbs: strings(r, 'verbs'),
  });
  const all = children(list, 'resources');
  for (const r of all) {
    const resource = str(r, 'name');
    if (!resource.includes('/'))
      byName.set(resource, { resource, ...common(r), ...lists(r, 'shortNames', 'categories') });
  }
  for (const r of all) {
    const [resource = '', subresource] = str(r, 'name').split('/');
    if (subresource === undefined) continue;
    const { responseKind, scope, verbs } = common(r);
    const parent = byName.get(resource) ?? { resource, scope, singularResource: '', verbs: [] };
    byName.set(resource, parent);
    parent['subresources'] = [...children(parent, 'subresources'), { subresource, responseKind, verbs }];
  }
  return entryOf([...byName.values()]);
}
