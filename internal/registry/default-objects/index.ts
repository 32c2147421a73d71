import type { JsonObject } from '../../machinery/json.js';
import { BUILTIN_PRIORITIES } from '../../schema/discovery/priorities.js';
import { CLUSTER_ROLES } from './cluster-roles.js';
import { AUTO_UPDATE, FLOW_SCHEMAS, MANDATORY, PRIORITY_LEVELS } from './flow-control.js';
import { ROLES } from './namespaced-roles.js';
import { bindingObject, roleObject } from './rbac-rows.js';
import { CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS } from './role-bindings.js';

/** What a fresh cluster's objects depend on. */
export interface BootstrapConfig {
  /** `--service-cluster-ip-range`, first range. */
  readonly serviceCidrs: readonly string[];
  /** First usable address of the first range: the `kubernetes` service's. */
  readonly apiServiceIP: string;
  readonly securePort: number;
  /** `--kubernetes-service-node-port`; 0 for none. */
  readonly serviceNodePort: number;
  /** PEM of `--client-ca-file` and `--requestheader-client-ca-file`; '' when not given. */
  readonly clientCa: string;
  readonly requestHeaderCa: string;
  readonly requestHeaderAllowedNames: readonly string[];
  readonly requestHeaderUsernameHeaders: readonly string[];
  readonly requestHeaderGroupHeaders: readonly string[];
  readonly requestHeaderExtraPrefixes: readonly string[];
  /** RFC 3339 time of this start. */
  readonly now: string;
}

/** How an object that is there already is treated. */
export type Reconcile =
  /** Only made when missing. */
  | 'ifMissing'
  /** Rules and subjects that are missing are added, unless its autoupdate annotation says false (RBAC reconciliation). */
  | 'rbac'
  /** The whole spec is set back, unless its autoupdate annotation says false (suggested objects of priority and fairness). */
  | 'spec'
  /** The spec is set back, and the autoupdate annotation too (mandatory objects of priority and fairness). */
  | 'mandatory'
  /** `data` is kept current. */
  | 'data';

/** One object of a fresh cluster. */
export interface DefaultObject {
  /** Collection path to create in. */
  readonly path: string;
  readonly object: JsonObject;
  readonly fieldManager: string;
  readonly reconcile: Reconcile;
  /** Applied to `/status` after creation, by this manager. */
  readonly status?: { readonly fieldManager: string; readonly value: JsonObject };
}

const SELF = 'kube-apiserver';
const SYSTEM_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease', 'default'];
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const FLOW = '/apis/flowcontrol.apiserver.k8s.io/v1';
const PRODUCER = 'api-priority-and-fairness-config-producer-v1';
const CONSUMER = 'api-priority-and-fairness-config-consumer-v1';

/** Everything that a fresh cluster holds, in the order in which it can be made. */
export function defaultObjects(config: BootstrapConfig): DefaultObject[] {
  return [
    ...namespaces(),
    ...configMaps(config),
    ...priorityClasses(),
    ...rbac(),
    ...flowControl(config),
    ...apiServices(),
    ...serviceNetwork(config),
  ];
}

function namespaces(): DefaultObject[] {
  return SYSTEM_NAMESPACES.map((name) => ({
    path: '/api/v1/namespaces',
    object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    fieldManager: SELF,
    reconcile: 'ifMissing',
  }));
}

const CONFIG_MAPS = '/api/v1/namespaces/kube-system/configmaps';

const configMap = (name: string, data: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'kube-system' },
  data,
});

/** From which aggregated servers learn whom to believe: it is to be kept current while the authorities change. */
export function authenticationConfigMap(config: BootstrapConfig): DefaultObject {
  const authentication: JsonObject = {
    ...(config.clientCa === '' ? {} : { 'client-ca-file': config.clientCa }),
    ...(config.requestHeaderCa === ''
      ? {}
      : {
          'requestheader-allowed-names': JSON.stringify(config.requestHeaderAllowedNames),
          'requestheader-client-ca-file': config.requestHeaderCa,
          'requestheader-extra-headers-prefix': JSON.stringify(config.requestHeaderExtraPrefixes),
          'requestheader-group-headers': JSON.stringify(config.requestHeaderGroupHeaders),
          'requestheader-username-headers': JSON.stringify(config.requestHeaderUsernameHeaders),
        }),
  };
  return {
    path: CONFIG_MAPS,
    object: configMap('extension-apiserver-authentication', authentication),
    fieldManager: SELF,
    reconcile: 'data',
  };
}

function configMaps(config: BootstrapConfig): DefaultObject[] {
  return [
    authenticationConfigMap(config),
    {
      path: CONFIG_MAPS,
      object: configMap('kube-apiserver-legacy-service-account-token-tracking', { since: config.now.slice(0, 10) }),
      fieldManager: SELF,
      reconcile: 'ifMissing',
    },
  ];
}

