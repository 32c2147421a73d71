import type { FieldNode } from '../generic/field-node.js';

/** Field errors of a rbac.authorization.k8s.io PolicyRule; namespaced roles have no URLs to give. */
export function checkPolicyRule(rule: FieldNode, namespaced: boolean): void {
  if (rule.count('verbs') === 0) rule.required('verbs', 'verbs must contain at least one value');
  if (rule.count('nonResourceURLs') > 0) {
    if (namespaced) rule.invalid('nonResourceURLs', 'namespaced rules cannot apply to non-resource URLs');
    if (['apiGroups', 'resources', 'resourceNames'].some((key) => rule.count(key) > 0)) {
      rule.invalid('nonResourceURLs', 'rules cannot apply to both regular resources and non-resource URLs');
    }
    return;
  }
  if (rule.count('apiGroups') === 0) rule.required('apiGroups', 'resource rules must supply at least one api group');
  if (rule.count('resources') === 0) rule.required('resources', 'resource rules must supply at least one resource');
}
