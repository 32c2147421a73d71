import type { Registry } from 'prom-client';
import { AdmissionChain } from './admit.js';
import { alwaysDeny } from './always-deny/index.js';
import { alwaysPullImages } from './always-pull-images/index.js';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates/index.js';
import type { PluginConfiguration } from './config-file.js';
import { defaultIngressClass } from './default-ingress-class/index.js';
import { defaultStorageClass } from './default-storage-class/index.js';
import { defaultTolerationSeconds } from './default-toleration-seconds/index.js';
import { denyServiceExternalIPs } from './deny-service-external-ips/index.js';
import { eventRateLimit } from './event-rate-limit/index.js';
import { extendedResourceToleration } from './extended-resource-toleration/index.js';
import { imagePolicyWebhook } from './image-policy-webhook/index.js';
import { limitPodHardAntiAffinityTopology } from './limit-pod-hard-anti-affinity-topology/index.js';
import { limitRanger } from './limit-ranger/index.js';
import { namespaceAutoProvision } from './namespace-auto-provision/index.js';
import { namespaceExists } from './namespace-exists/index.js';
import { namespaceLifecycle } from './namespace-lifecycle/index.js';
import { nodeDeclaredFeatureValidator } from './node-declared-feature-validator/index.js';
import { nodeRestriction } from './node-restriction/index.js';
import { ownerReferencesPermissionEnforcement } from './owner-references-permission-enforcement/index.js';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize/index.js';
import { podNodeSelector } from './pod-node-selector/index.js';
import { podResizeValidator } from './pod-resize-validator/index.js';
import { podSecurity } from './pod-security/index.js';
import { podTolerationRestriction } from './pod-toleration-restriction/index.js';
import { podTopologyLabels } from './pod-topology-labels/index.js';
import { mutatingAdmissionPolicy } from './policies/mutating.js';
import { validatingAdmissionPolicy } from './policies/validating.js';
import { priority } from './priority/index.js';
import { resourceQuota } from './resource-quota/index.js';
import { runtimeClass } from './runtime-class/index.js';
import { serviceAccount } from './service-account/index.js';
import { storageObjectInUseProtection } from './storage-object-in-use-protection/index.js';
import { taintNodesByCondition } from './taint-nodes-by-condition/index.js';
import type { AdmissionPlugin, PluginFactory, PluginParts } from './types.js';
import { mutatingAdmissionWebhook, validatingAdmissionWebhook } from './webhook/index.js';

interface Row {
  readonly name: string;
  /** Runs without being asked for. */
  readonly on: boolean;
  /**
   * 'none': it does nothing at all, which is complete (also where it belongs to a feature gate that is off by default:
   * GenericWorkload, ClusterTrustBundle).
   */
  readonly plugin: AdmissionPlugin | PluginFactory | 'none';
}

const on = (name: string, plugin: AdmissionPlugin | PluginFactory | 'none'): Row => ({ name, on: true, plugin });
const off = (name: string, plugin: AdmissionPlugin | PluginFactory | 'none'): Row => ({ name, on: false, plugin });

/**
 * Every plugin of kube-apiserver 1.36 in the order in which it runs them (kubeapiserver/options: AllOrderedPlugins), and
 * whether it is on by default. What changes objects on behalf of clients comes after everything else that does, and the
 * quota last, so that it counts what will be stored.
 */
