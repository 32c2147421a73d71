import { child, str } from '../../machinery/access.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';

// Metrics, their status and the scaling behaviour in the shape that the annotations of autoscaling/v1 carry:
// the metric types of v1 (k8s.io/api/autoscaling/v1), and the internal Go type of the behaviour.

/** The object without its members that are undefined, as Go's omitempty leaves them out. */
function present(o: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined && v !== null));
}

const ZERO = '0';

/** How one kind of metric source is written in v1 and read back. */
interface Shape {
  to(source: JsonObject): JsonObject;
  from(source: JsonObject): JsonObject;
}

const identifier = (name: JsonValue | undefined, selector: JsonValue | undefined): JsonObject => ({
  name: name ?? '',
  ...present({ selector }),
});

const reference = (ref: JsonObject | undefined): JsonObject => ({
  kind: str(ref, 'kind'),
  name: str(ref, 'name'),
  ...(str(ref, 'apiVersion') === '' ? {} : { apiVersion: str(ref, 'apiVersion') }),
});

const isZero = (v: JsonValue | undefined): boolean =>
  v === undefined || v === null || (typeof v === 'string' && /^[+-]?0*\.?0*$/.test(v));

const container = (source: JsonObject): JsonObject =>
  'container' in source ? { container: source['container'] ?? '' } : {};

const resourceSource: Shape = {
  to: (s) => ({
    name: s['name'] ?? '',
    ...present({
      targetAverageUtilization: child(s, 'target')?.['averageUtilization'],
      targetAverageValue: child(s, 'target')?.['averageValue'],
    }),
    ...container(s),
  }),
  from: (s) => ({
    name: s['name'] ?? '',
    target: {
      type: s['targetAverageUtilization'] === undefined ? 'AverageValue' : 'Utilization',
      ...present({ averageValue: s['targetAverageValue'], averageUtilization: s['targetAverageUtilization'] }),
    },
    ...container(s),
  }),
};

/** Sources by the member of a MetricSpec that holds them. */
export const SOURCES: Readonly<Record<string, Shape>> = {
  object: {
    to: (s) => ({
      target: reference(child(s, 'describedObject')),
      metricName: str(child(s, 'metric'), 'name'),
      targetValue: child(s, 'target')?.['value'] ?? ZERO,
      ...present({ selector: child(s, 'metric')?.['selector'], averageValue: child(s, 'target')?.['averageValue'] }),
    }),
    from(s) {
      const perPod = s['averageValue'] !== undefined;
      // A total of 0 beside an average is only what v1 cannot leave out.
      const value = perPod && isZero(s['targetValue']) ? undefined : (s['targetValue'] ?? ZERO);
      return {
        describedObject: reference(child(s, 'target')),
        target: { type: perPod ? 'AverageValue' : 'Value', ...present({ value, averageValue: s['averageValue'] }) },
        metric: identifier(s['metricName'], s['selector']),
      };
    },
  },
  pods: {
    to: (s) => ({
      metricName: str(child(s, 'metric'), 'name'),
      targetAverageValue: child(s, 'target')?.['averageValue'] ?? ZERO,
      ...present({ selector: child(s, 'metric')?.['selector'] }),
    }),
    from: (s) => ({
      metric: identifier(s['metricName'], s['selector']),
      target: { type: 'AverageValue', averageValue: s['targetAverageValue'] ?? ZERO },
    }),
  },
  resource: resourceSource,
  containerResource: resourceSource,
  external: {
    to: (s) => ({
      metricName: str(child(s, 'metric'), 'name'),
      ...present({
        metricSelector: child(s, 'metric')?.['selector'],
        targetValue: child(s, 'target')?.['value'],
        targetAverageValue: child(s, 'target')?.['averageValue'],
      }),
    }),
    from: (s) => ({
      metric: identifier(s['metricName'], s['metricSelector']),
      target: {
        type: s['targetValue'] === undefined ? 'AverageValue' : 'Value',
        ...present({ value: s['targetValue'], averageValue: s['targetAverageValue'] }),
      },
    }),
  },
};

const resourceStatus: Shape = {
  to: (s) => ({
    name: s['name'] ?? '',
    ...present({ currentAverageUtilization: child(s, 'current')?.['averageUtilization'] }),
    currentAverageValue: child(s, 'current')?.['averageValue'] ?? ZERO,
    ...container(s),
  }),
  from: (s) => ({
    name: s['name'] ?? '',
    current: {
      averageValue: s['currentAverageValue'] ?? ZERO,
      ...present({ averageUtilization: s['currentAverageUtilization'] }),
    },
    ...container(s),
  }),
};

