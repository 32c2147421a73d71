import { child, children, defaultTo, ensureChild } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';

// Rules: k8s.io/kubernetes pkg/apis/autoscaling/v2/defaults.go.

const DEFAULT_CPU_PERCENT = 80;

/** The metric that a v1 autoscaler has: average CPU use in percent of what the pods request. */
export function cpuMetric(percent: number): JsonObject {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } } };
}

/** Fills what an autoscaler of v2 does not say. */
export function defaultAutoscaler(hpa: JsonObject): void {
  const spec = ensureChild(hpa, 'spec');
  defaultTo(spec, 'minReplicas', 1);
  if (children(spec, 'metrics').length === 0) spec['metrics'] = [cpuMetric(DEFAULT_CPU_PERCENT)];
  const behavior = child(spec, 'behavior');
  if (behavior === undefined) return;
  // A behaviour that is given in part is completed (GenerateHPAScaleUpRules, GenerateHPAScaleDownRules).
  const up = ensureChild(behavior, 'scaleUp');
  defaultTo(up, 'stabilizationWindowSeconds', 0);
  defaultTo(up, 'selectPolicy', 'Max');
  // None at all, said expressly, is refused later.
  defaultTo(up, 'policies', [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ]);
  const down = ensureChild(behavior, 'scaleDown');
  defaultTo(down, 'selectPolicy', 'Max');
  defaultTo(down, 'policies', [{ type: 'Percent', value: 100, periodSeconds: 15 }]);
}