const ROWS: readonly Row[] = [
  off('AlwaysAdmit', 'none'),
  off('NamespaceAutoProvision', namespaceAutoProvision),
  on('NamespaceLifecycle', namespaceLifecycle),
  off('NamespaceExists', namespaceExists),
  off('LimitPodHardAntiAffinityTopology', limitPodHardAntiAffinityTopology),
  on('LimitRanger', limitRanger),
  on('ServiceAccount', serviceAccount),
  off('NodeRestriction', nodeRestriction),
  on('TaintNodesByCondition', taintNodesByCondition),
  off('AlwaysPullImages', alwaysPullImages),
  off('ImagePolicyWebhook', imagePolicyWebhook),
  on('PodSecurity', podSecurity),
  off('PodNodeSelector', podNodeSelector),
  on('Priority', priority),
  on('DefaultTolerationSeconds', defaultTolerationSeconds),
  off('PodTolerationRestriction', podTolerationRestriction),
  off('EventRateLimit', eventRateLimit),
  off('ExtendedResourceToleration', extendedResourceToleration),
  on('DefaultStorageClass', defaultStorageClass),
  on('StorageObjectInUseProtection', storageObjectInUseProtection),
  on('PodGroupProtection', 'none'),
  off('OwnerReferencesPermissionEnforcement', ownerReferencesPermissionEnforcement),
  on('PersistentVolumeClaimResize', persistentVolumeClaimResize),
  on('RuntimeClass', runtimeClass),
  on('CertificateApproval', certificateApproval),
  on('CertificateSigning', certificateSigning),
  on('ClusterTrustBundleAttest', 'none'),
  on('CertificateSubjectRestriction', certificateSubjectRestriction),
  on('DefaultIngressClass', defaultIngressClass),
  off('DenyServiceExternalIPs', denyServiceExternalIPs),
  on('PodTopologyLabels', podTopologyLabels),
  on('PodGroupWorkloadExists', 'none'),
  on('NodeDeclaredFeatureValidator', nodeDeclaredFeatureValidator),
  on('JobValidation', 'none'),
  on('PodResizeValidator', podResizeValidator),
  on('MutatingAdmissionPolicy', mutatingAdmissionPolicy),
  on('MutatingAdmissionWebhook', mutatingAdmissionWebhook),
  on('ValidatingAdmissionPolicy', validatingAdmissionPolicy),
  on('ValidatingAdmissionWebhook', validatingAdmissionWebhook),
  on('ResourceQuota', resourceQuota),
  off('AlwaysDeny', alwaysDeny),
];

/** Names that `--enable-admission-plugins` and `--disable-admission-plugins` take. */
export const pluginNames: readonly string[] = ROWS.map((row) => row.name);

/** Which plugins differ from the default. */
export interface PluginChoice {
  readonly enable?: readonly string[];
  readonly disable?: readonly string[];
  /** Checks of the storage that no flag turns off (role escalation); they see the object that mutating plugins leave. */
  readonly always?: readonly AdmissionPlugin[];
  /** What `--admission-control-config-file` says, by plugin. */
  readonly configurations?: ReadonlyMap<string, PluginConfiguration>;
  /** Where plugins register their metrics. */
  readonly registry?: Registry;
  /** How plugins call others; without it no call succeeds. */
  readonly calls?: PluginParts['calls'];
  readonly kubeconfigServer?: PluginParts['kubeconfigServer'];
  readonly createNamespace?: PluginParts['createNamespace'];
  readonly tolerationSeconds?: PluginParts['tolerationSeconds'];
}

function made({ name, plugin }: Row, choice: PluginChoice): AdmissionPlugin | undefined {
  if (typeof plugin === 'function') {
    const { configurations, registry, calls, kubeconfigServer, createNamespace, tolerationSeconds } = choice;
    const configuration = configurations?.get(name);
    return plugin({ configuration, registry, calls, kubeconfigServer, createNamespace, tolerationSeconds });
  }
  return plugin === 'none' ? undefined : plugin;
}

/**
 * The default plugins with those of `enable` and without those of `disable`, in their order. Throws FatalError for a
 * configuration that is wrong.
 */
export function admissionChain(choice: PluginChoice = {}): AdmissionChain {
  const { enable = [], disable = [], always = [] } = choice;
  const chosen = ROWS.filter((row) => (row.on || enable.includes(row.name)) && !disable.includes(row.name));
  const plugins = chosen.map((row) => made(row, choice)).filter((plugin) => plugin !== undefined);
  return new AdmissionChain([...plugins, ...always]);
}

/** The plugins that are on by default. */
export const defaultAdmission = admissionChain();
