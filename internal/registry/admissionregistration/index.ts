import { GENERATION_CHANGES } from '../../admission/generation.js';
import type { Strategy } from '../types.js';
import { mutatingAdmissionPolicyBindings, validatingAdmissionPolicyBindings } from './bindings.js';
import { mutatingAdmissionPolicies, validatingAdmissionPolicies } from './policies.js';
import { webhookConfigurations } from './webhooks.js';

/** A change of what admission goes by is found out by every write that did not know of it. */
function counted(strategy: Strategy): Strategy {
  const extras = { ops: [GENERATION_CHANGES] };
  return { ...strategy, allocate: () => extras, release: () => extras };
}

/** Resources of the admissionregistration.k8s.io group by their plural name. */
export const admissionregistration: Readonly<Record<string, Strategy>> = {
  mutatingadmissionpolicies: counted(mutatingAdmissionPolicies),
  mutatingadmissionpolicybindings: counted(mutatingAdmissionPolicyBindings),
  mutatingwebhookconfigurations: counted(webhookConfigurations(true)),
  validatingadmissionpolicies: counted(validatingAdmissionPolicies),
  validatingadmissionpolicybindings: counted(validatingAdmissionPolicyBindings),
  validatingwebhookconfigurations: counted(webhookConfigurations(false)),
};
