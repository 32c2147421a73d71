import type { Strategy } from '../types.js';
import { events, nodes, persistentVolumes } from './cluster-objects.js';
import { configMaps, namespaces, secrets, serviceAccounts } from './config-objects.js';
import { persistentVolumeClaims } from './persistent-volume-claim.js';
import { pods } from './pod.js';
import { services } from './service.js';
import { endpoints, limitRanges, podTemplates, replicationControllers, resourceQuotas } from './workload-objects.js';
import { configMapRules, secretRules } from './rules/config.js';
import { endpointsRules } from './rules/endpoints.js';
import { eventRules } from './rules/event.js';
import { namespaceRules } from './rules/namespace.js';
import { nodeRules } from './rules/node.js';
import { volumeRules } from './rules/persistent-volume.js';
import { claimRules } from './rules/persistent-volume-claim.js';
import { limitRangeRules, resourceQuotaRules } from './rules/quotas.js';
import { serviceRules } from './rules/service.js';
import { podRules, podTemplateRules, replicationControllerRules } from './rules/workloads.js';

/** Resources of the core group by their plural name. */
export const core: Readonly<Record<string, Strategy>> = {
  configmaps: { ...configMaps, ...configMapRules },
  endpoints: { ...endpoints, ...endpointsRules },
  events: { ...events, ...eventRules },
  limitranges: { ...limitRanges, ...limitRangeRules },
  namespaces: { ...namespaces, ...namespaceRules },
  nodes: { ...nodes, ...nodeRules },
  persistentvolumeclaims: { ...persistentVolumeClaims, ...claimRules },
  persistentvolumes: { ...persistentVolumes, ...volumeRules },
  pods: { ...pods, ...podRules },
  podtemplates: { ...podTemplates, ...podTemplateRules },
  replicationcontrollers: { ...replicationControllers, ...replicationControllerRules },
  resourcequotas: { ...resourceQuotas, ...resourceQuotaRules },
  secrets: { ...secrets, ...secretRules },
  serviceaccounts: serviceAccounts,
  services: { ...services, ...serviceRules },
};
