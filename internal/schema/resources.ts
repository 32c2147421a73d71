import { assert } from '../machinery/assert.js';
import { tableOf } from './names.js';
import type { GroupVersionKind, ResourceDef, SubresourceDef } from './types.js';

/*
 * Every resource that is served, by group and version, in the order of discovery.
 * A line: `<resource>[/<subresource>] [<group>/<version>/]<Kind> [namespaced] [verbs=...] [short=...] [categories=...] [storage=<group>/<version>] [deleted]`.
 * `deleted`: a DELETE answers with the deleted object, not with a Status.
 * Without `verbs` a resource has all eight, a subresource get, patch and update. `storage` names the form that is
 * stored when it is another than the served one; both versions of a kind then share one object.
 */
const ROWS: Readonly<Record<string, string>> = {
  v1: `
    bindings Binding namespaced verbs=create
    componentstatuses ComponentStatus verbs=get,list short=cs
    configmaps ConfigMap namespaced short=cm
    endpoints Endpoints namespaced short=ep
    events Event namespaced short=ev
    limitranges LimitRange namespaced short=limits
    namespaces Namespace verbs=create,delete,get,list,patch,update,watch short=ns
    namespaces/finalize Namespace verbs=update
    namespaces/status Namespace
    nodes Node short=no
    nodes/proxy NodeProxyOptions verbs=create,delete,get,patch,update
    nodes/status Node
    persistentvolumeclaims PersistentVolumeClaim namespaced short=pvc deleted
    persistentvolumeclaims/status PersistentVolumeClaim
    persistentvolumes PersistentVolume short=pv deleted
    persistentvolumes/status PersistentVolume
    pods Pod namespaced short=po categories=all deleted
    pods/attach PodAttachOptions verbs=create,get
    pods/binding Binding verbs=create
    pods/ephemeralcontainers Pod
    pods/eviction policy/v1/Eviction verbs=create
    pods/exec PodExecOptions verbs=create,get
    pods/log Pod verbs=get
    pods/portforward PodPortForwardOptions verbs=create,get
    pods/proxy PodProxyOptions verbs=create,delete,get,patch,update
    pods/resize Pod
    pods/status Pod
    podtemplates PodTemplate namespaced deleted
    replicationcontrollers ReplicationController namespaced short=rc categories=all
    replicationcontrollers/scale autoscaling/v1/Scale
    replicationcontrollers/status ReplicationController
    resourcequotas ResourceQuota namespaced short=quota deleted
    resourcequotas/status ResourceQuota
    secrets Secret namespaced
    serviceaccounts ServiceAccount namespaced short=sa deleted
    serviceaccounts/token authentication.k8s.io/v1/TokenRequest verbs=create
    services Service namespaced short=svc categories=all deleted
    services/proxy ServiceProxyOptions verbs=create,delete,get,patch,update
    services/status Service
  `,
  'apiregistration.k8s.io/v1': `
    apiservices APIService categories=api-extensions
    apiservices/status APIService
  `,
  'apps/v1': `
    controllerrevisions ControllerRevision namespaced
    daemonsets DaemonSet namespaced short=ds categories=all
    daemonsets/status DaemonSet
    deployments Deployment namespaced short=deploy categories=all
    deployments/scale autoscaling/v1/Scale
    deployments/status Deployment
    replicasets ReplicaSet namespaced short=rs categories=all
    replicasets/scale autoscaling/v1/Scale
    replicasets/status ReplicaSet
    statefulsets StatefulSet namespaced short=sts categories=all
    statefulsets/scale autoscaling/v1/Scale
    statefulsets/status StatefulSet
  `,
  'events.k8s.io/v1': `
    events Event namespaced short=ev storage=/v1
  `,
  'authentication.k8s.io/v1': `
    selfsubjectreviews SelfSubjectReview verbs=create
    tokenreviews TokenReview verbs=create
  `,
  'authorization.k8s.io/v1': `
    localsubjectaccessreviews LocalSubjectAccessReview namespaced verbs=create
    selfsubjectaccessreviews SelfSubjectAccessReview verbs=create
    selfsubjectrulesreviews SelfSubjectRulesReview verbs=create
    subjectaccessreviews SubjectAccessReview verbs=create
  `,
  'autoscaling/v2': `
    horizontalpodautoscalers HorizontalPodAutoscaler namespaced short=hpa categories=all
    horizontalpodautoscalers/status HorizontalPodAutoscaler
  `,
  'autoscaling/v1': `
    horizontalpodautoscalers HorizontalPodAutoscaler namespaced short=hpa categories=all storage=autoscaling/v2
    horizontalpodautoscalers/status HorizontalPodAutoscaler
  `,
  'batch/v1': `
    cronjobs CronJob namespaced short=cj categories=all
    cronjobs/status CronJob
    jobs Job namespaced categories=all
    jobs/status Job
  `,
  'certificates.k8s.io/v1': `
    certificatesigningrequests CertificateSigningRequest short=csr
    certificatesigningrequests/approval CertificateSigningRequest
    certificatesigningrequests/status CertificateSigningRequest
  `,
  'networking.k8s.io/v1': `
    ingressclasses IngressClass
    ingresses Ingress namespaced short=ing
    ingresses/status Ingress
    ipaddresses IPAddress short=ip
    networkpolicies NetworkPolicy namespaced short=netpol
    servicecidrs ServiceCIDR
    servicecidrs/status ServiceCIDR
  `,
  'policy/v1': `
    poddisruptionbudgets PodDisruptionBudget namespaced short=pdb
    poddisruptionbudgets/status PodDisruptionBudget
  `,
  'rbac.authorization.k8s.io/v1': `
    clusterrolebindings ClusterRoleBinding
    clusterroles ClusterRole
    rolebindings RoleBinding namespaced
    roles Role namespaced
  `,
  'storage.k8s.io/v1': `
    csidrivers CSIDriver deleted
    csinodes CSINode deleted
    csistoragecapacities CSIStorageCapacity namespaced
    storageclasses StorageClass short=sc deleted
    volumeattachments VolumeAttachment deleted
    volumeattachments/status VolumeAttachment
    volumeattributesclasses VolumeAttributesClass short=vac deleted
  `,
  'admissionregistration.k8s.io/v1': `
    mutatingadmissionpolicies MutatingAdmissionPolicy categories=api-extensions
    mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding categories=api-extensions
    mutatingwebhookconfigurations MutatingWebhookConfiguration categories=api-extensions
    validatingadmissionpolicies ValidatingAdmissionPolicy categories=api-extensions
    validatingadmissionpolicies/status ValidatingAdmissionPolicy
    validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding categories=api-extensions
    validatingwebhookconfigurations ValidatingWebhookConfiguration categories=api-extensions
  `,
  'apiextensions.k8s.io/v1': `
    customresourcedefinitions CustomResourceDefinition short=crd,crds categories=api-extensions
    customresourcedefinitions/status CustomResourceDefinition
  `,
  'scheduling.k8s.io/v1': `
    priorityclasses PriorityClass short=pc
  `,
  'coordination.k8s.io/v1': `
    leases Lease namespaced
  `,
  'node.k8s.io/v1': `
    runtimeclasses RuntimeClass
  `,
  'discovery.k8s.io/v1': `
    endpointslices EndpointSlice namespaced
  `,
  'resource.k8s.io/v1': `
    deviceclasses DeviceClass deleted
    resourceclaims ResourceClaim namespaced deleted
    resourceclaims/status ResourceClaim
    resourceclaimtemplates ResourceClaimTemplate namespaced deleted
    resourceslices ResourceSlice deleted
  `,
  'flowcontrol.apiserver.k8s.io/v1': `
    flowschemas FlowSchema
    flowschemas/status FlowSchema
    prioritylevelconfigurations PriorityLevelConfiguration
    prioritylevelconfigurations/status PriorityLevelConfiguration
  `,
};

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const SUBRESOURCE_VERBS = ['get', 'patch', 'update'];

