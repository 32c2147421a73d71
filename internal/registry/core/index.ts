import type { Strategy } from '../types.js';
import { events, nodes, persistentVolumes } from './cluster-objects.js';
import { configMaps, namespaces, secrets, serviceAccounts } from './config-objects.js';
import { persistentVolumeClaims } from './persistent-volume-claim.js';
import { pods } from './pod.js';
import { services } from './service.js';
import { endpoints, limitRanges, podTemplates, replicationControllers, resourceQuotas } from './workload-objects.js';
import {
  claimRules,
  configMapRules,
  endpointsRules,
  podRules,
  podTemplateRules,
  replicationControllerRules,
  secretRules,
  serviceRules,
  volumeRules,
} from './rules/objects.js';

/** Resources of the core group by their plural name. */
export const core: Readonly<Record<string, Strategy>> = {
  configmaps: { ...configMaps, ...configMapRules },
  endpoints: { ...endpoints, ...endpointsRules },
  events,
  limitranges: limitRanges,
  namespaces,
  nodes,
  persistentvolumeclaims: { ...persistentVolumeClaims, ...claimRules },
  persistentvolumes: { ...persistentVolumes, ...volumeRules },
  pods: { ...pods, ...podRules },
  podtemplates: { ...podTemplates, ...podTemplateRules },
  replicationcontrollers: { ...replicationControllers, ...replicationControllerRules },
  resourcequotas: resourceQuotas,
  secrets: { ...secrets, ...secretRules },
  serviceaccounts: serviceAccounts,
  services: { ...services, ...serviceRules },
};
