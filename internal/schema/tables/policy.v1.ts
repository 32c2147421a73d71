import type { TypeTable } from '../grammar.js';

/** Types of policy.v1; one line per field, see ../grammar.ts. */
export const types = {
  Eviction: {
    '': 'kind | Asks a pod to go, if disruption budgets allow it.',
    metadata: 'meta.v1.ObjectMeta 1 | Name and namespace of the pod.',
    deleteOptions: '*meta.v1.DeleteOptions 2 | Options of the delete.',
  },
  PodDisruptionBudget: {
    '': 'kind | Limits how many pods may be taken away at a time.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'PodDisruptionBudgetSpec 2 | What is wanted. Users write it.',
    status: 'PodDisruptionBudgetStatus 3 | What is observed. Controllers write it, through the status subresource.',
  },
  PodDisruptionBudgetList: {
    '': 'kind | A list of PodDisruptionBudget objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]PodDisruptionBudget 2 required always | The objects.',
  },
  PodDisruptionBudgetSpec: {
    '': '| Pods and how many must stay.',
    minAvailable: '*intOrString 1 | Pods that must stay, as number or percentage; not together with maxUnavailable.',
    selector: '*meta.v1.LabelSelector 2 patch=replace | Labels of the pods; empty means all pods of the namespace.',
    maxUnavailable: '*intOrString 3 | Pods that may be missing, as number or percentage; not together with minAvailable.',
    unhealthyPodEvictionPolicy: '*string 4 enum=AlwaysAllow,IfHealthyBudget | When pods that are not ready may go: IfHealthyBudget (default) or AlwaysAllow.',
  },
  PodDisruptionBudgetStatus: {
    '': '| What a budget allows at present.',
    observedGeneration: 'int64 1 | metadata.generation that this status was made for; an older one means that the status lags behind the spec.',
    disruptedPods: 'map[string]time 2 | Pods that were evicted and are not yet gone, with the time.',
    disruptionsAllowed: 'int32 3 always | Pods that may go now.',
    currentHealthy: 'int32 4 always | Pods that are ready.',
    desiredHealthy: 'int32 5 always | Pods that must be ready.',
    expectedPods: 'int32 6 always | Pods that the budget counts.',
    conditions: '[]meta.v1.Condition 7 list=map:type patch=merge:type | What is true of the object at present, one entry per type.',
  },
} as const satisfies TypeTable;
