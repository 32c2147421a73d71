import { child } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';

const RESTRICTED = 'node-restriction.kubernetes.io';
/** Labels of Kubernetes' own that a kubelet may give its node (KEP-279). */
const OWN_LABELS: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);
const OWN_NAMESPACES = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

const within = (namespace: string, domain: string): boolean => namespace === domain || namespace.endsWith(`.${domain}`);

function forbidden(label: string): boolean {
  const slash = label.indexOf('/');
  const namespace = slash < 0 ? '' : label.slice(0, slash);
  if (within(namespace, RESTRICTED)) return true;
  if (!within(namespace, 'kubernetes.io') && !within(namespace, 'k8s.io')) return false;
  return !OWN_LABELS.has(label) && !OWN_NAMESPACES.some((own) => within(namespace, own));
}

/** Labels that differ between two nodes and that a kubelet may not touch, sorted. */
export function forbiddenLabels(node: JsonObject, old: JsonObject | undefined): string[] {
  const now = child(child(node, 'metadata'), 'labels') ?? {};
  const before = child(child(old, 'metadata'), 'labels') ?? {};
  return [...new Set([...Object.keys(now), ...Object.keys(before)])]
    .filter((label) => now[label] !== before[label] && forbidden(label))
    .toSorted();
}
