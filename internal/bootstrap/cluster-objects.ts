import { child, children, str } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import { isObject, type JsonObject, type JsonValue } from '../machinery/json.js';
import type { ApiClient } from './api-client.js';
import { signClusterInfo, clusterInfoKubeconfig } from './cluster-info.js';
import { listTokens } from './bootstrap-tokens.js';
import { type KubeadmConfig, NODE_GROUP, yamlOf } from './kubeadm-config.js';
import { clusterRole, clusterRoleBinding, roleWithBinding } from './rbac-objects.js';

const CONFIG_MAPS = '/api/v1/namespaces/kube-system/configmaps';
const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';

/** Objects that kubeadm keeps in a cluster, under its names: a node that joins with kubeadm finds all it asks for. */

/** Gives the group of admin.conf the role cluster-admin. */
export async function clusterAdmins(client: ApiClient): Promise<void> {
  await clusterRoleBinding(client, 'kubeadm:cluster-admins', 'cluster-admin', 'kubeadm:cluster-admins');
}

/** Stores the ClusterConfiguration where nodes that join read it. */
export async function uploadClusterConfig(client: ApiClient, cluster: JsonObject): Promise<void> {
  await configMap(client, 'kubeadm-config', { ClusterConfiguration: yamlOf(cluster) });
  await roleWithBinding(client, {
    namespace: 'kube-system',
    name: 'kubeadm:nodes-kubeadm-config',
    rule: { verbs: ['get'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['kubeadm-config'] },
    groups: [NODE_GROUP, 'system:nodes'],
  });
}

/** Stores the kubelets' configuration, and notes the container runtime's socket at the node, where there is one. */
export async function uploadKubeletConfig(client: ApiClient, config: KubeadmConfig, node: string): Promise<void> {
  await configMap(client, 'kubelet-config', { kubelet: yamlOf(kubeletConfiguration(config)) });
  await roleWithBinding(client, {
    namespace: 'kube-system',
    name: 'kubeadm:kubelet-config',
    rule: { verbs: ['get'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['kubelet-config'] },
    groups: ['system:nodes', NODE_GROUP],
  });
  const path = `/api/v1/nodes/${encodeURIComponent(node)}`;
  if ((await client.get(path)) === undefined) return;
  const socket = str(child(config.init, 'nodeRegistration'), 'criSocket');
  await client.patch(path, { metadata: { annotations: { 'kubeadm.alpha.kubernetes.io/cri-socket': socket } } });
}

/** kubeadm's KubeletConfiguration for a cluster, with what the file says of it. */
export function kubeletConfiguration({ cluster, kubelet }: KubeadmConfig): JsonObject {
  const networking = child(cluster, 'networking');
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { cacheTTL: '0s', enabled: true },
      x509: { clientCAFile: `${str(cluster, 'certificatesDir')}/ca.crt` },
    },
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '0s', cacheUnauthorizedTTL: '0s' } },
    cgroupDriver: 'systemd',
    clusterDNS: [tenthAddress(str(networking, 'serviceSubnet'))],
    clusterDomain: str(networking, 'dnsDomain'),
    healthzBindAddress: '127.0.0.1',
    healthzPort: 10248,
    rotateCertificates: true,
    staticPodPath: '/etc/kubernetes/manifests',
    ...kubelet,
  };
}

/** The address of the cluster's DNS, by kubeadm's convention the tenth of the service range. */
export function tenthAddress(subnet: string): string {
  const [network = '', bits = '0'] = (subnet.split(',')[0] ?? '').split('/');
  if (network.includes(':')) return network.replace(/::.*$/, '::a');
  const size = 2 ** (32 - Number(bits));
  const address = network.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const tenth = Math.floor(address / size) * size + 10;
  return [24, 16, 8, 0].map((shift) => Math.floor(tenth / 2 ** shift) % 256).join('.');
}

/** What nodes need to join by token: `cluster-info` for everybody, and kubeadm's roles for the group of new nodes. */
export async function joinObjects(client: ApiClient, server: string, ca: string): Promise<void> {
  await clusterRole(client, 'kubeadm:get-nodes', { verbs: ['get'], apiGroups: [''], resources: ['nodes'] });
  await clusterRoleBinding(client, 'kubeadm:get-nodes', 'kubeadm:get-nodes', NODE_GROUP);
  await clusterRoleBinding(client, 'kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', NODE_GROUP);
  const csr = 'system:certificates.k8s.io:certificatesigningrequests';
  await clusterRoleBinding(client, 'kubeadm:node-autoapprove-bootstrap', `${csr}:nodeclient`, NODE_GROUP);
  await clusterRoleBinding(
    client,
    'kubeadm:node-autoapprove-certificate-rotation',
    `${csr}:selfnodeclient`,
    'system:nodes',
  );
  await client.apply('/api/v1/namespaces/kube-public/configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'cluster-info', namespace: 'kube-public' },
    data: { kubeconfig: clusterInfoKubeconfig(server, ca) },
  });
  await roleWithBinding(client, {
    namespace: 'kube-public',
    name: 'kubeadm:bootstrap-signer-clusterinfo',
    rule: { verbs: ['get'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['cluster-info'] },
    users: ['system:anonymous'],
  });
  await signClusterInfo(client, await listTokens(client));
}

/** Labels and taints a node as part of the control plane; false when there is no such node. */
export async function markControlPlane(
  client: ApiClient,
  node: string,
  taints: readonly JsonValue[] | undefined,
): Promise<boolean> {
  const path = `/api/v1/nodes/${encodeURIComponent(node)}`;
  const stored = await client.get(path);
  if (stored === undefined) return false;
  const given: readonly JsonValue[] = taints ?? [{ key: CONTROL_PLANE, effect: 'NoSchedule' }];
  const wanted = given.filter((taint): taint is JsonObject => isObject(taint));
  const isSame = (a: JsonObject, b: JsonObject): boolean => a['key'] === b['key'] && a['effect'] === b['effect'];
  const kept = children(child(stored, 'spec'), 'taints').filter((old) => !wanted.some((taint) => isSame(taint, old)));
  await client.patch(path, {
    metadata: { labels: { [CONTROL_PLANE]: '', 'node.kubernetes.io/exclude-from-external-load-balancers': '' } },
    spec: { taints: [...kept, ...wanted] },
  });
  return true;
}

/** The ClusterConfiguration that `init` stored. Throws FatalError when there is none. */
export async function storedClusterConfig(client: ApiClient): Promise<string> {
  const stored = await client.get(`${CONFIG_MAPS}/kubeadm-config`);
  const text = str(child(stored, 'data'), 'ClusterConfiguration');
  if (text === '')
    throw new FatalError(
      'the cluster has no ConfigMap kubeadm-config: run `quorate init phase upload-config kubeadm` there',
    );
  return text;
}

/** The kubelets' configuration that `init` stored, as YAML; '' when there is none. */
export async function storedKubeletConfig(client: ApiClient): Promise<string> {
  return str(child(await client.get(`${CONFIG_MAPS}/kubelet-config`), 'data'), 'kubelet');
}

async function configMap(client: ApiClient, name: string, data: JsonObject): Promise<void> {
  await client.apply(CONFIG_MAPS, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'kube-system' },
    data,
  });
}
