import { invalidValue, OMIT_VALUE } from '../../machinery/field.js';
import { qualifiedName } from '../../machinery/names.js';
import type { FieldNode } from '../generic/field-node.js';

// What becomes of a job because of how one of its pods failed (validatePodFailurePolicy).

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const STATUSES = ['False', 'True', 'Unknown'];
const MAX_RULES = 20;
const MAX_PATTERNS = 20;
const MAX_CODES = 255;

/** A list of texts as Go prints it quoted. */
const quoted = (texts: readonly string[]): string => `valid values: [${texts.map((t) => `"${t}"`).join(' ')}]`;

function requireChoice(owner: FieldNode, key: string, choices: readonly string[]): void {
  if (owner.text(key) === '') owner.required(key, quoted(choices));
  else owner.requireOneOf(key, choices);
}

function checkExitCodes(codes: FieldNode, containers: ReadonlySet<string>): void {
  requireChoice(codes, 'operator', OPERATORS);
  if (codes.has('containerName') && !containers.has(codes.text('containerName'))) {
    codes.invalid('containerName', 'must be one of the container or initContainer names in the pod template');
  }
  const list = codes.get('values');
  const values = (Array.isArray(list) ? list : []).map(Number);
  if (values.length === 0) codes.invalid('values', 'at least one value is required');
  else if (values.length > MAX_CODES) codes.tooMany('values', values.length, MAX_CODES);
  const seen = new Set<number>();
  for (const [i, value] of values.entries()) {
    if (codes.text('operator') === 'In' && value === 0) {
      codes.invalid(`values[${i}]`, 'must not be 0 for the In operator', value);
    }
    if (seen.has(value)) codes.duplicate(`values[${i}]`, value);
    seen.add(value);
  }
  if (values.some((value, i) => i > 0 && (values[i - 1] ?? 0) > value)) codes.invalid('values', 'must be ordered');
}

function checkConditions(rule: FieldNode): void {
  const count = rule.count('onPodConditions');
  if (count > MAX_PATTERNS) rule.tooMany('onPodConditions', count, MAX_PATTERNS);
  for (const pattern of rule.list('onPodConditions')) {
    pattern.checkText('type', qualifiedName);
    requireChoice(pattern, 'status', STATUSES);
  }
}

function checkRule(rule: FieldNode, spec: FieldNode, containers: ReadonlySet<string>): void {
  if (rule.text('action') === 'FailIndex' && !spec.has('backoffLimitPerIndex')) {
    rule.invalid('action', 'requires the backoffLimitPerIndex to be set');
  } else requireChoice(rule, 'action', ACTIONS);
  const codes = rule.child('onExitCodes');
  if (codes !== undefined) checkExitCodes(codes, containers);
  const hasConditions = rule.count('onPodConditions') > 0;
  if (hasConditions) checkConditions(rule);
  const report = (text: string): void => rule.add(invalidValue(rule.path, OMIT_VALUE, text));
  if (codes !== undefined && hasConditions) {
    report('specifying both OnExitCodes and OnPodConditions is not supported');
  }
  if (codes === undefined && !hasConditions) {
    report('specifying one of OnExitCodes and OnPodConditions is required');
  }
}

/** `podFailurePolicy` of a job's `spec`. */
export function checkPodFailurePolicy(policy: FieldNode, spec: FieldNode): void {
  const rules = policy.list('rules');
  if (rules.length > MAX_RULES) policy.tooMany('rules', rules.length, MAX_RULES);
  const pod = spec.struct('template').struct('spec');
  const containers = new Set(
    [...pod.list('containers'), ...pod.list('initContainers')].map((container) => container.text('name')),
  );
  for (const rule of rules) checkRule(rule, spec, containers);
}
