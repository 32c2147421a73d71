import { types as admissionV1 } from './admission.v1.js';
import { types as admissionV1beta1 } from './admission.v1beta1.js';
import { types as admissionregistrationV1 } from './admissionregistration.v1.js';
import { types as apidiscoveryV2 } from './apidiscovery.v2.js';
import { types as apidiscoveryV2beta1 } from './apidiscovery.v2beta1.js';
import { types as apiextensionsV1 } from './apiextensions.v1.js';
import { types as apiregistrationV1 } from './apiregistration.v1.js';
import { types as appsV1 } from './apps.v1.js';
import { types as authenticationV1 } from './authentication.v1.js';
import { types as authorizationV1 } from './authorization.v1.js';
import { types as autoscalingV1 } from './autoscaling.v1.js';
import { types as autoscalingV2 } from './autoscaling.v2.js';
import { types as batchV1 } from './batch.v1.js';
import { types as certificatesV1 } from './certificates.v1.js';
import { types as coordinationV1 } from './coordination.v1.js';
import { types as coreV1 } from './core.v1.js';
import { types as discoveryV1 } from './discovery.v1.js';
import { types as eventsV1 } from './events.v1.js';
import { types as flowcontrolV1 } from './flowcontrol.v1.js';
import { types as metaV1 } from './meta.v1.js';
import { types as networkingV1 } from './networking.v1.js';
import { types as nodeV1 } from './node.v1.js';
import { types as pkgVersion } from './pkg.version.js';
import { types as policyV1 } from './policy.v1.js';
import { types as rbacV1 } from './rbac.v1.js';
import { types as resourceV1 } from './resource.v1.js';
import { types as schedulingV1 } from './scheduling.v1.js';
import { types as storageV1 } from './storage.v1.js';

/** The tables by the name under which types refer to each other. */
export const tables = {
  'admission.v1': admissionV1,
  'admission.v1beta1': admissionV1beta1,
  'admissionregistration.v1': admissionregistrationV1,
  'apidiscovery.v2': apidiscoveryV2,
  'apidiscovery.v2beta1': apidiscoveryV2beta1,
  'apiextensions.v1': apiextensionsV1,
  'apiregistration.v1': apiregistrationV1,
  'apps.v1': appsV1,
  'authentication.v1': authenticationV1,
  'authorization.v1': authorizationV1,
  'autoscaling.v1': autoscalingV1,
  'autoscaling.v2': autoscalingV2,
  'batch.v1': batchV1,
  'certificates.v1': certificatesV1,
  'coordination.v1': coordinationV1,
  'core.v1': coreV1,
  'discovery.v1': discoveryV1,
  'events.v1': eventsV1,
  'flowcontrol.v1': flowcontrolV1,
  'meta.v1': metaV1,
  'networking.v1': networkingV1,
  'node.v1': nodeV1,
  'pkg.version': pkgVersion,
  'policy.v1': policyV1,
  'rbac.v1': rbacV1,
  'resource.v1': resourceV1,
  'scheduling.v1': schedulingV1,
  'storage.v1': storageV1,
} as const;

export type Tables = typeof tables;
export type TableName = keyof Tables;

/** Where the types of a table belong: OpenAPI's name prefix, and the group and version of its kinds. */
export const origins: Readonly<Record<TableName, { readonly prefix: string; readonly group: string; readonly version: string }>> = {
  'admission.v1': { prefix: 'io.k8s.api.admission.v1', group: 'admission.k8s.io', version: 'v1' },
  'admission.v1beta1': { prefix: 'io.k8s.api.admission.v1beta1', group: 'admission.k8s.io', version: 'v1beta1' },
  'admissionregistration.v1': { prefix: 'io.k8s.api.admissionregistration.v1', group: 'admissionregistration.k8s.io', version: 'v1' },
  'apidiscovery.v2': { prefix: 'io.k8s.api.apidiscovery.v2', group: 'apidiscovery.k8s.io', version: 'v2' },
  'apidiscovery.v2beta1': { prefix: 'io.k8s.api.apidiscovery.v2beta1', group: 'apidiscovery.k8s.io', version: 'v2beta1' },
  'apiextensions.v1': { prefix: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1', group: 'apiextensions.k8s.io', version: 'v1' },
  'apiregistration.v1': { prefix: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1', group: 'apiregistration.k8s.io', version: 'v1' },
  'apps.v1': { prefix: 'io.k8s.api.apps.v1', group: 'apps', version: 'v1' },
  'authentication.v1': { prefix: 'io.k8s.api.authentication.v1', group: 'authentication.k8s.io', version: 'v1' },
  'authorization.v1': { prefix: 'io.k8s.api.authorization.v1', group: 'authorization.k8s.io', version: 'v1' },
  'autoscaling.v1': { prefix: 'io.k8s.api.autoscaling.v1', group: 'autoscaling', version: 'v1' },
  'autoscaling.v2': { prefix: 'io.k8s.api.autoscaling.v2', group: 'autoscaling', version: 'v2' },
  'batch.v1': { prefix: 'io.k8s.api.batch.v1', group: 'batch', version: 'v1' },
  'certificates.v1': { prefix: 'io.k8s.api.certificates.v1', group: 'certificates.k8s.io', version: 'v1' },
  'coordination.v1': { prefix: 'io.k8s.api.coordination.v1', group: 'coordination.k8s.io', version: 'v1' },
  'core.v1': { prefix: 'io.k8s.api.core.v1', group: '', version: 'v1' },
  'discovery.v1': { prefix: 'io.k8s.api.discovery.v1', group: 'discovery.k8s.io', version: 'v1' },
  'events.v1': { prefix: 'io.k8s.api.events.v1', group: 'events.k8s.io', version: 'v1' },
  'flowcontrol.v1': { prefix: 'io.k8s.api.flowcontrol.v1', group: 'flowcontrol.apiserver.k8s.io', version: 'v1' },
  'meta.v1': { prefix: 'io.k8s.apimachinery.pkg.apis.meta.v1', group: '', version: 'v1' },
  'networking.v1': { prefix: 'io.k8s.api.networking.v1', group: 'networking.k8s.io', version: 'v1' },
  'node.v1': { prefix: 'io.k8s.api.node.v1', group: 'node.k8s.io', version: 'v1' },
  'pkg.version': { prefix: 'io.k8s.apimachinery.pkg.version', group: '', version: '' },
  'policy.v1': { prefix: 'io.k8s.api.policy.v1', group: 'policy', version: 'v1' },
  'rbac.v1': { prefix: 'io.k8s.api.rbac.v1', group: 'rbac.authorization.k8s.io', version: 'v1' },
  'resource.v1': { prefix: 'io.k8s.api.resource.v1', group: 'resource.k8s.io', version: 'v1' },
  'scheduling.v1': { prefix: 'io.k8s.api.scheduling.v1', group: 'scheduling.k8s.io', version: 'v1' },
  'storage.v1': { prefix: 'io.k8s.api.storage.v1', group: 'storage.k8s.io', version: 'v1' },
};
