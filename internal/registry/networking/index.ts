import type { Strategy } from '../types.js';
import { ipAddresses, serviceCidrs } from './addresses.js';
import { ingressClasses } from './ingress-class.js';
import { ingresses } from './ingress.js';
import { networkPolicies } from './network-policy.js';

/** Resources of the networking.k8s.io group by their plural name. */
export const networking: Readonly<Record<string, Strategy>> = {
  ingressclasses: ingressClasses,
  ingresses,
  ipaddresses: ipAddresses,
  networkpolicies: networkPolicies,
  servicecidrs: serviceCidrs,
};
