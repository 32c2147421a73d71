import { child, children, defaultTo, ensureChild } from '../../machinery/access.js';
import type { Strategy } from '../types.js';

// Rules: k8s.io/kubernetes pkg/apis/networking/v1/defaults.go and pkg/registry/networking.

const ingresses: Strategy = {
  prepareForCreate(_ctx, ingress) {
    ingress['status'] = { loadBalancer: {} };
  },
};

const ingressClasses: Strategy = {
  defaults(c) {
    const parameters = child(child(c, 'spec'), 'parameters');
    if (parameters !== undefined) defaultTo(parameters, 'scope', 'Cluster');
  },
};

const networkPolicies: Strategy = {
  defaults(policy) {
    const spec = ensureChild(policy, 'spec');
    for (const rule of [...children(spec, 'ingress'), ...children(spec, 'egress')]) {
      for (const port of children(rule, 'ports')) defaultTo(port, 'protocol', 'TCP');
    }
    if (!Array.isArray(spec['policyTypes']) || spec['policyTypes'].length === 0) {
      spec['policyTypes'] = children(spec, 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
    }
    ensureChild(spec, 'podSelector');
  },
};

const serviceCidrs: Strategy = {
  prepareForCreate(_ctx, cidr) {
    cidr['status'] = {};
  },
};

const ipAddresses: Strategy = {
  fieldNames: ['spec.parentRef'],
};

/** Resources of the networking.k8s.io group by their plural name. */
export const networking: Readonly<Record<string, Strategy>> = {
  ingressclasses: ingressClasses,
  ingresses,
  ipaddresses: ipAddresses,
  networkpolicies: networkPolicies,
  servicecidrs: serviceCidrs,
};
