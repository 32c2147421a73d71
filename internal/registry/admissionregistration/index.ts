import { child, children, defaultTo, ensureChild } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';

// Rules: k8s.io/kubernetes pkg/apis/admissionregistration/v1/defaults.go.

function defaultRules(rules: readonly JsonObject[]): void {
  for (const rule of rules) defaultTo(rule, 'scope', '*');
}

/** SetDefaults_MatchResources. */
function defaultMatchResources(match: JsonObject | undefined): void {
  if (match === undefined) return;
  defaultTo(match, 'matchPolicy', 'Equivalent');
  defaultTo(match, 'namespaceSelector', {});
  defaultTo(match, 'objectSelector', {});
  defaultRules(children(match, 'resourceRules'));
  defaultRules(children(match, 'excludeResourceRules'));
}

function webhookConfiguration(mutating: boolean): Strategy {
  return {
    defaults(config) {
      for (const hook of children(config, 'webhooks')) {
        defaultTo(hook, 'failurePolicy', 'Fail');
        defaultTo(hook, 'matchPolicy', 'Equivalent');
        defaultTo(hook, 'namespaceSelector', {});
        defaultTo(hook, 'objectSelector', {});
        defaultTo(hook, 'timeoutSeconds', 10);
        if (mutating) defaultTo(hook, 'reinvocationPolicy', 'Never');
        const service = child(child(hook, 'clientConfig'), 'service');
        if (service !== undefined) defaultTo(service, 'port', 443);
        defaultRules(children(hook, 'rules'));
      }
    },
  };
}

function admissionPolicy(hasStatus: boolean): Strategy {
  return {
    defaults(policy) {
      const spec = ensureChild(policy, 'spec');
      defaultTo(spec, 'failurePolicy', 'Fail');
      defaultMatchResources(child(spec, 'matchConstraints'));
    },
    prepareForCreate(_ctx, policy) {
      if (hasStatus) policy['status'] = {};
    },
  };
}

const policyBinding: Strategy = {
  defaults(binding) {
    defaultMatchResources(child(child(binding, 'spec'), 'matchResources'));
  },
};

/** Resources of the admissionregistration.k8s.io group by their plural name. */
export const admissionregistration: Readonly<Record<string, Strategy>> = {
  mutatingadmissionpolicies: admissionPolicy(false),
  mutatingadmissionpolicybindings: policyBinding,
  mutatingwebhookconfigurations: webhookConfiguration(true),
  validatingadmissionpolicies: admissionPolicy(true),
  validatingadmissionpolicybindings: policyBinding,
  validatingwebhookconfigurations: webhookConfiguration(false),
};
