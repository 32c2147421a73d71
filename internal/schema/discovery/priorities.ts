/** [group, version, groupPriorityMinimum, versionPriority] of every built-in group version: the order in which clients are shown them. */
export const BUILTIN_PRIORITIES: readonly (readonly [string, string, number, number])[] = [
  ['', 'v1', 18000, 1],
  ['admissionregistration.k8s.io', 'v1', 16700, 15],
  ['apiextensions.k8s.io', 'v1', 16700, 15],
  ['apps', 'v1', 17800, 15],
  ['authentication.k8s.io', 'v1', 17700, 15],
  ['authorization.k8s.io', 'v1', 17600, 15],
  ['autoscaling', 'v1', 17500, 15],
  ['batch', 'v1', 17400, 15],
  ['certificates.k8s.io', 'v1', 17300, 15],
  ['coordination.k8s.io', 'v1', 16500, 15],
  ['discovery.k8s.io', 'v1', 16200, 15],
  ['events.k8s.io', 'v1', 17750, 15],
  ['flowcontrol.apiserver.k8s.io', 'v1', 16100, 21],
  ['networking.k8s.io', 'v1', 17200, 15],
  ['node.k8s.io', 'v1', 16300, 15],
  ['policy', 'v1', 17100, 15],
  ['rbac.authorization.k8s.io', 'v1', 17000, 15],
  ['resource.k8s.io', 'v1', 16200, 21],
  ['scheduling.k8s.io', 'v1', 16600, 15],
  ['storage.k8s.io', 'v1', 16800, 15],
  ['autoscaling', 'v2', 17500, 30],
];

/** kube-aggregator's own group has no APIService, and is listed before all others. */
export const AGGREGATOR_GROUP = 'apiregistration.k8s.io';
const AGGREGATOR_PRIORITY = 20_000;

/** groupPriorityMinimum and versionPriority of groups and versions that exist only for custom resources. */
export const CUSTOM_GROUP_PRIORITY = 1000;
export const CUSTOM_VERSION_PRIORITY = 100;

/** What a built-in group and version has. */
export function builtinPriority(group: string, version: string): { readonly group: number; readonly version: number } {
  const row = BUILTIN_PRIORITIES.find(([g, v]) => g === group && v === version);
  if (row !== undefined) return { group: row[2], version: row[3] };
  return { group: group === AGGREGATOR_GROUP ? AGGREGATOR_PRIORITY : CUSTOM_GROUP_PRIORITY, version: 15 };
}
