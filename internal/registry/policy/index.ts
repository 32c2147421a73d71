import { child, children } from '../../machinery/access.js';
import { percent } from '../../machinery/formats.js';
import type { JsonObject } from '../../machinery/json.js';
import { checkConditions } from '../generic/conditions.js';
import { FieldNode, validating } from '../generic/field-node.js';
import { checkLabelSelector, type SelectorOptions } from '../generic/label-selector.js';
import type { Strategy } from '../types.js';

const EVICTION_POLICIES = ['AlwaysAllow', 'IfHealthyBudget'];

/** A count, or a share of at most all. */
function checkIntOrPercent(spec: FieldNode, key: string): void {
  const v = spec.get(key);
  if (typeof v === 'number') spec.nonNegative(key);
  if (typeof v !== 'string') return;
  const fieldErrors = percent(v);
  for (const message of fieldErrors) spec.invalid(key, message);
  if (fieldErrors.length === 0 && Number(v.slice(0, -1)) > 100) spec.invalid(key, 'must not be greater than 100%');
}

/** What kube-apiserver prints of a spec: Go's names, all of them. */
const asInGo = (spec: FieldNode): JsonObject => ({
  MinAvailable: spec.get('minAvailable') ?? null,
  Selector: spec.get('selector') ?? null,
  MaxUnavailable: spec.get('maxUnavailable') ?? null,
  UnhealthyPodEvictionPolicy: spec.get('unhealthyPodEvictionPolicy') ?? null,
});

function check(root: FieldNode, options: SelectorOptions = {}): void {
  const spec = root.struct('spec');
  if (spec.has('minAvailable') && spec.has('maxUnavailable')) {
    spec.invalid('', 'minAvailable and maxUnavailable cannot be both set', asInGo(spec));
  }
  checkIntOrPercent(spec, 'minAvailable');
  checkIntOrPercent(spec, 'maxUnavailable');
  const selector = spec.child('selector');
  if (selector !== undefined) checkLabelSelector(selector, options);
  spec.checkOneOf('unhealthyPodEvictionPolicy', EVICTION_POLICIES);
}

/** What an update may keep because the stored budget already has it. */
function lenienceOf(old: JsonObject): SelectorOptions {
  const selector = new FieldNode(child(old, 'spec') ?? {}).struct('selector');
  checkLabelSelector(selector);
  return { anyValue: selector.problems.length > 0 };
}

function checkStatus(status: FieldNode): void {
  checkConditions(status);
  for (const key of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods']) status.nonNegative(key);
}

/** By this key an expression says that an empty selector is meant as in policy/v1beta1. */
const EMPTY_AS_IN_V1BETA1 = 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match';

/** Convert_v1_PodDisruptionBudget_To_policy_PodDisruptionBudget: nothing else is said beside it. */
function dropEmptySelectorMark(pdb: JsonObject): void {
  const selector = child(child(pdb, 'spec'), 'selector');
  const expressions = children(selector, 'matchExpressions');
  if (selector === undefined || !expressions.some((e) => e['key'] === EMPTY_AS_IN_V1BETA1)) return;
  const isAlone = expressions.length === 1 && Object.keys(child(selector, 'matchLabels') ?? {}).length === 0;
  const [only] = expressions;
  if (isAlone && only?.['operator'] === 'Exists' && !Array.isArray(only['values'])) return;
  const others = expressions.filter((e) => e['key'] !== EMPTY_AS_IN_V1BETA1);
  if (others.length > 0) selector['matchExpressions'] = others;
  else delete selector['matchExpressions'];
}

const podDisruptionBudgets: Strategy = {
  defaults: dropEmptySelectorMark,
  prepareForCreate(_ctx, pdb) {
    pdb['status'] = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  },
  metadataLast: true,
  validate: (pdb) => validating(pdb, check),
  validateUpdate: (pdb, old) => validating(pdb, (root) => check(root, lenienceOf(old))),
  validateStatusUpdate: (pdb) => validating(pdb, (root) => checkStatus(root.struct('status'))),
};

/** Resources of the policy group by their plural name. */
export const policy: Readonly<Record<string, Strategy>> = { poddisruptionbudgets: podDisruptionBudgets };
