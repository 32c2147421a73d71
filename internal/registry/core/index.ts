import type { Strategy } from '../types.js';
import { events, nodes, persistentVolumes } from './cluster-objects.js';
import { configMaps, namespaces, secrets, serviceAccounts } from './config-objects.js';
import { persistentVolumeClaims } from './persistent-volume-claim.js';
import { pods } from './pod.js';
import { services } from './service.js';
import { endpoints, limitRanges, podTemplates, replicationControllers, resourceQuotas } from './workload-objects.js';

/** Resources of the core group by their plural name. */
export const core: Readonly<Record<string, Strategy>> = {
  configmaps: configMaps,
  endpoints,
  events,
  limitranges: limitRanges,
  namespaces,
  nodes,
  persistentvolumeclaims: persistentVolumeClaims,
  persistentvolumes: persistentVolumes,
  pods,
  podtemplates: podTemplates,
  replicationcontrollers: replicationControllers,
  resourcequotas: resourceQuotas,
  secrets,
  serviceaccounts: serviceAccounts,
  services,
};
