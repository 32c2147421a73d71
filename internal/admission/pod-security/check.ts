import { child, children } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';

/** What the checks look at: a pod, or the template of one. */
export interface PodView {
  readonly annotations: JsonObject;
  readonly spec: JsonObject;
  /** The pod's securityContext. */
  readonly security: JsonObject | undefined;
  /** Init containers, containers, ephemeral containers, in this order. */
  readonly containers: readonly ContainerView[];
}

export interface ContainerView {
  readonly name: string;
  readonly container: JsonObject;
  readonly security: JsonObject | undefined;
}

/** Why a check does not allow a pod. */
export interface Violation {
  /** Short, the same for every pod that is forbidden for it. */
  readonly reason: string;
  /** Which containers, volumes, values. */
  readonly detail: string;
}

export type CheckPod = (pod: PodView) => Violation | undefined;

/** The form that a check has from one minor release on. */
export interface VersionedCheck {
  /** v1.`since` is the first version that has it. */
  readonly since: number;
  readonly check: CheckPod;
  /** Baseline checks that a restricted one takes the place of. */
  readonly overrides?: readonly string[];
}

export interface Check {
  readonly id: string;
  /** Baseline checks also hold at the level `restricted`. */
  readonly level: 'baseline' | 'restricted';
  /** In rising order of `since`. */
  readonly versions: readonly VersionedCheck[];
}

function containerOf(container: JsonObject): ContainerView {
  const name = container['name'];
  return { name: typeof name === 'string' ? name : '', container, security: child(container, 'securityContext') };
}

/** The view of an object with `metadata` and `spec`: a Pod or a PodTemplateSpec. */
export function podView(pod: JsonObject): PodView {
  const spec = child(pod, 'spec') ?? {};
  const containers = ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) => children(spec, list));
  return {
    annotations: child(child(pod, 'metadata'), 'annotations') ?? {},
    spec,
    security: child(spec, 'securityContext'),
    containers: containers.map(containerOf),
  };
}

/** Pods of Windows cannot have what some restricted checks ask for. */
export const isWindows = (pod: PodView): boolean => child(pod.spec, 'os')?.['name'] === 'windows';

/** In a user namespace root of the container is not root of the node. */
export const hasUserNamespace = (pod: PodView): boolean => pod.spec['hostUsers'] === false;

/** The names of the containers that `isBad` finds. */
export const namesOf = (pod: PodView, isBad: (c: ContainerView) => boolean): string[] =>
  pod.containers.filter(isBad).map((c) => c.name);