/** Splits `apps/v1` or `v1`. */
export function parseGroupVersion(groupVersion: string): { group: string; version: string } {
  const slash = groupVersion.lastIndexOf('/');
  return slash < 0
    ? { group: '', version: groupVersion }
    : { group: groupVersion.slice(0, slash), version: groupVersion.slice(slash + 1) };
}

function parseKind(text: string, group: string, version: string): GroupVersionKind {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return { group, version, kind: text };
  return { ...parseGroupVersion(text.slice(0, slash)), kind: text.slice(slash + 1) };
}

function parseRows(groupVersion: string, text: string): ResourceDef[] {
  const { group, version } = parseGroupVersion(groupVersion);
  const out: ResourceDef[] = [];
  let subresources: SubresourceDef[] = [];
  for (const line of text.split('\n')) {
    const [name = '', kindText = '', ...options] = line.trim().split(' ');
    if (name === '') continue;
    const option = (key: string): string | undefined =>
      options.find((o) => o.startsWith(`${key}=`))?.slice(key.length + 1);
    const listOption = (key: string): string[] => option(key)?.split(',') ?? [];
    const verbs = option('verbs')?.split(',');
    const kind = parseKind(kindText, group, version);
    const slash = name.indexOf('/');
    if (slash >= 0) {
      assert(out.at(-1)?.resource === name.slice(0, slash), `${name} does not follow its resource`);
      subresources.push({ name: name.slice(slash + 1), kind, verbs: verbs ?? SUBRESOURCE_VERBS });
      continue;
    }
    subresources = [];
    const table = tableOf(kind.group, kind.version);
    assert(table !== undefined, `no type table for ${groupVersion}`);
    out.push({
      group,
      version,
      resource: name,
      singular: kind.kind.toLowerCase(),
      kind: kind.kind,
      namespaced: options.includes('namespaced'),
      shortNames: listOption('short'),
      categories: listOption('categories'),
      verbs: verbs ?? ALL_VERBS,
      subresources,
      type: `${table.prefix}.${kind.kind}`,
      ...(options.includes('deleted') ? { returnsDeleted: true as const } : {}),
      storage: { ...parseGroupVersion(option('storage') ?? groupVersion), resource: name },
    });
  }
  return out;
}

