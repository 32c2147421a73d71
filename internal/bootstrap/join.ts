import { existsSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { join as path } from 'node:path';
import { child, str, strings } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import { isObject, type JsonObject, type JsonValue } from '../machinery/json.js';
import { CERTIFICATES, ensurePki, phaseName, writeWhole } from '../pki/pki.js';
import { type ApiAccess, ApiClient } from './api-client.js';
import { clusterOf, discover, type DiscoveredCluster } from './cluster-info.js';
import { markControlPlane, storedClusterConfig, storedKubeletConfig } from './cluster-objects.js';
import {
  type ControlPlaneOptions,
  startReplica,
  waitReady,
  writeOtherPods,
  writeReplicaFiles,
} from './control-plane.js';
import { controlPlaneChecks } from './init.js';
import { daysOf, keysOf, nodeFacts, servingNames, timeoutOf, urlHost, yamlOf } from './kubeadm-config.js';
import { kubeconfigText, writeKubeconfigFiles } from './kubeconfigs.js';
import { clusterState } from './members.js';
import type { NodePaths } from './node-paths.js';
import { fileAbsent, isPrivileged, preflight } from './preflight.js';
import type { Progress } from './progress.js';
import { downloadCerts } from './upload-certs.js';

/** Everything that `join` works with. */
export interface JoinContext {
  /** A JoinConfiguration, defaulted. */
  readonly config: JsonObject;
  readonly paths: NodePaths;
  readonly progress: Progress;
  readonly elsewhere: boolean;
  readonly ignored: readonly string[];
  /** What of the control plane's options the cluster does not say. */
  readonly own: Pick<ControlPlaneOptions, 'peerPort' | 'spdyPort' | 'program' | 'startWith' | 'image' | 'patched'>;
  readonly serviceIp: (subnet: string) => string;
  readonly access: (file: string) => ApiAccess;
  /** Reads the ClusterConfiguration that the cluster gives. */
  readonly clusterConfig: (text: string) => JsonObject;
  /** The paths of a member of this cluster: its configuration says where data lies. */
  readonly memberPaths: (cluster: JsonObject) => NodePaths;
  /** Starts this machine's kubelet, when it has one; false when it has none. */
  readonly startKubelet: () => boolean;
}

const POLL_MS = 200;

/** Joins a cluster, as a member of its control plane where the configuration says so, else as a worker. */
export async function join(context: JoinContext): Promise<void> {
  const { config, progress } = context;
  progress.say('[preflight] Running pre-flight checks');
  const controlPlane = child(config, 'controlPlane');
  if (controlPlane === undefined) {
    const files = ['kubelet.conf', 'bootstrap-kubelet.conf'].map((name) =>
      fileAbsent(path(context.paths.kubernetes, name)),
    );
    await preflight([...(context.elsewhere ? [] : [isPrivileged]), ...files], context.ignored, progress);
  } else {
    const key = str(controlPlane, 'certificateKey');
    if (key === '' && !existsSync(path(context.paths.pki, 'ca.key'))) {
      throw new FatalError(
        `${path(context.paths.pki, 'ca.key')} is not there: give --certificate-key, which \`quorate init phase upload-certs --upload-certs\` prints`,
      );
    }
  }
  const cluster = await discovered(context);
  progress.say(`[discovery] Joining the cluster at ${cluster.server}`);
  const token = str(child(config, 'discovery'), 'tlsBootstrapToken');
  const asToken = new ApiClient(
    { server: cluster.server, ca: cluster.ca, token },
    timeoutOf(config, 'kubernetesAPICall'),
  );
  if (controlPlane === undefined) await joinAsWorker(context, cluster, asToken, token);
  else await joinControlPlane(context, cluster, asToken, controlPlane);
}

async function discovered({ config, progress }: JoinContext): Promise<DiscoveredCluster> {
  const discovery = child(config, 'discovery');
  const file = str(child(discovery, 'file'), 'kubeConfigPath');
  if (file !== '') return clusterOf(readFileSync(file, 'utf8'));
  const byToken = child(discovery, 'bootstrapToken');
  if (byToken === undefined)
    throw new FatalError(
      'discovery: Invalid value: "": bootstrapToken or file must be set: give --token and HOST:PORT, or --discovery-file',
    );
  return discover(
    {
      endpoint: str(byToken, 'apiServerEndpoint'),
      token: str(byToken, 'token'),
      pins: strings(byToken, 'caCertHashes'),
      skipVerification: byToken['unsafeSkipCAVerification'] === true,
      timeoutMs: timeoutOf(config, 'discovery'),
    },
    (text) => progress.say(text),
  );
}

async function joinControlPlane(
  context: JoinContext,
  found: DiscoveredCluster,
  asToken: ApiClient,
  controlPlane: JsonObject,
): Promise<void> {
  const { config, progress, own } = context;
  progress.say('[preflight] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"');
  const cluster = context.clusterConfig(await storedClusterConfig(asToken));
  const paths = context.memberPaths(cluster);
  const node = nodeFacts(cluster, child(config, 'nodeRegistration'), child(controlPlane, 'localAPIEndpoint'));
  const plane: ControlPlaneOptions = { ...own, paths, cluster, node };
  await preflight(controlPlaneChecks(plane, context.elsewhere), context.ignored, progress);

  const key = str(controlPlane, 'certificateKey');
  if (key !== '') {
    progress.say(
      '[download-certs] Downloading the certificates in Secret "kubeadm-certs" in the "kube-system" Namespace',
    );
    await downloadCerts(asToken, paths.pki, key);
  }
  const ca = readFileSync(path(paths.pki, 'ca.crt'), 'utf8');
  if (ca.trim() !== found.ca.trim())
    throw new FatalError(
      `${paths.pki}/ca.crt is not the authority of ${found.server}: remove it, or join another cluster`,
    );
  await makeFiles(context, plane, found);

  const admin = context.access(path(paths.kubernetes, 'admin.conf'));
  const others = new ApiClient({ ...admin, server: found.server }, timeoutOf(config, 'kubernetesAPICall'));
  const { members } = await clusterState(others);
  if (members.some((member) => member.name === node.name && !member.learner)) {
    throw new FatalError(
      `a member named ${node.name} is in the cluster already. If its disk is lost, remove it first: quorate member remove ${node.name} (against another member). Else give another --node-name.`,
    );
  }
  const peers = members.filter((member) => member.name !== node.name).map((member) => member.address);
  await writeReplicaFiles(plane, { join: peers.join(',') });
  for (const file of await writeOtherPods(plane, ['controller-manager', 'scheduler']))
    progress.say(`[control-plane] Writing "${file}"`);
  if (plane.startWith === 'nothing') {
    progress.say(`[control-plane-join] Nothing was started: run \`quorate serve $(cat ${paths.flags})\``);
    return;
  }
  const since = performance.now();
  progress.say(`[control-plane-join] Starting ${node.name}, which joins as a learner`);
  startReplica(plane);
  await becomeVoter(plane, admin, others, timeoutOf(config, 'etcdAPICall'), progress);
  await waitReady(plane, timeoutOf(config, 'controlPlaneComponentHealthCheck'), progress);
  progress.say(
    `[control-plane-join] ${node.name} votes and serves after ${((performance.now() - since) / 1000).toFixed(1)} s`,
  );
  const taints = child(config, 'nodeRegistration')?.['taints'];
  const marked = await markControlPlane(others, node.name, Array.isArray(taints) ? taints : undefined);
  if (marked) progress.say(`[mark-control-plane] Marked the node ${node.name} as control-plane`);
  progress.say(`
This node has joined the cluster and a new control plane instance was created:

* The replica votes: the cluster has ${members.length + 1} members now
* Control plane kubeconfigs are in ${paths.kubernetes}
`);
}

async function makeFiles(
  { progress, serviceIp }: JoinContext,
  plane: ControlPlaneOptions,
  found: DiscoveredCluster,
): Promise<void> {
  const { paths, cluster, node } = plane;
  const networking = child(cluster, 'networking');
  const leafDays = daysOf(cluster, 'certificateValidityPeriod');
  await ensurePki(paths.pki, {
    serviceIp: serviceIp(str(networking, 'serviceSubnet')),
    dnsDomain: str(networking, 'dnsDomain'),
    extraNames: servingNames(cluster, node),
    validity: { leafDays },
    keys: keysOf(cluster),
    // An authority that is missing must be the cluster's: never a new one.
    only: CERTIFICATES.filter(({ ca }) => ca !== undefined).map(({ name }) => name),
    onPair: (name, what) => {
      if (what === 'made') progress.say(`[certs] Generating "${phaseName(name)}" certificate and key`);
    },
  });
  await writeKubeconfigFiles(
    {
      dir: paths.kubernetes,
      pki: paths.pki,
      nodeName: node.name,
      clusterName: str(cluster, 'clusterName'),
      server: node.endpoint === '' ? found.server : `https://${node.endpoint}`,
      localServer: `https://${urlHost(node.advertiseAddress, node.port)}`,
      leafDays,
      keys: keysOf(cluster),
      only: ['admin', 'kubelet', 'controller-manager', 'scheduler'],
    },
    (file, what) => progress.say(`[kubeconfig] ${kubeconfigText(file, what)}`),
  );
}

/** Waits until the cluster counts the new member among its voters, which it does when the member has caught up. */
async function becomeVoter(
  plane: ControlPlaneOptions,
  admin: ApiAccess,
  others: ApiClient,
  timeoutMs: number,
  progress: Progress,
): Promise<void> {
  const { name, advertiseAddress, port } = plane.node;
  const own = new ApiClient({ ...admin, server: `https://${urlHost(advertiseAddress, port)}` }, 0);
  let until = performance.now() + timeoutMs;
  let applied = -1;
  for (;;) {
    const cluster = await clusterState(others);
    if (cluster.members.some((member) => member.name === name && !member.learner)) return;
    const mine = await clusterState(own).catch(() => undefined); // it is starting
    // While it gets on it may take as long as it takes.
    if (mine !== undefined && mine.applied > applied) until = performance.now() + timeoutMs;
    applied = mine?.applied ?? applied;
    if (performance.now() > until) {
      throw new FatalError(
        `${name} has not become a voter after ${Math.round(timeoutMs / 1000)} s without progress: look into its log (${plane.paths.log}), and at \`quorate member list\``,
      );
    }
    progress.at(`[control-plane-join] ${name} catches up`, mine?.applied ?? 0, cluster.commit);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function joinAsWorker(
  context: JoinContext,
  cluster: DiscoveredCluster,
  asToken: ApiClient,
  token: string,
): Promise<void> {
  const { config, paths, progress } = context;
  const node = str(child(config, 'nodeRegistration'), 'name').toLowerCase();
  const there = await asToken.get(`/api/v1/nodes/${encodeURIComponent(node)}`);
  if (there !== undefined) {
    throw new FatalError(
      `a Node with name "${node}" already exists in the cluster. You must delete it or change the name of this new joining Node`,
    );
  }
  const kubelet = await storedKubeletConfig(asToken);
  if (kubelet === '')
    throw new FatalError(
      'the cluster has no ConfigMap kubelet-config: run `quorate init phase upload-config kubelet` there',
    );
  writeWhole(path(paths.pki, 'ca.crt'), cluster.ca, 0o644);
  writeWhole(path(paths.kubernetes, 'bootstrap-kubelet.conf'), bootstrapKubeconfig(cluster, token), 0o600);
  progress.say(`[kubelet-start] Writing kubelet configuration to file "${path(paths.kubelet, 'config.yaml')}"`);
  writeWhole(path(paths.kubelet, 'config.yaml'), await patchedKubelet(context, kubelet), 0o644);
  const socket = str(child(config, 'nodeRegistration'), 'criSocket');
  writeWhole(
    path(paths.kubelet, 'kubeadm-flags.env'),
    `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${socket} --hostname-override=${node}"\n`,
    0o644,
  );
  if (!context.startKubelet()) {
    progress.say(
      '[kubelet-start] No kubelet of systemd is here to start: start one with --bootstrap-kubeconfig, --kubeconfig and --config of these files',
    );
    return;
  }
  await waitForKubelet(path(paths.kubernetes, 'kubelet.conf'), timeoutOf(config, 'tlsBootstrap'), progress);
  progress.say(
    '\nThis node has joined the cluster:\n* Certificate signing request was sent to apiserver and a response was received.\n',
  );
}

async function patchedKubelet({ own }: JoinContext, text: string): Promise<string> {
  const stored = load(text) as JsonValue;
  if (!isObject(stored)) return text;
  const patched = await own.patched('kubeletconfiguration', stored);
  return patched === stored ? text : yamlOf(patched);
}

async function waitForKubelet(file: string, timeoutMs: number, progress: Progress): Promise<void> {
  const since = performance.now();
  while (!existsSync(file)) {
    const waited = performance.now() - since;
    if (waited > timeoutMs) {
      throw new FatalError(
        `the kubelet has no certificate after ${Math.round(timeoutMs / 1000)} s: does kube-controller-manager run, which signs it? \`kubectl get csr\` shows its request`,
      );
    }
    progress.at('[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap', 0, 0);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function bootstrapKubeconfig({ server, ca }: DiscoveredCluster, token: string): string {
  return `apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority-data: ${Buffer.from(ca).toString('base64')}
    server: ${server}
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: tls-bootstrap-token-user
  name: tls-bootstrap-token-user@kubernetes
current-context: tls-bootstrap-token-user@kubernetes
preferences: {}
users:
- name: tls-bootstrap-token-user
  user:
    token: ${token}
`;
}
