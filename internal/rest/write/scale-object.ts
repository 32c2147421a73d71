import { append } from '../../machinery/append.js';
import { str, strings } from '../../machinery/access.js';
import { type JsonObject, isObject } from '../../machinery/json.js';
import type { ReplicasPaths } from '../../schema/apply/index.js';
import { valueAt } from '../../extensions/jsonpath.js';
import type { ScalePaths } from '../../extensions/definition.js';
import { internalError } from '../../machinery/status.js';
import { isCustom, type ResourceDef } from '../../schema/types.js';
import { apiVersionOf } from '../convert.js';
import type { RestDeps } from '../deps.js';
import { metaOf } from './target.js';

export const SCALE_TYPE = 'io.k8s.api.autoscaling.v1.Scale';
export const SCALE_GVK = { group: 'autoscaling', version: 'v1', kind: 'Scale' } as const;

/** Scale as a resource of its own, for encoders. */
export const SCALE_DEF: ResourceDef = {
  group: 'autoscaling',
  version: 'v1',
  resource: 'scales',
  singular: 'scale',
  kind: 'Scale',
  namespaced: true,
  shortNames: [],
  categories: [],
  verbs: ['get', 'patch', 'update'],
  subresources: [],
  type: SCALE_TYPE,
  storage: { group: 'autoscaling', version: 'v1', resource: 'scales' },
};

export const SPEC_REPLICAS = ['spec', 'replicas'] as const;
const APPS: ReplicasPaths = { 'apps/v1': SPEC_REPLICAS };

/** Where the scaled kinds keep their replica count, by apiVersion. */
export function replicasPaths(def: ResourceDef, custom?: ScalePaths): ReplicasPaths {
  if (custom !== undefined) return { [apiVersionOf(def)]: custom.spec };
  return def.group === '' ? { v1: SPEC_REPLICAS } : APPS;
}

interface Requirement {
  readonly key: string;
  readonly text: string;
}

function requirement(e: JsonObject): Requirement {
  const key = str(e, 'key');
  const values = strings(e, 'values').sort().join(',');
  switch (str(e, 'operator')) {
    case 'In':
      return { key, text: `${key} in (${values})` };
    case 'NotIn':
      return { key, text: `${key} notin (${values})` };
    case 'Exists':
      return { key, text: key };
    default:
      return { key, text: `!${key}` };
  }
}

function setText(labels: JsonObject): Requirement[] {
  return Object.keys(labels).map((key) => ({ key, text: `${key}=${str(labels, key)}` }));
}

/** A label selector as its text form: the requirements by key, joined by commas. */
function selectorText(selector: unknown, isSet: boolean): string {
  if (!isObject(selector as JsonObject)) return '';
  const s = selector as JsonObject;
  let parts: Requirement[];
  if (isSet) parts = setText(s);
  else {
    parts = isObject(s['matchLabels']) ? setText(s['matchLabels']) : [];
    if (Array.isArray(s['matchExpressions'])) {
      append(parts, s['matchExpressions'].filter(isObject).map(requirement));
    }
  }
  return parts
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map((r) => r.text)
    .join(',');
}

const count = (o: JsonObject | undefined): number => (typeof o?.['replicas'] === 'number' ? o['replicas'] : 0);

/** Where a custom resource keeps what its Scale shows; undefined for built-in kinds. */
export function scalePaths(deps: RestDeps, def: ResourceDef): ScalePaths | undefined {
  return isCustom(def) ? deps.strategyFor(def.group, def.resource, def.version).scale : undefined;
}

/** Sets a value deep in an object; what is missing on the way is made. */
export function setAt(obj: JsonObject, path: readonly string[], value: number): void {
  let at = obj;
  for (const name of path.slice(0, -1)) {
    const next = at[name];
    const made: JsonObject = isObject(next) ? next : {};
    at[name] = made;
    at = made;
  }
  const last = path.at(-1);
  if (last !== undefined) at[last] = value;
}

function customScale(obj: JsonObject, metadata: JsonObject, paths: ScalePaths, unset: boolean): JsonObject {
  const replicas = valueAt(obj, paths.spec);
  if (typeof replicas !== 'number' && !unset) {
    throw internalError(`the spec replicas field ${JSON.stringify(`.${paths.spec.join('.')}`)} does not exist`);
  }
  const current = valueAt(obj, paths.status);
  const selector = paths.selector === undefined ? undefined : valueAt(obj, paths.selector);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata,
    spec: typeof replicas !== 'number' || replicas === 0 ? {} : { replicas },
    status: {
      replicas: typeof current === 'number' ? current : 0,
      ...(typeof selector === 'string' && selector !== '' ? { selector } : {}),
    },
  };
}

/**
 * The autoscaling/v1 Scale of a deployment, replica set, stateful set, replication controller or custom resource.
 * A custom resource without a count is a 500, or with `unset` (before a write) has 0.
 */
export function scaleOf(obj: JsonObject, custom?: ScalePaths, unset = false): JsonObject {
  const meta = metaOf(obj);
  const spec = isObject(obj['spec']) ? obj['spec'] : {};
  const status = isObject(obj['status']) ? obj['status'] : undefined;
  const metadata: JsonObject = {};
  for (const f of ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp']) {
    if (meta[f] !== undefined) metadata[f] = meta[f];
  }
  if (custom !== undefined) return customScale(obj, metadata, custom, unset);
  const selector = selectorText(spec['selector'], obj['kind'] === 'ReplicationController');
  const replicas = count(spec);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata,
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: count(status), ...(selector === '' ? {} : { selector }) },
  };
}