/** All built-in resources in every served version, in the order of discovery. */
export const resources: readonly ResourceDef[] = Object.entries(ROWS).flatMap(([gv, text]) => parseRows(gv, text));

/** One API group as discovery lists it; the first version is the preferred one. */
export interface GroupDef {
  readonly group: string;
  readonly versions: readonly string[];
  readonly preferredVersion: string;
}

/** The built-in groups in the order of discovery; `''` (core) is the first. */
export const groups: readonly GroupDef[] = [...new Set(resources.map((r) => r.group))].map((group) => {
  const versions = [...new Set(resources.filter((r) => r.group === group).map((r) => r.version))];
  return { group, versions, preferredVersion: versions[0] ?? '' };
});

/** By their plural names, which few of them share: no text is put together to find one. */
const byPlural = new Map<string, ResourceDef[]>();
for (const def of resources) {
  const others = byPlural.get(def.resource);
  if (others === undefined) byPlural.set(def.resource, [def]);
  else others.push(def);
}

/** The built-in resource with this plural name, or undefined. Custom resources are not here. */
export function findResource(group: string, version: string, plural: string): ResourceDef | undefined {
  const found = byPlural.get(plural);
  if (found === undefined) return undefined;
  for (const def of found) if (def.version === version && def.group === group) return def;
  return undefined;
}

/** The built-in resource of a kind (the first when several have it), or undefined. */
export function findResourceByKind(group: string, version: string, kind: string): ResourceDef | undefined {
  return resources.find((r) => r.group === group && r.version === version && r.kind === kind);
}
