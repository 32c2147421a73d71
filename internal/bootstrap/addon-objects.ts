import { child, str } from '../machinery/access.js';
import type { JsonObject, JsonValue } from '../machinery/json.js';
import { tenthAddress } from './cluster-objects.js';
import { type KubeadmConfig, yamlOf } from './kubeadm-config.js';

/** An object, and where objects of its kind are created. */
export interface AddonObject {
  readonly collection: string;
  readonly object: JsonObject;
}

const NAMESPACE = 'kube-system';
const RBAC = 'rbac.authorization.k8s.io';
const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';
/** CoreDNS of Kubernetes v1.36, as kubeadm has it. */
const COREDNS_VERSION = 'v1.14.2';
const DNS_LABELS: JsonObject = { 'k8s-app': 'kube-dns' };
const PROXY_LABELS: JsonObject = { 'k8s-app': 'kube-proxy' };

const namespaced = (group: string, resource: string, object: JsonObject): AddonObject => ({
  collection: `${group}/namespaces/${NAMESPACE}/${resource}`,
  object,
});
const core = (resource: string, object: JsonObject): AddonObject => namespaced('/api/v1', resource, object);
const apps = (resource: string, object: JsonObject): AddonObject => namespaced('/apis/apps/v1', resource, object);

const serviceAccount = (name: string): AddonObject =>
  core('serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: NAMESPACE } });

const clusterBinding = (name: string, role: string, account: string): AddonObject => ({
  collection: `/apis/${RBAC}/v1/clusterrolebindings`,
  object: {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: NAMESPACE }],
  },
});

/** What kubeadm makes of CoreDNS, in the order in which it does. */
export function coreDns({ cluster }: KubeadmConfig): AddonObject[] {
  const networking = child(cluster, 'networking');
  return [
    core('configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'coredns', namespace: NAMESPACE },
      data: { Corefile: corefile(str(networking, 'dnsDomain')) },
    }),
    {
      collection: `/apis/${RBAC}/v1/clusterroles`,
      object: {
        apiVersion: `${RBAC}/v1`,
        kind: 'ClusterRole',
        metadata: { name: 'system:coredns' },
        rules: [
          { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
          { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
        ],
      },
    },
    clusterBinding('system:coredns', 'system:coredns', 'coredns'),
    serviceAccount('coredns'),
    apps('deployments', coreDnsDeployment(dnsImage(cluster))),
    core('services', dnsService(tenthAddress(str(networking, 'serviceSubnet')))),
  ];
}

function dnsImage(cluster: JsonObject): string {
  const dns = child(cluster, 'dns');
  const given = str(dns, 'imageRepository') || str(cluster, 'imageRepository');
  // The official image lies one level deeper than everybody else's copy of it.
  const repository = given === 'registry.k8s.io' ? `${given}/coredns` : given;
  return `${repository}/coredns:${str(dns, 'imageTag') || COREDNS_VERSION}`;
}

/** The configuration of CoreDNS: the cluster's names first, all others from where the node asks. */
function corefile(domain: string): string {
  const block = (head: string, lines: readonly string[]): string[] => [
    `${head} {`,
    ...lines.map((line) => `   ${line}`),
    '}',
  ];
  const plugins = [
    'errors',
    ...block('health', ['lameduck 5s']),
    'ready',
    ...block(`kubernetes ${domain} in-addr.arpa ip6.arpa`, [
      'pods insecure',
      'fallthrough in-addr.arpa ip6.arpa',
      'ttl 30',
    ]),
    'prometheus :9153',
    ...block('forward . /etc/resolv.conf', ['max_concurrent 1000']),
    ...block('cache 30', [`disable success ${domain}`, `disable denial ${domain}`]),
    'loop',
    'reload',
    'loadbalance',
  ];
  return `.:53 {\n${plugins.map((line) => `    ${line}\n`).join('')}}\n`;
}

const DNS_PORTS: readonly [name: string, port: number, protocol: string][] = [
  ['dns', 53, 'UDP'],
  ['dns-tcp', 53, 'TCP'],
  ['metrics', 9153, 'TCP'],
];

function dnsService(clusterIP: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'kube-dns',
      namespace: NAMESPACE,
      // Whatever version is there is replaced; without this an update of a Service is refused.
      resourceVersion: '0',
      labels: {
        ...DNS_LABELS,
        'kubernetes.io/cluster-service': 'true',
        'kubernetes.io/name': 'CoreDNS',
      },
      annotations: { 'prometheus.io/port': '9153', 'prometheus.io/scrape': 'true' },
    },
    spec: {
      clusterIP,
      ports: DNS_PORTS.map(([name, port, protocol]) => ({ name, port, protocol, targetPort: port })),
      selector: DNS_LABELS,
    },
  };
}

