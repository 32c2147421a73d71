import type { JsonObject } from '../../../machinery/json.js';

/** Where policies and bindings are. */
export const POLICIES = '/apis/admissionregistration.k8s.io/v1';
export const VALIDATING = 'validatingadmission';
export const MUTATING = 'mutatingadmission';

/** matchConstraints for ConfigMaps that carry the label `policy` with this value. For tests. */
export const configMaps = (label: string, operations: readonly string[] = ['CREATE', 'UPDATE']): JsonObject => ({
  resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: [...operations] }],
  objectSelector: { matchLabels: { policy: label } },
});

export const bindingOf = (policyName: string): JsonObject => ({ policyName });
