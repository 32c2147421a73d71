import { child, children, num, str } from '../../machinery/access.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { StatusError } from '../../machinery/status.js';
import { decodeValue } from '../../schema/codec/index.js';
import { behaviorFromGo, behaviorInGo, reshape, SOURCES, STATUSES } from './carried-metrics.js';
import { cpuMetric } from './defaults.js';

// Conversion between v1 and v2 (pkg/apis/autoscaling/v1/conversion.go). What v1 has no field for travels in annotations.

const CARRIED = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
} as const;
const CARRYING = new Set<string>(Object.values(CARRIED));

/** Removes the annotations that only v1 has, from whatever version (DropRoundTripHorizontalPodAutoscalerAnnotations). */
export function dropCarried(hpa: JsonObject): void {
  const meta = child(hpa, 'metadata');
  const annotations = child(meta, 'annotations');
  if (meta === undefined || annotations === undefined) return;
  const kept = Object.entries(annotations).filter(([k]) => !CARRYING.has(k));
  if (kept.length === Object.keys(annotations).length) return;
  if (kept.length === 0) delete meta['annotations'];
  else meta['annotations'] = Object.fromEntries(kept);
}

function isCpu(metric: JsonObject): boolean {
  return str(metric, 'type') === 'Resource' && str(child(metric, 'resource'), 'name') === 'cpu';
}

const cpuTarget = (metric: JsonObject): number | undefined =>
  isCpu(metric) ? num(child(child(metric, 'resource'), 'target'), 'averageUtilization') : undefined;

/** Go's json.Marshal escapes what HTML would read as markup. */
function goText(value: JsonValue): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** v2 -> v1: CPU utilisation has fields of its own, what else there is travels in annotations. */
export function toV1(hpa: JsonObject): JsonObject {
  const out: JsonObject = { ...hpa, apiVersion: 'autoscaling/v1', metadata: { ...child(hpa, 'metadata') } };
  dropCarried(out);
  const spec: JsonObject = { ...child(hpa, 'spec') };
  const metrics = children(spec, 'metrics');
  const carried: Record<string, string> = {};
  const others = metrics.filter((m) => cpuTarget(m) === undefined);
  if (others.length > 0) carried[CARRIED.metrics] = goText(reshape(others, SOURCES, 'to'));
  const status = child(hpa, 'status');
  const current = children(status, 'currentMetrics');
  if (current.length > 0) carried[CARRIED.currentMetrics] = goText(reshape(current, STATUSES, 'to'));
  const behavior = child(spec, 'behavior');
  if (behavior !== undefined) carried[CARRIED.behavior] = goText(behaviorInGo(behavior));
  const conditions = children(status, 'conditions');
  if (conditions.length > 0) carried[CARRIED.conditions] = goText(conditions);
  delete spec['metrics'];
  delete spec['behavior'];
  const target = metrics.map(cpuTarget).find((t) => t !== undefined);
  if (target !== undefined) spec['targetCPUUtilizationPercentage'] = target;
  out['spec'] = spec;
  const newStatus: JsonObject = {
    ...(status?.['observedGeneration'] === undefined ? {} : { observedGeneration: status['observedGeneration'] }),
    ...(status?.['lastScaleTime'] === undefined ? {} : { lastScaleTime: status['lastScaleTime'] }),
    currentReplicas: status?.['currentReplicas'] ?? 0,
    desiredReplicas: status?.['desiredReplicas'] ?? 0,
  };
  for (const metric of current.filter(isCpu)) {
    const utilization = num(child(child(metric, 'resource'), 'current'), 'averageUtilization');
    if (utilization !== undefined) newStatus['currentCPUUtilizationPercentage'] = utilization;
  }
  out['status'] = newStatus;
  if (Object.keys(carried).length > 0) {
    const meta = child(out, 'metadata') ?? {};
    meta['annotations'] = { ...child(meta, 'annotations'), ...carried };
    out['metadata'] = meta;
  }
  return out;
}

function parseCarried(hpa: JsonObject, annotation: string): JsonValue | undefined {
  const text = str(child(child(hpa, 'metadata'), 'annotations'), annotation);
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as JsonValue;
  } catch (e) {
    if (e instanceof SyntaxError) return undefined; // an annotation that a person wrote by hand and that says nothing
    throw e;
  }
}

/** What an annotation carried, as a field of the v2 type that it must fit; undefined when it does not. */
function fitting(type: 'Spec' | 'Status', field: string, value: JsonValue): JsonValue | undefined {
  try {
    return decodeValue({ [field]: value }, `io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler${type}`, 'Ignore').object[
      field
    ];
  } catch (e) {
    if (e instanceof StatusError) return undefined; // ignored, as what Go cannot unmarshal
    throw e;
  }
}

/** v1 -> v2, the reverse of `toV1`. */
export function fromV1(hpa: JsonObject): JsonObject {
  const out: JsonObject = { ...hpa, apiVersion: 'autoscaling/v2', metadata: { ...child(hpa, 'metadata') } };
  const spec: JsonObject = { ...child(hpa, 'spec') };
  const metrics: JsonValue[] = [];
  const target = num(spec, 'targetCPUUtilizationPercentage');
  const others = parseCarried(hpa, CARRIED.metrics);
  const read = Array.isArray(others) ? fitting('Spec', 'metrics', reshape(others, SOURCES, 'from')) : undefined;
  if (Array.isArray(read)) for (const metric of read) metrics.push(metric);
  if (target !== undefined) metrics.push(cpuMetric(target));
  delete spec['targetCPUUtilizationPercentage'];
  if (metrics.length > 0) spec['metrics'] = metrics;
  const behavior = parseCarried(hpa, CARRIED.behavior);
  if (isObject(behavior)) {
    const fit = fitting('Spec', 'behavior', behaviorFromGo(behavior));
    if (isObject(fit) && Object.keys(fit).length > 0) spec['behavior'] = fit;
  }
  out['spec'] = spec;
  const status: JsonObject = { ...child(hpa, 'status') };
  const utilization = num(status, 'currentCPUUtilizationPercentage');
  delete status['currentCPUUtilizationPercentage'];
  const current = parseCarried(hpa, CARRIED.currentMetrics);
  const seen = Array.isArray(current)
    ? fitting('Status', 'currentMetrics', reshape(current, STATUSES, 'from'))
    : undefined;
  status['currentMetrics'] =
    seen ??
    (utilization === undefined
      ? null
      : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: utilization } } }]);
  const conditions = parseCarried(hpa, CARRIED.conditions);
  const known = Array.isArray(conditions) ? fitting('Status', 'conditions', conditions) : undefined;
  if (known !== undefined) status['conditions'] = known;
  out['status'] = status;
  dropCarried(out);
  return out;
}