function coreDnsDeployment(image: string): JsonObject {
  const probe = (path: string, port: string): JsonObject => ({ httpGet: { path, port, scheme: 'HTTP' } });
  const ports = [...DNS_PORTS, ['liveness-probe', 8080, 'TCP'], ['readiness-probe', 8181, 'TCP']] as const;
  const container: JsonObject = {
    name: 'coredns',
    image,
    imagePullPolicy: 'IfNotPresent',
    args: ['-conf', '/etc/coredns/Corefile'],
    ports: ports.map(([name, containerPort, protocol]) => ({ name, containerPort, protocol })),
    resources: { limits: { memory: '170Mi' }, requests: { cpu: '100m', memory: '70Mi' } },
    volumeMounts: [{ name: 'config-volume', mountPath: '/etc/coredns', readOnly: true }],
    livenessProbe: {
      ...probe('/health', 'liveness-probe'),
      initialDelaySeconds: 60,
      timeoutSeconds: 5,
      successThreshold: 1,
      failureThreshold: 5,
    },
    readinessProbe: probe('/ready', 'readiness-probe'),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
  };
  const apart: JsonObject = {
    weight: 100,
    podAffinityTerm: {
      labelSelector: { matchExpressions: [{ key: 'k8s-app', operator: 'In', values: ['kube-dns'] }] },
      topologyKey: 'kubernetes.io/hostname',
    },
  };
  const spec: JsonObject = {
    priorityClassName: 'system-cluster-critical',
    serviceAccountName: 'coredns',
    dnsPolicy: 'Default',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [
      { key: 'CriticalAddonsOnly', operator: 'Exists' },
      { key: CONTROL_PLANE, effect: 'NoSchedule' },
    ],
    affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [apart] } },
    containers: [container],
    volumes: [
      { name: 'config-volume', configMap: { name: 'coredns', items: [{ key: 'Corefile', path: 'Corefile' }] } },
    ],
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'coredns', namespace: NAMESPACE, labels: DNS_LABELS },
    spec: {
      replicas: 2,
      selector: { matchLabels: DNS_LABELS },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
      template: { metadata: { labels: DNS_LABELS }, spec },
    },
  };
}

/** What kubeadm makes of kube-proxy; `server` is where it finds the API, `address` this node's own. */
export function kubeProxy({ cluster, proxy }: KubeadmConfig, server: string, address: string): AddonObject[] {
  const image = `${str(cluster, 'imageRepository')}/kube-proxy:${str(cluster, 'kubernetesVersion')}`;
  const configuration: JsonObject = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    bindAddress: address.includes(':') ? '::' : '0.0.0.0',
    clusterCIDR: str(child(cluster, 'networking'), 'podSubnet'),
    ...proxy,
    clientConnection: { kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf', ...child(proxy, 'clientConnection') },
  };
  const metadata = { name: 'kube-proxy', namespace: NAMESPACE };
  return [
    core('configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...metadata, labels: { app: 'kube-proxy' } },
      data: { 'kubeconfig.conf': yamlOf(proxyKubeconfig(server)), 'config.conf': yamlOf(configuration) },
    }),
    apps('daemonsets', proxyDaemonSet(image)),
    serviceAccount('kube-proxy'),
    clusterBinding('kubeadm:node-proxier', 'system:node-proxier', 'kube-proxy'),
    namespaced(`/apis/${RBAC}/v1`, 'roles', {
      apiVersion: `${RBAC}/v1`,
      kind: 'Role',
      metadata,
      rules: [{ verbs: ['get'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['kube-proxy'] }],
    }),
    namespaced(`/apis/${RBAC}/v1`, 'rolebindings', {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: RBAC, kind: 'Role', name: 'kube-proxy' },
      subjects: [{ kind: 'Group', apiGroup: RBAC, name: 'system:bootstrappers:kubeadm:default-node-token' }],
    }),
  ];
}

function proxyKubeconfig(server: string): JsonObject {
  const account = '/var/run/secrets/kubernetes.io/serviceaccount';
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'default', cluster: { 'certificate-authority': `${account}/ca.crt`, server } }],
    contexts: [{ name: 'default', context: { cluster: 'default', namespace: 'default', user: 'default' } }],
    'current-context': 'default',
    users: [{ name: 'default', user: { tokenFile: `${account}/token` } }],
  };
}

function proxyDaemonSet(image: string): JsonObject {
  const mounts: readonly [name: string, path: string, readOnly: boolean, volume: JsonObject][] = [
    ['kube-proxy', '/var/lib/kube-proxy', false, { configMap: { name: 'kube-proxy' } }],
    ['xtables-lock', '/run/xtables.lock', false, { hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } }],
    ['lib-modules', '/lib/modules', true, { hostPath: { path: '/lib/modules' } }],
  ];
  const container: JsonObject = {
    name: 'kube-proxy',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: [
      '/usr/local/bin/kube-proxy',
      '--config=/var/lib/kube-proxy/config.conf',
      '--hostname-override=$(NODE_NAME)',
    ],
    env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
    securityContext: { privileged: true },
    volumeMounts: mounts.map(([name, mountPath, readOnly]): JsonValue => ({ name, mountPath, readOnly })),
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'kube-proxy', namespace: NAMESPACE, labels: PROXY_LABELS },
    spec: {
      selector: { matchLabels: PROXY_LABELS },
      updateStrategy: { type: 'RollingUpdate' },
      template: {
        metadata: { labels: PROXY_LABELS },
        spec: {
          priorityClassName: 'system-node-critical',
          serviceAccountName: 'kube-proxy',
          hostNetwork: true,
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          tolerations: [{ operator: 'Exists' }],
          containers: [container],
          volumes: mounts.map(([name, , , volume]): JsonValue => ({ name, ...volume })),
        },
      },
    },
  };
}
