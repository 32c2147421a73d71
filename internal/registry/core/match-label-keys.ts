import { child, children, str, strings } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';

/** Adds to the term's selector what its keys mean for a pod with these labels. Without a selector, none is selected. */
function narrow(term: JsonObject, labels: JsonObject): void {
  const selector = child(term, 'labelSelector');
  if (selector === undefined) return;
  const expressions = children(selector, 'matchExpressions');
  const added: JsonObject[] = [];
  for (const [keys, operator] of [
    ['matchLabelKeys', 'In'],
    ['mismatchLabelKeys', 'NotIn'],
  ] as const) {
    for (const key of strings(term, keys)) {
      if (labels[key] !== undefined) added.push({ key, operator, values: [str(labels, key)] });
    }
  }
  if (added.length > 0) term['labelSelector'] = { ...selector, matchExpressions: [...expressions, ...added] };
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

/**
 * Selectors of a new pod that go by its own labels (matchLabelKeys, mismatchLabelKeys) are written out: the labels may
 * change later, what the pod was scheduled by does not (pkg/registry/core/pod, KEP-3243 and KEP-3633).
 */
export function applyMatchLabelKeys(pod: JsonObject): void {
  const spec = child(pod, 'spec');
  const labels = child(child(pod, 'metadata'), 'labels') ?? {};
  const affinity = child(spec, 'affinity');
  for (const kind of ['podAffinity', 'podAntiAffinity']) {
    const terms = child(affinity, kind);
    for (const term of children(terms, REQUIRED)) narrow(term, labels);
    for (const preferred of children(terms, PREFERRED)) {
      const term = child(preferred, 'podAffinityTerm');
      if (term !== undefined) narrow(term, labels);
    }
  }
  for (const constraint of children(spec, 'topologySpreadConstraints')) narrow(constraint, labels);
}
