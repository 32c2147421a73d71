import type { Strategy } from '../types.js';
import { mutatingAdmissionPolicyBindings, validatingAdmissionPolicyBindings } from './bindings.js';
import { mutatingAdmissionPolicies, validatingAdmissionPolicies } from './policies.js';
import { webhookConfigurations } from './webhooks.js';

/** Resources of the admissionregistration.k8s.io group by their plural name. */
export const admissionregistration: Readonly<Record<string, Strategy>> = {
  mutatingadmissionpolicies: mutatingAdmissionPolicies,
  mutatingadmissionpolicybindings: mutatingAdmissionPolicyBindings,
  mutatingwebhookconfigurations: webhookConfigurations(true),
  validatingadmissionpolicies: validatingAdmissionPolicies,
  validatingadmissionpolicybindings: validatingAdmissionPolicyBindings,
  validatingwebhookconfigurations: webhookConfigurations(false),
};
