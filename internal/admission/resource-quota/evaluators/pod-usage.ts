import { child, children, num, str } from '../../../machinery/access.js';
import type { JsonObject } from '../../../machinery/json.js';
import { addQuantity, signOfQuantity } from '../../../machinery/quantity.js';
import { parseTime } from '../../../machinery/time.js';
import { addTo, type Amounts, amountsOf, countOf, type MutableAmounts, raiseTo } from '../amounts.js';
import { isExtendedResource, requestsOf } from '../names.js';

type Field = 'requests' | 'limits';

/** Resources that a pod as a whole can have (KEP-2837). */
const isPodLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

const podLevelNames = (pod: JsonObject, field: Field): string[] =>
  Object.keys(child(child(child(pod, 'spec'), 'resources'), field) ?? {}).filter(isPodLevel);

/** Whether the pod itself has requests or limits, so that its containers need none. */
export const hasPodLevelResources = (pod: JsonObject): boolean =>
  podLevelNames(pod, 'requests').length > 0 || podLevelNames(pod, 'limits').length > 0;

/** A resize that the kubelet has called infeasible does not count. */
const isResizeInfeasible = (pod: JsonObject): boolean => {
  const pending = children(child(pod, 'status'), 'conditions').find((c) => str(c, 'type') === 'PodResizePending');
  return pending !== undefined && str(pending, 'reason') === 'Infeasible';
};

/** What a container asks for, or what it was given and still has where that is more (KEP-1287). */
function containerAmounts(
  pod: JsonObject,
  container: JsonObject,
  status: JsonObject | undefined,
  field: Field,
): Amounts {
  const asked = amountsOf(child(child(container, 'resources'), field));
  const actual = child(status, 'resources');
  if (actual === undefined) return asked;
  const sum: MutableAmounts = isResizeInfeasible(pod) ? new Map() : asked;
  raiseTo(sum, amountsOf(child(actual, field)));
  if (field === 'requests') raiseTo(sum, amountsOf(child(status, 'allocatedResources')));
  return sum;
}

/**
 * What a pod requests or is limited to: its containers and sidecars together, or an init container beside the sidecars
 * before it where that is more (KEP-753); what the pod itself says comes first; overhead on top (of limits only where
 * there is one). What containers were given and still have counts where it is more than they ask for.
 */
export function podTotal(pod: JsonObject, field: Field): Amounts {
  const status = child(pod, 'status');
  const all = [...children(status, 'containerStatuses'), ...children(status, 'initContainerStatuses')];
  return totalOf(pod, field, new Map(all.map((s) => [str(s, 'name'), s])));
}

/** The same of what its containers ask for, whatever they have. */
export const askedTotal = (pod: JsonObject, field: Field): Amounts => totalOf(pod, field, new Map());

function totalOf(pod: JsonObject, field: Field, statuses: ReadonlyMap<string, JsonObject>): Amounts {
  const spec = child(pod, 'spec') ?? {};
  const total: MutableAmounts = new Map();
  for (const c of children(spec, 'containers'))
    addTo(total, containerAmounts(pod, c, statuses.get(str(c, 'name')), field));
  const sidecars: MutableAmounts = new Map();
  const init: MutableAmounts = new Map();
  for (const container of children(spec, 'initContainers')) {
    if (str(container, 'restartPolicy') === 'Always') {
      const own = containerAmounts(pod, container, statuses.get(str(container, 'name')), field);
      addTo(total, own);
      addTo(sidecars, own);
      raiseTo(init, sidecars);
    } else {
      const own = amountsOf(child(child(container, 'resources'), field));
      addTo(own, sidecars);
      raiseTo(init, own);
    }
  }
  raiseTo(total, init);
  const ofPod = amountsOf(child(child(spec, 'resources'), field));
  for (const name of podLevelNames(pod, field)) {
    const amount = ofPod.get(name);
    if (amount !== undefined) total.set(name, amount);
  }
  for (const [name, overhead] of amountsOf(child(spec, 'overhead'))) {
    const have = total.get(name);
    if (have !== undefined && (field === 'requests' || signOfQuantity(have) !== 0)) {
      total.set(name, addQuantity(have, overhead));
    } else if (field === 'requests') {
      total.set(name, overhead);
    }
  }
  return total;
}

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'] as const;

/** The names under which quotas count requests and limits. */
export function computeUsage(requests: Amounts, limits: Amounts): MutableAmounts {
  const used: MutableAmounts = new Map([['pods', countOf(1)]]);
  for (const name of COMPUTE) {
    const request = requests.get(name);
    const limit = limits.get(name);
    if (request !== undefined) used.set(name, request).set(requestsOf(name), request);
    if (limit !== undefined) used.set(`limits.${name}`, limit);
  }
  for (const [name, request] of requests) {
    if (name.startsWith('hugepages-')) used.set(name, request).set(requestsOf(name), request);
    if (isExtendedResource(name)) used.set(requestsOf(name), request);
  }
  return used;
}

/** Neither ended nor past its grace: a pod on a lost node does not keep others from starting. */
function isCharged(pod: JsonObject, nowMs: number): boolean {
  const phase = str(child(pod, 'status'), 'phase');
  if (phase === 'Failed' || phase === 'Succeeded') return false;
  const meta = child(pod, 'metadata');
  const grace = num(meta, 'deletionGracePeriodSeconds');
  const deleted = str(meta, 'deletionTimestamp');
  if (deleted === '' || grace === undefined) return true;
  return nowMs <= Number(parseTime(deleted).seconds) * 1000 + grace * 1000;
}

/** What a pod uses. A pod that has ended is only an object. */
export function podUsage(pod: JsonObject, nowMs: number): Amounts {
  const used: MutableAmounts = new Map([['count/pods', countOf(1)]]);
  if (isCharged(pod, nowMs)) addTo(used, computeUsage(podTotal(pod, 'requests'), podTotal(pod, 'limits')));
  return used;
}
