import type { GroupStrategies } from '../types.js';
import {
  endpointsWarnings,
  endpointSliceWarnings,
  loadBalancerWarnings,
  networkPolicyWarnings,
  nodeWarnings,
  podStatusWarnings,
  serviceWarnings,
  staticNameWarnings,
} from './network.js';
import {
  csiDriverWarnings,
  resourceQuotaWarnings,
  resourceSliceWarnings,
  runtimeClassWarnings,
  serviceAccountWarnings,
  storageCapacityWarnings,
  storageClassWarnings,
} from './objects.js';
import { secretWarnings } from './secret.js';

const named = { warnings: staticNameWarnings };

/**
 * What kube-apiserver warns about where the kind's own module says nothing of warnings (WarningsOnCreate and
 * WarningsOnUpdate of its strategies), by storage group and plural name.
 */
export const warningsByGroup: Readonly<Record<string, GroupStrategies>> = {
  '': {
    endpoints: { warnings: endpointsWarnings },
    nodes: { warnings: nodeWarnings },
    pods: { statusWarnings: podStatusWarnings },
    resourcequotas: { warnings: resourceQuotaWarnings },
    secrets: { warnings: secretWarnings },
    serviceaccounts: { warnings: serviceAccountWarnings },
    services: { warnings: serviceWarnings, statusWarnings: loadBalancerWarnings },
  },
  'admissionregistration.k8s.io': {
    mutatingadmissionpolicies: named,
    mutatingadmissionpolicybindings: named,
    mutatingwebhookconfigurations: named,
    validatingadmissionpolicies: named,
    validatingadmissionpolicybindings: named,
    validatingwebhookconfigurations: named,
  },
  'discovery.k8s.io': { endpointslices: { warnings: endpointSliceWarnings } },
  'networking.k8s.io': {
    ingresses: { statusWarnings: loadBalancerWarnings },
    networkpolicies: { warnings: networkPolicyWarnings },
  },
  'node.k8s.io': { runtimeclasses: { warnings: runtimeClassWarnings } },
  'resource.k8s.io': { resourceslices: { warnings: resourceSliceWarnings } },
  'storage.k8s.io': {
    csidrivers: { warnings: csiDriverWarnings },
    csistoragecapacities: { warnings: storageCapacityWarnings },
    storageclasses: { warnings: storageClassWarnings },
  },
};
