import { dns1123Label, pathSegmentName } from '../../machinery/names.js';
import type { FieldNode, TextCheck } from '../generic/field-node.js';
import { quantitySign } from '../generic/quantities.js';

const segment: TextCheck = (value) => pathSegmentName(value, false);
const TARGET_TYPES = ['Utilization', 'Value', 'AverageValue'];

/** What a reference to an object of any API may leave open. */
export interface ReferenceRules {
  /** The API group may be the core one, which has no name. */
  readonly coreGroup?: boolean;
  /** Whatever apiVersion says is kept. */
  readonly anyVersion?: boolean;
}

/** What is wrong with the apiVersion of a reference. */
export function referenceProblem(reference: FieldNode, rules: ReferenceRules): string | undefined {
  if (rules.anyVersion === true) return undefined;
  const version = reference.text('apiVersion');
  const parts = version === '' || version === '/' ? [] : version.split('/');
  if (parts.length > 2) return `unexpected GroupVersion string: ${version}`;
  const group = parts.length === 2 ? parts[0] : '';
  return group === '' && rules.coreGroup !== true ? 'apiVersion must specify API group' : undefined;
}

/** Field errors of a CrossVersionObjectReference. */
export function checkReference(reference: FieldNode, rules: ReferenceRules): void {
  reference.requireText('kind', segment);
  reference.requireText('name', segment);
  const problem = referenceProblem(reference, rules);
  if (problem !== undefined) reference.invalid('apiVersion', problem, reference.text('apiVersion'));
}

function checkIdentifier(metric: FieldNode): void {
  metric.requireText('name', segment, 'must specify a metric name');
}

function checkTarget(target: FieldNode): void {
  const type = target.text('type');
  if (type === '') target.required('type', 'must specify a metric target type');
  if (!TARGET_TYPES.includes(type)) {
    target.invalid('type', 'must be either Utilization, Value, or AverageValue', type);
  }
  for (const key of ['value', 'averageValue']) {
    const sign = quantitySign(target, key);
    if (sign !== undefined && sign !== 1) target.invalid(key, 'must be positive');
  }
  const utilization = target.number('averageUtilization');
  if (utilization !== undefined && utilization < 1) target.invalid('averageUtilization', 'must be greater than 0');
}

/** A metric of the pods' own resources: a share of what they request, or an amount for each pod. */
function checkResource(source: FieldNode): void {
  source.requireText('name', undefined, 'must specify a resource name');
  const target = source.struct('target');
  checkTarget(target);
  const [share, amount] = [target.has('averageUtilization'), target.has('averageValue')];
  if (!share && !amount) {
    target.required('averageUtilization', 'must set either a target raw value or a target utilization');
  }
  if (share && amount) {
    target.forbidden('averageValue', 'may not set both a target raw value and a target utilization');
  }
}

/** The members that hold a metric, by the type that names them, in the order in which they are looked for. */
const SOURCES: Readonly<Record<string, { member: string; check(source: FieldNode, described: ReferenceRules): void }>> =
  {
    Object: {
      member: 'object',
      check(source, described) {
        checkReference(source.struct('describedObject'), described);
        checkIdentifier(source.struct('metric'));
        const target = source.struct('target');
        checkTarget(target);
        if (!target.has('value') && !target.has('averageValue')) {
          target.required('averageValue', 'must set either a target value or averageValue');
        }
      },
    },
    External: {
      member: 'external',
      check(source) {
        checkIdentifier(source.struct('metric'));
        const target = source.struct('target');
        checkTarget(target);
        const [total, perPod] = [target.has('value'), target.has('averageValue')];
        if (!total && !perPod)
          target.required('averageValue', 'must set either a target value for metric or a per-pod target');
        if (total && perPod) {
          target.forbidden('value', 'may not set both a target value for metric and a per-pod target');
        }
      },
    },
    Pods: {
      member: 'pods',
      check(source) {
        checkIdentifier(source.struct('metric'));
        const target = source.struct('target');
        checkTarget(target);
        if (quantitySign(target, 'averageValue') !== 1) {
          target.required('averageValue', 'must specify a positive target averageValue');
        }
      },
    },
    Resource: { member: 'resource', check: checkResource },
    ContainerResource: {
      member: 'containerResource',
      check(source) {
        source.requireText('container', dns1123Label, 'must specify a container');
        checkResource(source);
      },
    },
  };

const TYPES = Object.keys(SOURCES).sort();

function checkMetric(metric: FieldNode, described: ReferenceRules): void {
  const type = metric.text('type');
  if (type === '') metric.required('type', 'must specify a metric source type');
  metric.requireOneOf('type', TYPES);
  const present = Object.values(SOURCES).filter((source) => metric.child(source.member) !== undefined);
  const first = present[0];
  if (first !== undefined) first.check(metric.struct(first.member), described);
  const own = SOURCES[type];
  if (own === undefined) metric.unsupported('type', TYPES);
  else if (!present.includes(own)) {
    metric.required(own.member, 'must populate information for the given metric source');
  }
  if (present.length === 1) return;
  for (const other of present) {
    if (other !== own) metric.forbidden(other.member, 'must populate the given metric source only');
  }
}

/** Field errors of all metrics of an autoscaler. */
export function checkMetrics(spec: FieldNode, described: ReferenceRules): void {
  const metrics = spec.list('metrics');
  for (const metric of metrics) checkMetric(metric, described);
  // Without pods there is nothing that their own metrics could be read from.
  const outside = metrics.some((m) => m.text('type') === 'Object' || m.text('type') === 'External');
  if (spec.number('minReplicas') === 0 && !outside) {
    spec.forbidden(
      'metrics',
      'must specify at least one Object or External metric to support scaling to zero replicas',
    );
  }
}
