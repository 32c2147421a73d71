import type { TypeTable } from '../grammar.js';

/** Types of autoscaling.v1; one line per field, see ../grammar.ts. */
export const types = {
  CrossVersionObjectReference: {
    '': 'map=atomic |',
    kind: 'string 1 required always |',
    name: 'string 2 required always |',
    apiVersion: 'string 3 |',
  },
  HorizontalPodAutoscaler: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'HorizontalPodAutoscalerSpec 2 required |',
    status: 'HorizontalPodAutoscalerStatus 3 |',
  },
  HorizontalPodAutoscalerList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]HorizontalPodAutoscaler 2 required always |',
  },
  HorizontalPodAutoscalerSpec: {
    '': '|',
    scaleTargetRef: 'CrossVersionObjectReference 1 required |',
    minReplicas: '*int32 2 |',
    maxReplicas: 'int32 3 required always |',
    targetCPUUtilizationPercentage: '*int32 4 |',
  },
  HorizontalPodAutoscalerStatus: {
    '': '|',
    observedGeneration: '*int64 1 |',
    lastScaleTime: '*time 2 |',
    currentReplicas: 'int32 3 required always |',
    desiredReplicas: 'int32 4 required always |',
    currentCPUUtilizationPercentage: '*int32 5 |',
  },
  Scale: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'ScaleSpec 2 |',
    status: 'ScaleStatus 3 |',
  },
  ScaleSpec: {
    '': '|',
    replicas: 'int32 1 default=0 |',
  },
  ScaleStatus: {
    '': '|',
    replicas: 'int32 1 required always |',
    selector: 'string 2 |',
  },
} as const satisfies TypeTable;
