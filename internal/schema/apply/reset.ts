import { type FieldSet, recursiveDifference, setOf } from './fieldset.js';

/** Fields that everyone has and nobody owns. */
export const STRIPPED: FieldSet = setOf(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => ['f:metadata', `f:${name}`]),
);

/** What a write may own at all: everything but the fields that the strategy puts back. */
export type ResetFilter = (set: FieldSet) => FieldSet;

/** Everything but these dotted paths and what is below them. */
export const resetOf = (...paths: readonly string[]): ResetFilter => {
  const reset = setOf(...paths.map((path) => path.split('.').map((name) => `f:${name}`)));
  return (set) => recursiveDifference(set, reset);
};

const STATUS = setOf(['f:status']);
const SPEC = setOf(['f:spec']);
const METADATA_SPEC = setOf(['f:metadata'], ['f:spec']);
const exceptStatus: ResetFilter = (set) => recursiveDifference(set, STATUS);
const exceptSpec: ResetFilter = (set) => recursiveDifference(set, SPEC);
const exceptMetadataSpec: ResetFilter = (set) => recursiveDifference(set, METADATA_SPEC);
const everything: ResetFilter = (set) => set;

/**
 * What writers of /status own, by kind (definition name without `io.k8s.`). Writers of the main resource of these kinds own
 * everything but status.
 */
const WITH_STATUS: Readonly<Record<string, ResetFilter>> = {
  'api.apps.v1.DaemonSet': exceptSpec,
  'api.apps.v1.Deployment': resetOf('spec', 'metadata.labels'),
  'api.apps.v1.ReplicaSet': exceptSpec,
  'api.apps.v1.StatefulSet': exceptSpec,
  'api.autoscaling.v1.HorizontalPodAutoscaler': exceptSpec,
  'api.autoscaling.v2.HorizontalPodAutoscaler': exceptSpec,
  'api.batch.v1.CronJob': exceptSpec,
  'api.batch.v1.Job': exceptSpec,
  'api.certificates.v1.CertificateSigningRequest': exceptSpec,
  'api.core.v1.Namespace': exceptSpec,
  'api.core.v1.Node': exceptSpec,
  'api.core.v1.PersistentVolume': exceptSpec,
  'api.core.v1.PersistentVolumeClaim': exceptSpec,
  'api.core.v1.Pod': resetOf('spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences'),
  'api.core.v1.ReplicationController': exceptSpec,
  'api.core.v1.ResourceQuota': exceptSpec,
  'api.core.v1.Service': exceptSpec,
  'api.flowcontrol.v1.FlowSchema': exceptMetadataSpec,
  'api.flowcontrol.v1.PriorityLevelConfiguration': exceptMetadataSpec,
  'api.networking.v1.Ingress': exceptSpec,
  'api.networking.v1.ServiceCIDR': exceptMetadataSpec,
  'api.policy.v1.PodDisruptionBudget': exceptSpec,
  'api.admissionregistration.v1.ValidatingAdmissionPolicy': exceptMetadataSpec,
  'api.resource.v1.ResourceClaim': exceptMetadataSpec,
  'api.storage.v1.VolumeAttachment': exceptMetadataSpec,
  'kube-aggregator.pkg.apis.apiregistration.v1.APIService': exceptMetadataSpec,
  'apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition': exceptMetadataSpec,
};

/** Main resources whose writers cannot write other fields than status. */
const MAIN: Readonly<Record<string, ResetFilter>> = {
  'api.certificates.v1.CertificateSigningRequest': resetOf('spec', 'status'),
};

const OTHER_SUBRESOURCES: Readonly<Record<string, ResetFilter>> = {
  'api.certificates.v1.CertificateSigningRequest/approval': resetOf('spec', 'status.certificate'),
  'api.core.v1.Namespace/finalize': exceptStatus,
};

/**
 * The fields that a write to this resource or subresource can own: what the strategy resets is left out
 * (GetResetFields of kube-apiserver's strategies).
 */
export function resetFilter(typeName: string, subresource: string): ResetFilter {
  const name = typeName.slice('io.k8s.'.length);
  if (subresource === '') return MAIN[name] ?? (WITH_STATUS[name] === undefined ? everything : exceptStatus);
  if (subresource === 'status') return WITH_STATUS[name] ?? everything;
  return OTHER_SUBRESOURCES[`${name}/${subresource}`] ?? everything;
}
