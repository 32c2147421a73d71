import type { JsonObject, JsonValue } from '../../machinery/json.js';
import type { Element } from './element.js';
import { difference, has, isEmpty, setOf } from './fieldset.js';
import { decodeManaged, encodeManaged, type Manager, type Managers } from './managed.js';

/** Where the replica count is, by apiVersion of the scaled kind: `{ 'apps/v1': ['spec', 'replicas'] }`. */
export type ReplicasPaths = Readonly<Record<string, readonly string[]>>;

const SCALE_VERSION = 'autoscaling/v1';
const SCALE_REPLICAS: readonly Element[] = ['f:spec', 'f:replicas'];

const steps = (path: readonly string[]): Element[] => path.map((name) => `f:${name}`);

/**
 * The managedFields of a Scale: of the scaled object's entries those that own the replica count, told as owners of the
 * Scale's `spec.replicas`. Undefined when nobody owns it.
 */
export function scaleManagedFields(parent: JsonValue | undefined, paths: ReplicasPaths): JsonObject[] | undefined {
  const owners: Manager[] = [];
  for (const m of (decodeManaged(parent, true) ?? new Map<string, Manager>()).values()) {
    const path = paths[m.apiVersion];
    if (path === undefined || !has(m.set, steps(path))) continue;
    owners.push({ ...m, apiVersion: SCALE_VERSION, set: setOf(SCALE_REPLICAS) });
  }
  return encodeManaged(owners);
}

/**
 * The scaled object's managedFields after a write to its Scale: managers that lost the replica count there lose it here, and
 * those that own it there get an entry. As in kube-apiserver the entry of an updater has no time, and stands beside another
 * entry of the same manager, because the Scale's updaters are of another version.
 */
export function parentManagedFields(
  parent: JsonValue | undefined,
  scale: JsonValue | undefined,
  apiVersion: string,
  paths: ReplicasPaths,
): JsonObject[] | undefined {
  const parents = decodeManaged(parent, true) ?? new Map<string, Manager>();
  const scales: Managers = decodeManaged(scale, true) ?? new Map<string, Manager>();
  const out: Manager[] = [];
  for (const [id, m] of parents) {
    const path = paths[m.apiVersion];
    if (path === undefined) continue;
    if (!has(m.set, steps(path)) || scales.delete(id)) {
      out.push(m);
      continue;
    }
    const set = difference(m.set, setOf(steps(path)));
    if (!isEmpty(set)) out.push({ ...m, set });
  }
  const own = paths[apiVersion];
  for (const [id, m] of scales) {
    if (own === undefined || !has(m.set, SCALE_REPLICAS)) continue;
    out.push({ ...m, apiVersion, set: setOf(steps(own)), time: parents.get(id)?.time });
  }
  return encodeManaged(out);
}
