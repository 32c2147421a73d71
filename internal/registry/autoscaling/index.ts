import type { Strategy } from '../types.js';
import { dropCarried, fromV1, toV1 } from './conversion.js';
import { defaultAutoscaler } from './defaults.js';
import { validate, validateStatus, validateUpdate } from './validation.js';

const horizontalPodAutoscalers: Strategy = {
  defaults(hpa) {
    dropCarried(hpa);
    defaultAutoscaler(hpa);
  },
  prepareForCreate(_ctx, hpa) {
    hpa['status'] = { desiredReplicas: 0, currentMetrics: null };
  },
  validate,
  validateUpdate,
  validateStatusUpdate: validateStatus,
  toVersion: (hpa, version) => (version === 'v1' ? toV1(hpa) : hpa),
  fromVersion: (hpa, version) => (version === 'v1' ? fromV1(hpa) : hpa),
};

/** Resources of the autoscaling group by their plural name. */
export const autoscaling: Readonly<Record<string, Strategy>> = { horizontalpodautoscalers: horizontalPodAutoscalers };
