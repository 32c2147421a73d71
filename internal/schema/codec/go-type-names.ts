/**
 * Go's names of string types, and of lists and maps that have a name of their own, by struct and field. Error texts
 * print them (`cannot unmarshal number into … of type v1.RestartPolicy`); nothing else depends on them.
 * One line per struct: `field:Name`; the package is the struct's own version unless the name has one. `=Name` names the
 * whole list or map rather than its items; `Key>Name` is a map whose keys have a type as well.
 */
const LINES: Readonly<Record<string, string>> = {
  'meta.v1': `
ObjectMeta uid:types.UID
OwnerReference uid:types.UID
Preconditions uid:types.UID
Status reason:StatusReason
StatusDetails uid:types.UID
StatusCause reason:CauseType
ManagedFieldsEntry operation:ManagedFieldsOperationType
LabelSelectorRequirement operator:LabelSelectorOperator
FieldSelectorRequirement operator:FieldSelectorOperator
Condition status:ConditionStatus
DeleteOptions propagationPolicy:DeletionPropagation
ListOptions resourceVersionMatch:ResourceVersionMatch
TableOptions includeObject:IncludeObjectPolicy
TableRowCondition type:RowConditionType status:ConditionStatus
APIResource verbs:=Verbs`,
  'core.v1': `
AppArmorProfile type:AppArmorProfileType
AttachedVolume name:UniqueVolumeName
AzureDiskVolumeSource cachingMode:AzureDataDiskCachingMode kind:AzureDataDiskKind
Capabilities add:Capability drop:Capability
ComponentCondition type:ComponentConditionType status:ConditionStatus
Container terminationMessagePolicy:TerminationMessagePolicy imagePullPolicy:PullPolicy restartPolicy:ContainerRestartPolicy
ContainerPort protocol:Protocol
ContainerResizePolicy resourceName:ResourceName restartPolicy:ResourceResizeRestartPolicy
ContainerRestartRule action:ContainerRestartRuleAction
ContainerRestartRuleOnExitCodes operator:ContainerRestartRuleOnExitCodesOperator
ContainerStatus stopSignal:Signal allocatedResources:=ResourceList
EmptyDirVolumeSource medium:StorageMedium
EndpointPort protocol:Protocol
EphemeralContainer terminationMessagePolicy:TerminationMessagePolicy imagePullPolicy:PullPolicy restartPolicy:ContainerRestartPolicy
HTTPGetAction scheme:URIScheme
HostPathVolumeSource type:HostPathType
ImageVolumeSource pullPolicy:PullPolicy
Lifecycle stopSignal:Signal
LimitRangeItem type:LimitType max:=ResourceList min:=ResourceList default:=ResourceList defaultRequest:=ResourceList maxLimitRequestRatio:=ResourceList
LoadBalancerIngress ipMode:LoadBalancerIPMode
ModifyVolumeStatus status:PersistentVolumeClaimModifyVolumeStatus
NamespaceCondition type:NamespaceConditionType status:ConditionStatus
NamespaceSpec finalizers:FinalizerName
NamespaceStatus phase:NamespacePhase
NodeAddress type:NodeAddressType
NodeCondition type:NodeConditionType status:ConditionStatus
NodeSelectorRequirement operator:NodeSelectorOperator
NodeStatus capacity:=ResourceList allocatable:=ResourceList phase:NodePhase volumesInUse:UniqueVolumeName
ObjectReference uid:types.UID
PersistentVolumeClaimCondition type:PersistentVolumeClaimConditionType status:ConditionStatus
PersistentVolumeClaimSpec accessModes:PersistentVolumeAccessMode volumeMode:PersistentVolumeMode
PersistentVolumeClaimStatus phase:PersistentVolumeClaimPhase accessModes:PersistentVolumeAccessMode capacity:=ResourceList allocatedResources:=ResourceList allocatedResourceStatuses:ResourceName>ClaimResourceStatus
PersistentVolumeSpec capacity:=ResourceList accessModes:PersistentVolumeAccessMode persistentVolumeReclaimPolicy:PersistentVolumeReclaimPolicy volumeMode:PersistentVolumeMode
PersistentVolumeStatus phase:PersistentVolumePhase
PodCondition type:PodConditionType status:ConditionStatus
PodOS name:OSName
PodReadinessGate conditionType:PodConditionType
PodSecurityContext supplementalGroupsPolicy:SupplementalGroupsPolicy fsGroupChangePolicy:PodFSGroupChangePolicy seLinuxChangePolicy:PodSELinuxChangePolicy
PodSpec restartPolicy:RestartPolicy dnsPolicy:DNSPolicy preemptionPolicy:PreemptionPolicy overhead:=ResourceList
PodStatus phase:PodPhase qosClass:PodQOSClass resize:PodResizeStatus allocatedResources:=ResourceList
PortStatus protocol:Protocol
ReplicationControllerCondition type:ReplicationControllerConditionType status:ConditionStatus
ResourceHealth resourceID:ResourceID health:ResourceHealthStatus
ResourceQuotaSpec hard:=ResourceList scopes:ResourceQuotaScope
ResourceQuotaStatus hard:=ResourceList used:=ResourceList
ResourceRequirements limits:=ResourceList requests:=ResourceList
ResourceStatus name:ResourceName
ScopedResourceSelectorRequirement scopeName:ResourceQuotaScope operator:ScopeSelectorOperator
SeccompProfile type:SeccompProfileType
Secret type:SecretType
SecurityContext procMount:ProcMountType
ServicePort protocol:Protocol
ServiceSpec type:ServiceType sessionAffinity:ServiceAffinity externalTrafficPolicy:ServiceExternalTrafficPolicy ipFamilies:IPFamily ipFamilyPolicy:IPFamilyPolicy internalTrafficPolicy:ServiceInternalTrafficPolicy
Taint effect:TaintEffect
Toleration operator:TolerationOperator effect:TaintEffect
TopologySpreadConstraint whenUnsatisfiable:UnsatisfiableConstraintAction nodeAffinityPolicy:NodeInclusionPolicy nodeTaintsPolicy:NodeInclusionPolicy
VolumeMount recursiveReadOnly:RecursiveReadOnlyMode mountPropagation:MountPropagationMode
VolumeMountStatus recursiveReadOnly:RecursiveReadOnlyMode
VolumeResourceRequirements limits:=ResourceList requests:=ResourceList`,
  'apps.v1': `
DaemonSetCondition type:DaemonSetConditionType status:ConditionStatus
DaemonSetUpdateStrategy type:DaemonSetUpdateStrategyType
DeploymentCondition type:DeploymentConditionType status:ConditionStatus
DeploymentStrategy type:DeploymentStrategyType
ReplicaSetCondition type:ReplicaSetConditionType status:ConditionStatus
StatefulSetCondition type:StatefulSetConditionType status:ConditionStatus
StatefulSetPersistentVolumeClaimRetentionPolicy whenDeleted:PersistentVolumeClaimRetentionPolicyType whenScaled:PersistentVolumeClaimRetentionPolicyType
StatefulSetSpec podManagementPolicy:PodManagementPolicyType
StatefulSetUpdateStrategy type:StatefulSetUpdateStrategyType`,
  'autoscaling.v2': `
ContainerResourceMetricSource name:v1.ResourceName
ContainerResourceMetricStatus name:v1.ResourceName
HPAScalingPolicy type:HPAScalingPolicyType
HPAScalingRules selectPolicy:ScalingPolicySelect
HorizontalPodAutoscalerCondition type:HorizontalPodAutoscalerConditionType status:v1.ConditionStatus
MetricSpec type:MetricSourceType
MetricStatus type:MetricSourceType
MetricTarget type:MetricTargetType
ResourceMetricSource name:v1.ResourceName
ResourceMetricStatus name:v1.ResourceName`,
  'batch.v1': `
CronJobSpec concurrencyPolicy:ConcurrencyPolicy
JobCondition type:JobConditionType status:ConditionStatus
JobSpec completionMode:CompletionMode podReplacementPolicy:PodReplacementPolicy
PodFailurePolicyOnExitCodesRequirement operator:PodFailurePolicyOnExitCodesOperator
PodFailurePolicyOnPodConditionsPattern type:PodConditionType status:ConditionStatus
PodFailurePolicyRule action:PodFailurePolicyAction
UncountedTerminatedPods succeeded:types.UID failed:types.UID`,
  'certificates.v1': `
CertificateSigningRequestCondition type:RequestConditionType status:ConditionStatus
CertificateSigningRequestSpec usages:KeyUsage extra:=map[string]ExtraValue`,
  'coordination.v1': `
LeaseSpec strategy:CoordinatedLeaseStrategy`,
  'discovery.v1': `
EndpointPort protocol:Protocol
EndpointSlice addressType:AddressType`,
  'flowcontrol.v1': `
FlowDistinguisherMethod type:FlowDistinguisherMethodType
FlowSchemaCondition type:FlowSchemaConditionType status:ConditionStatus
LimitResponse type:LimitResponseType
PriorityLevelConfigurationCondition type:PriorityLevelConfigurationConditionType status:ConditionStatus
PriorityLevelConfigurationSpec type:PriorityLevelEnablement
Subject kind:SubjectKind`,
  'networking.v1': `
HTTPIngressPath pathType:PathType
IngressPortStatus protocol:Protocol
NetworkPolicyPort protocol:Protocol
NetworkPolicySpec policyTypes:PolicyType`,
  'node.v1': `
Overhead podFixed:=ResourceList`,
  'policy.v1': `
PodDisruptionBudgetSpec unhealthyPodEvictionPolicy:UnhealthyPodEvictionPolicyType`,
  'scheduling.v1': `
PriorityClass preemptionPolicy:PreemptionPolicy`,
  'storage.v1': `
CSIDriverSpec volumeLifecycleModes:VolumeLifecycleMode fsGroupPolicy:FSGroupPolicy
StorageClass reclaimPolicy:PersistentVolumeReclaimPolicy volumeBindingMode:VolumeBindingMode`,
  'resource.v1': `
DeviceAllocationConfiguration source:AllocationConfigSource
DeviceConstraint matchAttribute:FullyQualifiedName distinctAttribute:FullyQualifiedName
DeviceSubRequest allocationMode:DeviceAllocationMode
DeviceTaint effect:DeviceTaintEffect
DeviceToleration operator:DeviceTolerationOperator effect:DeviceTaintEffect
ExactDeviceRequest allocationMode:DeviceAllocationMode
ResourceClaimConsumerReference uid:types.UID`,
  'admissionregistration.v1': `
MatchResources matchPolicy:MatchPolicyType
MutatingAdmissionPolicySpec failurePolicy:FailurePolicyType reinvocationPolicy:ReinvocationPolicyType
MutatingWebhook failurePolicy:FailurePolicyType matchPolicy:MatchPolicyType sideEffects:SideEffectClass reinvocationPolicy:ReinvocationPolicyType
Mutation patchType:PatchType
NamedRuleWithOperations operations:OperationType scope:ScopeType
ParamRef parameterNotFoundAction:ParameterNotFoundActionType
RuleWithOperations operations:OperationType scope:ScopeType
ValidatingAdmissionPolicyBindingSpec validationActions:ValidationAction
ValidatingAdmissionPolicySpec failurePolicy:FailurePolicyType
ValidatingWebhook failurePolicy:FailurePolicyType matchPolicy:MatchPolicyType sideEffects:SideEffectClass
Validation reason:StatusReason`,
  'apiextensions.v1': `
CustomResourceConversion strategy:ConversionStrategyType
CustomResourceDefinitionCondition type:CustomResourceDefinitionConditionType status:ConditionStatus
CustomResourceDefinitionSpec scope:ResourceScope
JSONSchemaProps $schema:JSONSchemaURL x-kubernetes-validations:=ValidationRules dependencies:=JSONSchemaDependencies definitions:=JSONSchemaDefinitions
ValidationRule reason:FieldValueErrorReason`,
  'apiregistration.v1': `
APIServiceCondition type:APIServiceConditionType status:ConditionStatus`,
  'authentication.v1': `
BoundObjectReference uid:types.UID
UserInfo extra:=map[string]ExtraValue`,
  'authorization.v1': `
SubjectAccessReviewSpec extra:=map[string]ExtraValue`,
};

