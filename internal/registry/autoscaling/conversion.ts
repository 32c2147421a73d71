import { child, children, num, str } from '../../machinery/access.js';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { cpuMetric } from './defaults.js';

// Conversion between v1 and v2 (pkg/apis/autoscaling/v1/conversion.go).

function isCpuUtilization(metric: JsonObject): boolean {
  const resource = child(metric, 'resource');
  return (
    str(metric, 'type') === 'Resource' &&
    str(resource, 'name') === 'cpu' &&
    num(child(resource, 'target'), 'averageUtilization') !== undefined
  );
}

/** v2 -> v1: CPU utilisation has fields of its own, what else there is travels in annotations. */
export function toV1(hpa: JsonObject): JsonObject {
  const out: JsonObject = { ...hpa, apiVersion: 'autoscaling/v1' };
  const spec: JsonObject = { ...child(hpa, 'spec') };
  const metrics = children(spec, 'metrics');
  const cpu = metrics.find(isCpuUtilization);
  const rest = metrics.filter((m) => m !== cpu);
  const annotations: JsonObject = { ...child(child(hpa, 'metadata'), 'annotations') };
  const behavior = child(spec, 'behavior');
  delete spec['metrics'];
  delete spec['behavior'];
  const target = num(child(child(cpu, 'resource'), 'target'), 'averageUtilization');
  if (target !== undefined) spec['targetCPUUtilizationPercentage'] = target;
  if (rest.length > 0) annotations['autoscaling.alpha.kubernetes.io/metrics'] = JSON.stringify(rest);
  if (behavior !== undefined) annotations['autoscaling.alpha.kubernetes.io/behavior'] = JSON.stringify(behavior);
  out['spec'] = spec;
  const status = child(hpa, 'status');
  const newStatus: JsonObject = {
    ...(status?.['observedGeneration'] === undefined ? {} : { observedGeneration: status['observedGeneration'] }),
    ...(status?.['lastScaleTime'] === undefined ? {} : { lastScaleTime: status['lastScaleTime'] }),
    currentReplicas: status?.['currentReplicas'] ?? 0,
    desiredReplicas: status?.['desiredReplicas'] ?? 0,
  };
  const current = children(status, 'currentMetrics').find(
    (m) => str(m, 'type') === 'Resource' && str(child(m, 'resource'), 'name') === 'cpu',
  );
  const utilization = num(child(child(current, 'resource'), 'current'), 'averageUtilization');
  if (utilization !== undefined) newStatus['currentCPUUtilizationPercentage'] = utilization;
  const conditions = children(status, 'conditions');
  if (conditions.length > 0) annotations['autoscaling.alpha.kubernetes.io/conditions'] = JSON.stringify(conditions);
  out['status'] = newStatus;
  if (Object.keys(annotations).length > 0) out['metadata'] = { ...child(hpa, 'metadata'), annotations };
  return out;
}

const CARRIED = ['metrics', 'behavior', 'conditions', 'current-metrics'].map(
  (k) => `autoscaling.alpha.kubernetes.io/${k}`,
);

function parseCarried(annotations: JsonObject | undefined, what: string): JsonValue | undefined {
  const text = str(annotations, `autoscaling.alpha.kubernetes.io/${what}`);
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as JsonValue;
  } catch (e) {
    if (e instanceof SyntaxError) return undefined; // an annotation that a person wrote by hand and that says nothing
    throw e;
  }
}

/** v1 -> v2, the reverse of `toV1`. */
export function fromV1(hpa: JsonObject): JsonObject {
  const out: JsonObject = { ...hpa, apiVersion: 'autoscaling/v2' };
  const spec: JsonObject = { ...child(hpa, 'spec') };
  const annotations = child(child(hpa, 'metadata'), 'annotations');
  const metrics: JsonValue[] = [];
  const target = num(spec, 'targetCPUUtilizationPercentage');
  const carried = parseCarried(annotations, 'metrics');
  if (Array.isArray(carried)) metrics.push(...carried);
  if (target !== undefined) metrics.push(cpuMetric(target));
  delete spec['targetCPUUtilizationPercentage'];
  if (metrics.length > 0) spec['metrics'] = metrics;
  const behavior = parseCarried(annotations, 'behavior');
  if (behavior !== undefined) spec['behavior'] = behavior;
  out['spec'] = spec;
  const status: JsonObject = { ...child(hpa, 'status') };
  const utilization = num(status, 'currentCPUUtilizationPercentage');
  delete status['currentCPUUtilizationPercentage'];
  status['currentMetrics'] =
    utilization === undefined
      ? null
      : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: utilization } } }];
  const conditions = parseCarried(annotations, 'conditions');
  if (conditions !== undefined) status['conditions'] = conditions;
  out['status'] = status;
  if (annotations !== undefined && CARRIED.some((k) => annotations[k] !== undefined)) {
    const kept: JsonObject = Object.fromEntries(Object.entries(annotations).filter(([k]) => !CARRIED.includes(k)));
    const meta: JsonObject = { ...child(hpa, 'metadata') };
    if (Object.keys(kept).length > 0) meta['annotations'] = kept;
    else delete meta['annotations'];
    out['metadata'] = meta;
  }
  return out;
}