/** The same metrics as they were last read, by the member of a MetricStatus that holds them. */
export const STATUSES: Readonly<Record<string, Shape>> = {
  object: {
    to: (s) => ({
      target: reference(child(s, 'describedObject')),
      metricName: str(child(s, 'metric'), 'name'),
      currentValue: child(s, 'current')?.['value'] ?? ZERO,
      ...present({ selector: child(s, 'metric')?.['selector'], averageValue: child(s, 'current')?.['averageValue'] }),
    }),
    from: (s) => ({
      metric: identifier(s['metricName'], s['selector']),
      current: { value: s['currentValue'] ?? ZERO, ...present({ averageValue: s['averageValue'] }) },
      describedObject: reference(child(s, 'target')),
    }),
  },
  pods: {
    to: (s) => ({
      metricName: str(child(s, 'metric'), 'name'),
      currentAverageValue: child(s, 'current')?.['averageValue'] ?? ZERO,
      ...present({ selector: child(s, 'metric')?.['selector'] }),
    }),
    from: (s) => ({
      metric: identifier(s['metricName'], s['selector']),
      current: { averageValue: s['currentAverageValue'] ?? ZERO },
    }),
  },
  resource: resourceStatus,
  containerResource: resourceStatus,
  external: {
    to: (s) => ({
      metricName: str(child(s, 'metric'), 'name'),
      ...present({ metricSelector: child(s, 'metric')?.['selector'] }),
      currentValue: child(s, 'current')?.['value'] ?? ZERO,
      ...present({ currentAverageValue: child(s, 'current')?.['averageValue'] }),
    }),
    from: (s) => ({
      metric: identifier(s['metricName'], s['metricSelector']),
      current: { value: s['currentValue'] ?? ZERO, ...present({ averageValue: s['currentAverageValue'] }) },
    }),
  },
};

/** Rewrites the source of each metric; what is no object is left out. */
export function reshape(
  metrics: readonly JsonValue[],
  shapes: Readonly<Record<string, Shape>>,
  way: keyof Shape,
): JsonObject[] {
  return metrics.filter(isObject).map((metric) => {
    const out: JsonObject = { type: metric['type'] ?? '' };
    for (const [member, shape] of Object.entries(shapes)) {
      const source = child(metric, member);
      if (source !== undefined) out[member] = shape[way](source);
    }
    return out;
  });
}

/** Names of the internal Go type of the behaviour, which has no JSON names of its own; all of them are written. */
const BEHAVIOR = ['scaleUp', 'scaleDown'];
const RULES = ['stabilizationWindowSeconds', 'selectPolicy', 'policies', 'tolerance'];
const POLICY = ['type', 'value', 'periodSeconds'];
const upper = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

const goNamed = (o: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(names.map((name) => [upper(name), o[name] ?? null]));

/** The behaviour as Go prints the internal type. */
export function behaviorInGo(behavior: JsonObject): JsonObject {
  const out = goNamed(behavior, BEHAVIOR);
  for (const [name, rules] of Object.entries(out)) {
    if (!isObject(rules)) continue;
    const policies = rules['policies'];
    out[name] = goNamed(
      Array.isArray(policies)
        ? { ...rules, policies: policies.filter(isObject).map((p) => goNamed(p, POLICY)) }
        : rules,
      RULES,
    );
  }
  return out;
}

/** Members found without regard to case, as Go's decoder finds them, under their names in v2. */
function fromGo(o: JsonObject, names: readonly string[]): JsonObject {
  const byName = new Map(Object.entries(o).map(([k, v]) => [k.toLowerCase(), v]));
  return present(Object.fromEntries(names.map((name) => [name, byName.get(name.toLowerCase())])));
}

/** The behaviour that `behaviorInGo` made the text of. */
export function behaviorFromGo(behavior: JsonObject): JsonObject {
  const out = fromGo(behavior, BEHAVIOR);
  for (const [name, value] of Object.entries(out)) {
    if (!isObject(value)) continue;
    const rules = fromGo(value, RULES);
    const { policies } = rules;
    if (Array.isArray(policies)) rules['policies'] = policies.filter(isObject).map((p) => fromGo(p, POLICY));
    out[name] = rules;
  }
  return out;
}
