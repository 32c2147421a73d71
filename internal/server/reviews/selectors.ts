import { child } from '../../machinery/access.js';
import type { FieldError } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { FieldNode } from '../../registry/generic/field-node.js';
import { checkExpression, checkValueCount } from '../../registry/generic/label-selector.js';

/**
 * Field errors of the selectors that an access review's resource attributes have, in kube-apiserver's order. Operators
 * that nobody here knows are let by: a newer client may ask with them, and authorizers leave them out.
 */
export function selectorErrors(spec: JsonObject): FieldError[] {
  const attributes = child(spec, 'resourceAttributes');
  if (attributes === undefined) return [];
  const node = new FieldNode(attributes, 'spec.resourceAttributes');
  for (const requirement of requirementsOf(node, 'fieldSelector')) {
    if (requirement.text('key') === '') requirement.required('key', 'must be specified');
    checkValueCount(requirement);
  }
  for (const requirement of requirementsOf(node, 'labelSelector')) checkExpression(requirement, {}, () => true);
  return node.problems;
}

/** What a selector asks for, once it is sure that it asks in one of the two ways. */
function requirementsOf(attributes: FieldNode, key: string): readonly FieldNode[] {
  const selector = attributes.child(key);
  if (selector === undefined) return [];
  const requirements = selector.list('requirements');
  const raw = selector.text('rawSelector');
  if (raw !== '' && requirements.length > 0) {
    selector.invalid('rawSelector', 'may not specified at the same time as requirements');
  }
  if (raw === '' && requirements.length === 0) {
    selector.required('requirements', `when ${selector.path} is specified, requirements or rawSelector is required`);
  }
  return requirements;
}
