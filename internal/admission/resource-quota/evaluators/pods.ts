import { child, children, num, str, strings } from '../../../machinery/access.js';
import type { JsonObject } from '../../../machinery/json.js';
import { podQosClass } from '../../../machinery/pod-qos.js';
import { amountsOf } from '../amounts.js';
import { isExtendedResourceOfQuota } from '../names.js';
import { namesMatch } from '../scopes.js';
import { computeUsage, hasPodLevelResources, podUsage } from './pod-usage.js';
import type { Evaluator } from './types.js';

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
const NAMES: ReadonlySet<string> = new Set([
  'count/pods',
  'pods',
  ...COMPUTE,
  ...COMPUTE.map((name) => `requests.${name}`),
  ...COMPUTE.map((name) => `limits.${name}`),
]);
/** A quota of these wants every container to say them. Kubernetes calls that a mistake and adds no more. */
const MUST_BE_SAID: ReadonlySet<string> = new Set(
  ['cpu', 'memory'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
);

const isTerminating = (pod: JsonObject | undefined): boolean =>
  (num(child(pod, 'spec'), 'activeDeadlineSeconds') ?? -1) >= 0;
const isBestEffort = (pod: JsonObject): boolean => podQosClass(pod) === 'BestEffort';

/** Affinity or anti-affinity to pods of other namespaces. */
function looksAcrossNamespaces(pod: JsonObject): boolean {
  const affinity = child(child(pod, 'spec'), 'affinity');
  return ['podAffinity', 'podAntiAffinity'].some((kind) => {
    const of = child(affinity, kind);
    const preferred = children(of, 'preferredDuringSchedulingIgnoredDuringExecution');
    return [
      ...children(of, 'requiredDuringSchedulingIgnoredDuringExecution'),
      ...preferred.map((term) => child(term, 'podAffinityTerm') ?? {}),
    ].some((term) => strings(term, 'namespaces').length > 0 || child(term, 'namespaceSelector') !== undefined);
  });
}

/** Pods, what they request and are limited to. */
export const podEvaluator: Evaluator = {
  handles(a) {
    if (a.subresource === 'resize') return a.operation === 'UPDATE';
    if (a.subresource !== '') return false;
    if (a.operation === 'UPDATE') return isTerminating(a.object) !== isTerminating(a.oldObject);
    return a.operation === 'CREATE';
  },
  matching: (names) =>
    [...names].filter(
      (name) =>
        NAMES.has(name) ||
        name.startsWith('hugepages-') ||
        name.startsWith('requests.hugepages-') ||
        isExtendedResourceOfQuota(name),
    ),
  inScope(requirement, pod) {
    switch (requirement.scopeName) {
      case 'Terminating':
        return isTerminating(pod);
      case 'NotTerminating':
        return !isTerminating(pod);
      case 'BestEffort':
        return isBestEffort(pod);
      case 'NotBestEffort':
        return !isBestEffort(pod);
      case 'PriorityClass': {
        const name = str(child(pod, 'spec'), 'priorityClassName');
        return namesMatch(requirement, name === '' ? [] : [name]);
      }
      case 'CrossNamespacePodAffinity':
        return looksAcrossNamespaces(pod);
      default:
        return false;
    }
  },
  constraints(resources, pod) {
    if (hasPodLevelResources(pod)) return undefined;
    const required = resources.filter((name) => MUST_BE_SAID.has(name)).sort();
    if (required.length === 0) return undefined;
    const spec = child(pod, 'spec');
    const missing = new Map<string, Set<string>>();
    for (const container of [...children(spec, 'containers'), ...children(spec, 'initContainers')]) {
      const of = child(container, 'resources');
      const said = computeUsage(amountsOf(child(of, 'requests')), amountsOf(child(of, 'limits')));
      for (const name of required) {
        if (said.has(name)) continue;
        const containers = missing.get(name) ?? new Set<string>();
        missing.set(name, containers.add(str(container, 'name')));
      }
    }
    if (missing.size === 0) return undefined;
    const texts = required.flatMap((name) => {
      const containers = missing.get(name);
      return containers === undefined ? [] : [`${name} for: ${[...containers].sort().join(',')}`];
    });
    return `must specify ${texts.join('; ')}`;
  },
  usage: (pod) => podUsage(pod, Date.now()),
};
