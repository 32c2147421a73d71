import type { Traits } from '../types.js';

// What kube-apiserver's storage configuration and strategies say about a resource in one word each
// (AllowCreateOnUpdate, AllowUnconditionalUpdate, ReturnDeletedObject, garbage collection, generation).
// The rest of a resource's strategy is in its group's own module.

const NO_GENERATION = { generation: false } as const satisfies Traits;
const SPEC = { of: ['spec'] } as const;
/** `--event-ttl` of kube-apiserver: an hour. */
const EVENT_TTL_SECONDS = 3600;

const core: Readonly<Record<string, Traits>> = {
  configmaps: NO_GENERATION,
  endpoints: { generation: false, createOnUpdate: true },
  events: {
    generation: false,
    createOnUpdate: true,
    noGarbageCollection: true,
    nameRule: 'pathSegment',
    ttlSeconds: () => EVENT_TTL_SECONDS,
  },
  limitranges: { generation: false, createOnUpdate: true },
  namespaces: { generation: false, nameRule: 'dns1123Label' },
  nodes: { generation: false, keepStatusOnCreate: true },
  persistentvolumeclaims: { generation: false, returnDeletedObject: true },
  persistentvolumes: { generation: false, returnDeletedObject: true },
  pods: { generation: SPEC, returnDeletedObject: true },
  podtemplates: { generation: { of: ['template'] }, returnDeletedObject: true },
  replicationcontrollers: { generation: SPEC, defaultOrphan: true, nameRule: 'longName' },
  resourcequotas: { generation: false, returnDeletedObject: true },
  secrets: NO_GENERATION,
  serviceaccounts: { generation: false, returnDeletedObject: true },
  services: { generation: false, createOnUpdate: true, returnDeletedObject: true, nameRule: 'dns1123Label' },
};

const admission: Traits = { generation: SPEC, unconditionalUpdate: false, anyFinalizer: true };
const webhooks: Traits = {
  generation: { of: ['webhooks'], emptiness: true },
  unconditionalUpdate: false,
  anyFinalizer: true,
};
const rbac: Traits = { generation: false, createOnUpdate: true, nameRule: 'pathSegment' };
const flowcontrol: Traits = { generation: SPEC, statusKeepsMetadata: true };
const storage: Traits = { generation: false, returnDeletedObject: true };

const TRAITS: Readonly<Record<string, Readonly<Record<string, Traits>>>> = {
  '': core,
  'admissionregistration.k8s.io': {
    mutatingadmissionpolicies: admission,
    mutatingadmissionpolicybindings: admission,
    mutatingwebhookconfigurations: webhooks,
    validatingadmissionpolicies: { ...admission, statusKeepsMetadata: true },
    validatingadmissionpolicybindings: admission,
    validatingwebhookconfigurations: webhooks,
  },
  'apiextensions.k8s.io': {
    customresourcedefinitions: { generation: SPEC, unconditionalUpdate: false, statusKeepsMetadata: true },
  },
  'apiregistration.k8s.io': {
    apiservices: {
      generation: false,
      unconditionalUpdate: false,
      statusKeepsMetadata: true,
      nameRule: 'any',
      anyFinalizer: true,
    },
  },
  apps: {
    controllerrevisions: NO_GENERATION,
    daemonsets: { generation: SPEC },
    deployments: { generation: { of: ['spec'], annotations: true } },
    replicasets: { generation: SPEC },
    statefulsets: { generation: SPEC, nameRule: 'dns1123Label' },
  },
  autoscaling: { horizontalpodautoscalers: NO_GENERATION },
  batch: { cronjobs: { generation: SPEC }, jobs: { generation: SPEC, defaultOrphan: true } },
  'certificates.k8s.io': { certificatesigningrequests: { generation: false, nameRule: 'any' } },
  'coordination.k8s.io': {
    leases: { generation: false, createOnUpdate: true, unconditionalUpdate: false, anyFinalizer: true },
  },
  'discovery.k8s.io': { endpointslices: { generation: { labels: true } } },
  'events.k8s.io': { events: core['events'] ?? {} },
  'flowcontrol.apiserver.k8s.io': { flowschemas: flowcontrol, prioritylevelconfigurations: flowcontrol },
  'networking.k8s.io': {
    ingressclasses: { generation: SPEC },
    ingresses: { generation: SPEC },
    ipaddresses: { generation: false, nameRule: 'any' },
    networkpolicies: { generation: { of: ['spec'], emptiness: true } },
    servicecidrs: { generation: false, statusKeepsMetadata: true },
  },
  'node.k8s.io': {
    runtimeclasses: { generation: false, createOnUpdate: true, unconditionalUpdate: false, anyFinalizer: true },
  },
  policy: {
    poddisruptionbudgets: { generation: SPEC, unconditionalUpdate: false, nameRule: 'pathSegment', anyFinalizer: true },
  },
  'rbac.authorization.k8s.io': { clusterrolebindings: rbac, clusterroles: rbac, rolebindings: rbac, roles: rbac },
  'resource.k8s.io': {
    deviceclasses: { generation: SPEC, returnDeletedObject: true },
    resourceclaims: { generation: false, returnDeletedObject: true, statusKeepsMetadata: true },
    resourceclaimtemplates: { generation: false, returnDeletedObject: true },
    resourceslices: { generation: SPEC, returnDeletedObject: true },
  },
  // Only the first generation is set; updates leave it alone.
  'scheduling.k8s.io': { priorityclasses: { generation: { of: [] } } },
  'storage.k8s.io': {
    // The first generation is set by the first change.
    csidrivers: { ...storage, generation: { of: ['spec'], first: 0 }, unconditionalUpdate: false },
    csinodes: { ...storage, unconditionalUpdate: false },
    csistoragecapacities: { generation: false, unconditionalUpdate: false },
    storageclasses: storage,
    volumeattachments: { ...storage, unconditionalUpdate: false, statusKeepsMetadata: true },
    volumeattributesclasses: storage,
  },
};

/** What is true of the resource before its own module speaks; an empty object for resources nobody knows here. */
export function traitsOf(group: string, resource: string): Traits {
  return TRAITS[group]?.[resource] ?? {};
}
