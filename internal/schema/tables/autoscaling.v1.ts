import type { TypeTable } from '../grammar.js';

/** Types of autoscaling.v1; one line per field, see ../grammar.ts. */
export const types = {
  CrossVersionObjectReference: {
    '': 'map=atomic | Names an object without saying its version exactly.',
    kind: 'string 1 required always | Kind of the object.',
    name: 'string 2 required always | Name of the object.',
    apiVersion: 'string 3 | Group and version of the object.',
  },
  HorizontalPodAutoscaler: {
    '': 'kind | Adapts the number of pods to their CPU usage; version 2 knows more metrics.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'HorizontalPodAutoscalerSpec 2 required | What is wanted. Users write it.',
    status: 'HorizontalPodAutoscalerStatus 3 | What is observed. Controllers write it, through the status subresource.',
  },
  HorizontalPodAutoscalerList: {
    '': 'kind | A list of HorizontalPodAutoscaler objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]HorizontalPodAutoscaler 2 required always | The objects.',
  },
  HorizontalPodAutoscalerSpec: {
    '': '| What is scaled and between which bounds.',
    scaleTargetRef: 'CrossVersionObjectReference 1 required | Object that is scaled, through its scale subresource.',
    minReplicas: '*int32 2 | Fewest pods; default 1.',
    maxReplicas: 'int32 3 required always | Most pods; not below minReplicas.',
    targetCPUUtilizationPercentage: '*int32 4 | CPU usage that is aimed at, in percent of what the pods requested.',
  },
  HorizontalPodAutoscalerStatus: {
    '': '| What the autoscaler saw and decided.',
    observedGeneration: '*int64 1 | metadata.generation that this status was made for; an older one means that the status lags behind the spec.',
    lastScaleTime: '*time 2 | When the number of pods was last changed.',
    currentReplicas: 'int32 3 required always | Number of pods at present.',
    desiredReplicas: 'int32 4 required always | Number of pods that was decided on.',
    currentCPUUtilizationPercentage: '*int32 5 | CPU usage at present, in percent of what the pods requested.',
  },
  Scale: {
    '': 'kind | The number of replicas of some object: what the scale subresource reads and writes.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'ScaleSpec 2 | What is wanted. Users write it.',
    status: 'ScaleStatus 3 | What is observed. Controllers write it, through the status subresource.',
  },
  ScaleSpec: {
    '': '| Wanted number of replicas.',
    replicas: 'int32 1 default=0 | Wanted number of pods.',
  },
  ScaleStatus: {
    '': '| Observed number of replicas.',
    replicas: 'int32 1 required always | Number of pods at present.',
    selector: 'string 2 | Label selector of the pods, as text.',
  },
} as const satisfies TypeTable;