/** Names of embedded structs by struct: Go puts them into the paths of what comes from them. */
const EMBEDDED: Readonly<Record<string, string>> = {
  ConfigMapEnvSource: 'LocalObjectReference',
  ConfigMapKeySelector: 'LocalObjectReference',
  ConfigMapProjection: 'LocalObjectReference',
  ConfigMapVolumeSource: 'LocalObjectReference',
  DeviceAllocationConfiguration: 'DeviceConfiguration',
  DeviceClaimConfiguration: 'DeviceConfiguration',
  DeviceClassConfiguration: 'DeviceConfiguration',
  EphemeralContainer: 'EphemeralContainerCommon',
  IngressRule: 'IngressRuleValue',
  NamedRuleWithOperations: 'RuleWithOperations.Rule',
  PersistentVolumeSpec: 'PersistentVolumeSource',
  Probe: 'ProbeHandler',
  RuleWithOperations: 'Rule',
  SecretEnvSource: 'LocalObjectReference',
  SecretKeySelector: 'LocalObjectReference',
  SecretProjection: 'LocalObjectReference',
  Volume: 'VolumeSource',
};

let parsed: ReadonlyMap<string, string> | undefined;

function parse(): ReadonlyMap<string, string> {
  const out = new Map<string, string>();
  for (const [group, lines] of Object.entries(LINES)) {
    for (const line of lines.trim().split('\n')) {
      const [struct, ...fields] = line.split(' ');
      for (const field of fields) {
        const colon = field.indexOf(':');
        out.set(`${group}.${struct ?? ''}.${field.slice(0, colon)}`, field.slice(colon + 1));
      }
    }
  }
  return out;
}

/** The entry for a field of the struct `core.v1.PodSpec`, or undefined when its Go type has no name of its own. */
export function namedType(struct: string, field: string): string | undefined {
  parsed ??= parse();
  return parsed.get(`${struct}.${field}`);
}

/** Names of the embedded structs in which the fields of a struct lie, outermost first. */
export function embeddedStructs(struct: string): readonly string[] {
  const names = Object.hasOwn(EMBEDDED, struct) ? EMBEDDED[struct] : undefined;
  return names === undefined ? [] : names.split('.');
}
