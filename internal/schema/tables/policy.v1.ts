import type { TypeTable } from '../grammar.js';

/** Types of policy.v1; one line per field, see ../grammar.ts. */
export const types = {
  Eviction: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    deleteOptions: '*meta.v1.DeleteOptions 2 |',
  },
  PodDisruptionBudget: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'PodDisruptionBudgetSpec 2 |',
    status: 'PodDisruptionBudgetStatus 3 |',
  },
  PodDisruptionBudgetList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]PodDisruptionBudget 2 required always |',
  },
  PodDisruptionBudgetSpec: {
    '': '|',
    minAvailable: '*intOrString 1 |',
    selector: '*meta.v1.LabelSelector 2 patch=replace |',
    maxUnavailable: '*intOrString 3 |',
    unhealthyPodEvictionPolicy: '*string 4 enum=AlwaysAllow,IfHealthyBudget |',
  },
  PodDisruptionBudgetStatus: {
    '': '|',
    observedGeneration: 'int64 1 |',
    disruptedPods: 'map[string]time 2 |',
    disruptionsAllowed: 'int32 3 always |',
    currentHealthy: 'int32 4 always |',
    desiredHealthy: 'int32 5 always |',
    expectedPods: 'int32 6 always |',
    conditions: '[]meta.v1.Condition 7 list=map:type patch=merge:type |',
  },
} as const satisfies TypeTable;
