import type { FieldError } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { FieldNode, validating } from '../generic/field-node.js';
import { checkNonNegativeQuantity } from '../generic/quantities.js';
import { checkMetrics, checkReference, referenceProblem, type ReferenceRules } from './metrics.js';

const MAX_WINDOW_SECONDS = 3600;
const MAX_PERIOD_SECONDS = 1800;
const SELECT_POLICIES = ['Disabled', 'Max', 'Min'];
const POLICY_TYPES = ['Percent', 'Pods'];

/** What a create must keep to, and what an update may keep because the stored autoscaler already has it. */
interface Rules {
  readonly minReplicas: number;
  readonly target: ReferenceRules;
  readonly described: ReferenceRules;
}

const STRICT: Rules = { minReplicas: 1, target: {}, described: { coreGroup: true } };

/** Replication controllers are the one thing in the core group, which has no name, that can be scaled. */
const targetRules = (hpa: JsonObject): ReferenceRules => ({
  coreGroup: new FieldNode(hpa).struct('spec').struct('scaleTargetRef').text('kind') === 'ReplicationController',
});

function checkPositive(policy: FieldNode, key: string): number {
  const v = policy.number(key) ?? 0;
  if (v <= 0) policy.invalid(key, 'must be greater than zero', v);
  return v;
}

function checkScaling(rules: FieldNode | undefined): void {
  if (rules === undefined) return;
  const window = rules.number('stabilizationWindowSeconds') ?? 0;
  if (window < 0) rules.invalid('stabilizationWindowSeconds', 'must be greater than or equal to zero');
  if (window > MAX_WINDOW_SECONDS) {
    rules.invalid('stabilizationWindowSeconds', `must be less than or equal to ${MAX_WINDOW_SECONDS}`);
  }
  rules.checkOneOf('selectPolicy', SELECT_POLICIES);
  const policies = rules.list('policies');
  if (policies.length === 0) rules.required('policies', 'must specify at least one Policy');
  for (const policy of policies) {
    policy.requireOneOf('type', POLICY_TYPES);
    checkPositive(policy, 'value');
    const period = checkPositive(policy, 'periodSeconds');
    if (period > MAX_PERIOD_SECONDS) {
      policy.invalid('periodSeconds', `must be less than or equal to ${MAX_PERIOD_SECONDS}`);
    }
  }
  checkNonNegativeQuantity(rules, 'tolerance');
}

function checkReplicas(spec: FieldNode, lowest: number): void {
  const min = spec.number('minReplicas');
  const max = spec.number('maxReplicas') ?? 0;
  const atLeast = (n: number): string => `must be greater than or equal to ${n}`;
  if (min !== undefined && min < lowest) spec.invalid('minReplicas', atLeast(lowest));
  if (max === 0) spec.required('maxReplicas', 'must be set and greater than 0');
  else if (max < 1) spec.invalid('maxReplicas', atLeast(1));
  if (min !== undefined && max < min) {
    spec.invalid('maxReplicas', 'must be greater than or equal to `minReplicas`', max);
  }
}

function checkSpec(spec: FieldNode, rules: Rules): void {
  checkReplicas(spec, rules.minReplicas);
  checkReference(spec.struct('scaleTargetRef'), rules.target);
  checkMetrics(spec, rules.described);
  const behavior = spec.child('behavior');
  checkScaling(behavior?.child('scaleUp'));
  checkScaling(behavior?.child('scaleDown'));
}

function rulesAfter(hpa: JsonObject, old: JsonObject): Rules {
  const spec = new FieldNode(old).struct('spec');
  const was = spec.struct('scaleTargetRef');
  const now = new FieldNode(hpa).struct('spec').struct('scaleTargetRef');
  // What the target is of stays as it is stored, right or wrong.
  const sameTarget = (['apiVersion', 'kind'] as const).every((key) => was.text(key) === now.text(key));
  const described = spec
    .list('metrics')
    .some((m) => m.has('object') && referenceProblem(m.struct('object').struct('describedObject'), STRICT.described));
  return {
    minReplicas: spec.number('minReplicas') === 0 ? 0 : 1,
    target: sameTarget ? { anyVersion: true } : targetRules(hpa),
    described: { coreGroup: true, anyVersion: described },
  };
}

export const validate = (hpa: JsonObject): FieldError[] =>
  validating(hpa, (root) => checkSpec(root.struct('spec'), { ...STRICT, target: targetRules(hpa) }));

export const validateUpdate = (hpa: JsonObject, old: JsonObject): FieldError[] =>
  validating(hpa, (root) => checkSpec(root.struct('spec'), rulesAfter(hpa, old)));

export const validateStatus = (hpa: JsonObject): FieldError[] =>
  validating(hpa, (root) => {
    const status = root.struct('status');
    status.nonNegative('currentReplicas');
    status.nonNegative('desiredReplicas');
  });