function priorityClasses(): DefaultObject[] {
  const priorityClass = (name: string, value: number, description: string): DefaultObject => ({
    path: '/apis/scheduling.k8s.io/v1/priorityclasses',
    object: { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, value, description },
    fieldManager: SELF,
    reconcile: 'ifMissing',
  });
  return [
    priorityClass(
      'system-node-critical',
      2_000_001_000,
      'Used for system critical pods that must not be moved from their current node.',
    ),
    priorityClass(
      'system-cluster-critical',
      2_000_000_000,
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    ),
  ];
}

function rbac(): DefaultObject[] {
  const of = (path: string, object: JsonObject): DefaultObject => ({
    path: RBAC + path,
    object,
    fieldManager: SELF,
    reconcile: 'rbac',
  });
  return [
    ...CLUSTER_ROLES.map((r) => of('/clusterroles', roleObject(r))),
    ...CLUSTER_ROLE_BINDINGS.map((b) => of('/clusterrolebindings', bindingObject(b))),
    ...ROLES.map((r) => of(`/namespaces/${r.namespace}/roles`, roleObject(r))),
    ...ROLE_BINDINGS.map((b) => of(`/namespaces/${b.namespace}/rolebindings`, bindingObject(b))),
  ];
}

/** The flow schemas and priority levels that Kubernetes wants to be there; each server puts them back every minute. */
export function flowControl(config: Pick<BootstrapConfig, 'now'>): DefaultObject[] {
  const of = (kind: string, plural: string, name: string, spec: JsonObject): DefaultObject => ({
    path: `${FLOW}/${plural}`,
    object: {
      apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
      kind,
      metadata: { name, annotations: { [AUTO_UPDATE]: 'true' } },
      spec,
    },
    fieldManager: PRODUCER,
    reconcile: MANDATORY.has(name) ? 'mandatory' : 'spec',
  });
  return [
    ...PRIORITY_LEVELS.map((r) => of('PriorityLevelConfiguration', 'prioritylevelconfigurations', r.name, r.spec)),
    ...FLOW_SCHEMAS.map((r) => {
      const level = (r.spec['priorityLevelConfiguration'] as JsonObject)['name'];
      return {
        ...of('FlowSchema', 'flowschemas', r.name, r.spec),
        status: {
          fieldManager: CONSUMER,
          value: {
            conditions: [
              {
                type: 'Dangling',
                status: 'False',
                lastTransitionTime: config.now,
                reason: 'Found',
                message: `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} and it exists`,
              },
            ],
          },
        },
      };
    }),
  ];
}

function apiServices(): DefaultObject[] {
  return BUILTIN_PRIORITIES.map(([group, version, groupPriorityMinimum, versionPriority]) => ({
    path: '/apis/apiregistration.k8s.io/v1/apiservices',
    object: {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `${version}.${group}`, labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } },
      spec: { ...(group === '' ? {} : { group }), version, groupPriorityMinimum, versionPriority },
    },
    fieldManager: SELF,
    reconcile: 'ifMissing',
  }));
}

function serviceNetwork(config: BootstrapConfig): DefaultObject[] {
  return [
    {
      path: '/apis/networking.k8s.io/v1/servicecidrs',
      object: {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'ServiceCIDR',
        metadata: { name: 'kubernetes' },
        spec: { cidrs: [...config.serviceCidrs] },
      },
      fieldManager: SELF,
      reconcile: 'ifMissing',
      status: {
        fieldManager: 'kubernetes-service-cidr-controller',
        value: {
          conditions: [
            {
              type: 'Ready',
              status: 'True',
              lastTransitionTime: config.now,
              message: 'Kubernetes default Service CIDR is ready',
            },
          ],
        },
      },
    },
    {
      path: '/api/v1/namespaces/default/services',
      object: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: {
          name: 'kubernetes',
          namespace: 'default',
          labels: { component: 'apiserver', provider: 'kubernetes' },
        },
        spec: {
          type: config.serviceNodePort > 0 ? 'NodePort' : 'ClusterIP',
          clusterIP: config.apiServiceIP,
          ipFamilyPolicy: 'SingleStack',
          sessionAffinity: 'None',
          ports: [
            {
              name: 'https',
              protocol: 'TCP',
              port: 443,
              targetPort: config.securePort,
              ...(config.serviceNodePort > 0 ? { nodePort: config.serviceNodePort } : {}),
            },
          ],
        },
      },
      fieldManager: SELF,
      reconcile: 'ifMissing',
    },
  ];
}
