/** How often a kind's own rules look at the metadata of a changed object, beside the two looks that every update takes. */
export interface MetaChecks {
  /** As that of a new object: apimachinery's ValidateObjectMeta. */
  readonly whole: number;
  /** As a change: apimachinery's ValidateObjectMetaUpdate. */
  readonly change: number;
}

const BOTH: MetaChecks = { whole: 1, change: 1 };
const CHANGE: MetaChecks = { whole: 0, change: 1 };
const WHOLE: MetaChecks = { whole: 1, change: 0 };
const NONE: MetaChecks = { whole: 0, change: 0 };

const changeOnly = (...resources: string[]): [string, MetaChecks][] => resources.map((r) => [r, CHANGE]);
const wholeOnly = (...resources: string[]): [string, MetaChecks][] => resources.map((r) => [r, WHOLE]);

/** Where it is not once of each: what the strategies of 1.36 call in ValidateUpdate. */
const MAIN: ReadonlyMap<string, MetaChecks> = new Map([
  ...changeOnly('daemonsets.apps', 'deployments.apps', 'replicasets.apps', 'statefulsets.apps'),
  ...changeOnly('horizontalpodautoscalers.autoscaling', 'cronjobs.batch', 'leases.coordination.k8s.io'),
  ...changeOnly('customresourcedefinitions.apiextensions.k8s.io'),
  ...changeOnly('events.', 'podtemplates.', 'replicationcontrollers.', 'resourcequotas.', 'services.'),
  ...changeOnly('networkpolicies.networking.k8s.io', 'servicecidrs.networking.k8s.io'),
  ...changeOnly('resourceslices.resource.k8s.io'),
  ...changeOnly('priorityclasses.scheduling.k8s.io', 'csidrivers.storage.k8s.io'),
  ...wholeOnly('mutatingadmissionpolicies.admissionregistration.k8s.io'),
  ...wholeOnly('mutatingadmissionpolicybindings.admissionregistration.k8s.io'),
  ...wholeOnly('mutatingwebhookconfigurations.admissionregistration.k8s.io'),
  ...wholeOnly('validatingadmissionpolicies.admissionregistration.k8s.io'),
  ...wholeOnly('validatingadmissionpolicybindings.admissionregistration.k8s.io'),
  ...wholeOnly('validatingwebhookconfigurations.admissionregistration.k8s.io'),
  ...wholeOnly('limitranges.', 'endpointslices.discovery.k8s.io'),
  ...wholeOnly('flowschemas.flowcontrol.apiserver.k8s.io', 'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io'),
  ...wholeOnly('csinodes.storage.k8s.io', 'volumeattachments.storage.k8s.io'),
  ['persistentvolumes.', { whole: 2, change: 0 }],
  ['poddisruptionbudgets.policy', NONE],
]);

/** Where it is not one look at the change. */
const SUBRESOURCES: ReadonlyMap<string, MetaChecks> = new Map([
  ['certificatesigningrequests.certificates.k8s.io/status', BOTH],
  ['certificatesigningrequests.certificates.k8s.io/approval', BOTH],
  ['pods./ephemeralcontainers', BOTH],
  ['pods./resize', BOTH],
  ['cronjobs.batch/status', NONE],
  ['flowschemas.flowcontrol.apiserver.k8s.io/status', NONE],
  ['prioritylevelconfigurations.flowcontrol.apiserver.k8s.io/status', NONE],
  ['poddisruptionbudgets.policy/status', NONE],
  ['validatingadmissionpolicies.admissionregistration.k8s.io/status', NONE],
]);

/**
 * How often the strategy of a resource looks at metadata in an update, by its stored group: a field error of metadata is
 * in the causes of a Status as often as kube-apiserver comes upon it, and kubectl shows each. `custom`: served by a definition.
 */
export function metaChecks(group: string, resource: string, subresource: string, custom: boolean): MetaChecks {
  if (subresource !== '' && subresource !== 'scale') {
    return SUBRESOURCES.get(`${resource}.${group}/${subresource}`) ?? CHANGE;
  }
  return custom ? CHANGE : (MAIN.get(`${resource}.${group}`) ?? BOTH);
}
