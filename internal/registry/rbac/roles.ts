import type { JsonObject } from '../../machinery/json.js';
import { FieldNode, validating } from '../generic/field-node.js';
import { checkLabelSelector, type SelectorOptions } from '../generic/label-selector.js';
import type { Strategy } from '../types.js';
import { checkPolicyRule } from './policy-rule.js';

const checkRole = (root: FieldNode): void => {
  for (const rule of root.list('rules')) checkPolicyRule(rule, true);
};

/** Roles of one namespace. */
export const roles: Strategy = {
  validate: (role) => validating(role, checkRole),
  validateUpdate: (role) => validating(role, checkRole),
};

function checkAggregation(aggregation: FieldNode, options: SelectorOptions): void {
  const selectors = aggregation.list('clusterRoleSelectors');
  if (selectors.length === 0) {
    aggregation.required(
      'clusterRoleSelectors',
      'at least one clusterRoleSelector required if aggregationRule is non-nil',
    );
  }
  for (const selector of selectors) {
    const before = selector.problems.length;
    checkLabelSelector(selector, options);
    // A selector that cannot be evaluated is one more field error, without the selector.
    if (selector.problems.length > before) selector.invalid('', 'invalid label selector.', null);
  }
}

function checkClusterRole(root: FieldNode, options: SelectorOptions = {}): void {
  for (const rule of root.list('rules')) checkPolicyRule(rule, false);
  const aggregation = root.child('aggregationRule');
  if (aggregation !== undefined) checkAggregation(aggregation, options);
}

/** What an update may keep because the stored role already has it. */
function lenienceOf(old: JsonObject): SelectorOptions {
  const root = new FieldNode(old);
  for (const selector of root.struct('aggregationRule').list('clusterRoleSelectors')) checkLabelSelector(selector);
  return { anyValue: root.problems.length > 0 };
}

/** Roles of the whole cluster, given or aggregated. */
export const clusterRoles: Strategy = {
  validate: (role) => validating(role, checkClusterRole),
  validateUpdate: (role, old) => validating(role, (root) => checkClusterRole(root, lenienceOf(old))),
};
