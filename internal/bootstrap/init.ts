import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { child, children, str, strings } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import { makeDirectory } from '../machinery/directory.js';
import { CERTIFICATES, ensurePki, isExternal, type PairState, phaseName, PKI_FILES } from '../pki/pki.js';
import { ADDONS, addonManifest, applyAddon, isDisabled } from './addons.js';
import { type ApiAccess, ApiClient, publicKeyPin } from './api-client.js';
import { createToken, tokenOf } from './bootstrap-tokens.js';
import {
  clusterAdmins,
  joinObjects,
  markControlPlane,
  uploadClusterConfig,
  uploadKubeletConfig,
} from './cluster-objects.js';
import {
  type ControlPlaneOptions,
  forgetFounding,
  hasData,
  peerAddress,
  servedHere,
  spdyPortOf,
  startReplica,
  waitReady,
  writeOtherPods,
  writeReplicaFiles,
} from './control-plane.js';
import { daysOf, keysOf, type KubeadmConfig, servingNames, timeoutOf, urlHost } from './kubeadm-config.js';
import { kubeconfigText, writeKubeconfigFiles } from './kubeconfigs.js';
import { KUBECONFIGS, type KubeconfigName } from './node-paths.js';
import {
  directoryEmpty,
  enoughMemory,
  fileAbsent,
  isPrivileged,
  memberName,
  portFree,
  preflight,
} from './preflight.js';
import type { Progress } from './progress.js';
import { certificateKey, uploadCerts } from './upload-certs.js';

/** Everything that `init` and its phases work with. */
export interface InitContext {
  readonly config: KubeadmConfig;
  readonly plane: ControlPlaneOptions;
  readonly progress: Progress;
  /** Files lie below another root: nothing of the machine itself is touched, and no root is needed. */
  readonly elsewhere: boolean;
  readonly ignored: readonly string[];
  readonly uploadCerts: boolean;
  readonly showToken: boolean;
  readonly showKey: boolean;
  /** Addons are written to standard output, and not made. */
  readonly printManifest: boolean;
  readonly serviceIp: (subnet: string) => string;
  /** Reads a kubeconfig. */
  readonly access: (file: string) => ApiAccess;
  /** A kubeconfig that `--kubeconfig` names; undefined for this node's own. */
  readonly kubeconfig?: string | undefined;
  /** Filled while phases run. */
  readonly made: { key?: string };
}

/** A phase that can be run alone, and what is in it. */
export interface Phase {
  readonly name: string;
  readonly description: string;
  /** Parts that can be run alone as well, beside `all`. */
  readonly parts?: readonly string[];
  run(context: InitContext, parts: readonly string[]): Promise<void>;
}

const CERTIFICATE_PARTS = [...CERTIFICATES.map(({ name }) => phaseName(name)), 'sa'];
const CONTROL_PLANE_PARTS = ['apiserver', 'controller-manager', 'scheduler'] as const;

const WAIT = 'wait-control-plane';

/** kubeadm's phases, in order. */
export const INIT_PHASES: readonly Phase[] = [
  { name: 'preflight', description: 'Run pre-flight checks', run: runPreflight },
  { name: 'certs', description: 'Certificate generation', parts: CERTIFICATE_PARTS, run: runCerts },
  {
    name: 'kubeconfig',
    description: 'Generate all kubeconfig files necessary to establish the control plane and the admin kubeconfig file',
    parts: KUBECONFIGS,
    run: runKubeconfig,
  },
  {
    name: 'control-plane',
    description: 'Generate all files necessary to establish the control plane',
    parts: CONTROL_PLANE_PARTS,
    run: runControlPlane,
  },
  { name: WAIT, description: 'Start the control plane and wait until it is ready', run: runWait },
  {
    name: 'upload-config',
    description: 'Upload the kubeadm and kubelet configuration to a ConfigMap',
    parts: ['kubeadm', 'kubelet'],
    run: runUploadConfig,
  },
  { name: 'upload-certs', description: 'Upload certificates to kubeadm-certs', run: runUploadCerts },
  { name: 'mark-control-plane', description: 'Mark a node as a control-plane', run: runMark },
  {
    name: 'bootstrap-token',
    description: 'Generates bootstrap tokens used to join a node to a cluster',
    run: runBootstrapToken,
  },
  {
    name: 'addon',
    description: 'Install required addons for passing conformance tests',
    parts: ADDONS,
    run: runAddon,
  },
];

/** A client of the API as an administrator: of the kubeconfig that was named, else of this node's replica itself. */
export function adminClient(context: InitContext): ApiClient {
  const { plane, config, kubeconfig } = context;
  const patience = timeoutOf(config.init, 'kubernetesAPICall');
  if (kubeconfig !== undefined) return new ApiClient(context.access(kubeconfig), patience);
  const files = ['super-admin.conf', 'admin.conf'].map((name) => join(plane.paths.kubernetes, name));
  const file = files.find((path) => existsSync(path));
  if (file === undefined)
    throw new FatalError(
      `${files.join(' and ')} are not there: run \`quorate init phase kubeconfig all\`, or give --kubeconfig`,
    );
  return new ApiClient({ ...context.access(file), server: servedHere(plane) ?? localServer(plane) }, patience);
}

function localServer({ node }: ControlPlaneOptions): string {
  return `https://${urlHost(node.advertiseAddress, node.port)}`;
}

/** https://host:port that others should use: the balancer's, or this replica's. */
export function publicServer(plane: ControlPlaneOptions): string {
  return plane.node.endpoint === '' ? localServer(plane) : `https://${plane.node.endpoint}`;
}

/** What a node of the control plane needs of its machine, for `init` and for `join --control-plane`. */
export function controlPlaneChecks(plane: ControlPlaneOptions, elsewhere: boolean): Parameters<typeof preflight>[0] {
  const { paths, node, peerPort } = plane;
  const spdyPort = spdyPortOf(plane);
  return [
    ...(elsewhere ? [] : [isPrivileged]),
    enoughMemory,
    memberName(node.name),
    portFree(node.advertiseAddress, node.port),
    portFree(node.advertiseAddress, peerPort),
    ...(spdyPort === 0 ? [] : [portFree(node.advertiseAddress, spdyPort)]),
    ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((name) =>
      fileAbsent(join(paths.manifests, `${name}.yaml`)),
    ),
    directoryEmpty(paths.data),
  ];
}

async function runPreflight({ plane, elsewhere, ignored, progress }: InitContext): Promise<void> {
  progress.say('[preflight] Running pre-flight checks');
  await preflight(controlPlaneChecks(plane, elsewhere), ignored, progress);
}

async function runCerts(context: InitContext, parts: readonly string[]): Promise<void> {
  const { config, plane, progress } = context;
  const { cluster } = config;
  progress.say(`[certs] Using certificateDir folder "${plane.paths.pki}"`);
  const networking = child(cluster, 'networking');
  const names = CERTIFICATES.map(({ name }) => name);
  await ensurePki(plane.paths.pki, {
    serviceIp: context.serviceIp(str(networking, 'serviceSubnet')),
    dnsDomain: str(networking, 'dnsDomain'),
    extraNames: servingNames(cluster, plane.node),
    keys: keysOf(cluster),
    validity: {
      authorityDays: daysOf(cluster, 'caCertificateValidityPeriod'),
      leafDays: daysOf(cluster, 'certificateValidityPeriod'),
    },
    ...(parts.length === 0 ? {} : { only: [...names, 'sa'].filter((name) => parts.includes(phaseName(name))) }),
    onPair: (name, what) => progress.say(`[certs] ${pairText(name, what)}`),
  });
}

function pairText(name: string, what: PairState): string {
  const [made, kept] = name === 'sa' ? ['key and public key', 'key'] : ['certificate and key', 'certificate and key'];
  if (what === 'keyless') return `Using existing ${phaseName(name)} keyless certificate authority`;
  return what === 'made' ? `Generating "${phaseName(name)}" ${made}` : `Using existing ${phaseName(name)} ${kept}`;
}

async function runKubeconfig({ config, plane, progress }: InitContext, parts: readonly string[]): Promise<void> {
  const { cluster } = config;
  progress.say(`[kubeconfig] Using kubeconfig folder "${plane.paths.kubernetes}"`);
  await writeKubeconfigFiles(
    {
      dir: plane.paths.kubernetes,
      pki: plane.paths.pki,
      nodeName: plane.node.name,
      clusterName: str(cluster, 'clusterName'),
      server: publicServer(plane),
      localServer: localServer(plane),
      leafDays: daysOf(cluster, 'certificateValidityPeriod'),
      keys: keysOf(cluster),
      ...(parts.length === 0 ? {} : { only: parts as KubeconfigName[] }),
    },
    (file, what) => progress.say(`[kubeconfig] ${kubeconfigText(file, what)}`),
  );
}

async function runControlPlane(context: InitContext, parts: readonly string[]): Promise<void> {
  const { plane, progress } = context;
  const wanted = (part: (typeof CONTROL_PLANE_PARTS)[number]): boolean => parts.length === 0 || parts.includes(part);
  const files: string[] = [];
  if (wanted('apiserver')) {
    files.push(...(await writeReplicaFiles(plane, membershipOf(plane))));
  }
  const others = (['controller-manager', 'scheduler'] as const).filter((name) => wanted(name));
  if (others.length > 0) makeDirectory(plane.paths.manifests);
  files.push(...(await writeOtherPods(plane, others)));
  for (const file of files) progress.say(`[control-plane] Writing "${file}"`);
}

/** Who has data belongs to a cluster already: should it lose them, it must not begin another one under the old name. */
function membershipOf(plane: ControlPlaneOptions): Readonly<Record<string, string>> {
  const address = peerAddress(plane);
  if (hasData(plane.paths)) return { join: address };
  // A token makes two clusters whose first members have one name two clusters all the same.
  return {
    'initial-cluster': `${plane.node.name}=${address}`,
    'initial-cluster-token': randomBytes(8).toString('hex'),
  };
}

async function runWait({ plane, config, progress }: InitContext): Promise<void> {
  if (plane.startWith === 'nothing') {
    progress.say(`[wait-control-plane] Nothing was started: run \`quorate serve $(cat ${plane.paths.flags})\``);
    return;
  }
  const since = performance.now();
  startReplica(plane);
  const timeoutMs = timeoutOf(config.init, 'controlPlaneComponentHealthCheck');
  await waitReady(plane, timeoutMs, progress);
  await forgetFounding(plane);
  if (plane.startWith === 'kubelet') await waitReady(plane, timeoutMs, progress);
  progress.say(
    `[wait-control-plane] The API server is ready after ${((performance.now() - since) / 1000).toFixed(1)} s`,
  );
}

async function runUploadConfig(context: InitContext, parts: readonly string[]): Promise<void> {
  const { config, progress, plane } = context;
  const client = adminClient(context);
  await clusterAdmins(client);
  if (parts.length === 0 || parts.includes('kubeadm')) {
    progress.say(
      '[upload-config] Storing the configuration used in ConfigMap "kubeadm-config" in the "kube-system" Namespace',
    );
    await uploadClusterConfig(client, config.cluster);
  }
  if (parts.length === 0 || parts.includes('kubelet')) {
    progress.say(
      '[kubelet] Creating a ConfigMap "kubelet-config" in namespace kube-system with the configuration for the kubelets in the cluster',
    );
    await uploadKubeletConfig(client, config, plane.node.name);
  }
}

async function runUploadCerts(context: InitContext): Promise<void> {
  const { progress, plane, showKey } = context;
  if (!context.uploadCerts) {
    progress.say('[upload-certs] Skipping phase. Please see --upload-certs');
    return;
  }
  if ([PKI_FILES.ca, PKI_FILES.frontProxyCa, PKI_FILES.peerCa].some((name) => isExternal(plane.paths.pki, name)))
    throw new FatalError("can't use upload-certs with an external CA or an external front-proxy CA");
  const key = str(context.config.init, 'certificateKey') || certificateKey();
  progress.say('[upload-certs] Storing the certificates in Secret "kubeadm-certs" in the "kube-system" Namespace');
  await uploadCerts(adminClient(context), plane.paths.pki, key);
  context.made.key = key;
  if (showKey) progress.say(`[upload-certs] Using certificate key:\n${key}`);
}

async function runMark(context: InitContext): Promise<void> {
  const { config, progress, plane } = context;
  const taints = child(config.init, 'nodeRegistration')?.['taints'];
  const marked = await markControlPlane(
    adminClient(context),
    plane.node.name,
    Array.isArray(taints) ? taints : undefined,
  );
  if (marked) progress.say(`[mark-control-plane] Marked the node ${plane.node.name} as control-plane`);
  else
    progress.say(
      `[mark-control-plane] There is no node ${plane.node.name} yet: once its kubelet runs, \`quorate init phase mark-control-plane\` marks it`,
    );
}

async function runBootstrapToken(context: InitContext): Promise<void> {
  const { config, progress, plane } = context;
  const client = adminClient(context);
  const ca = readFileSync(join(plane.paths.pki, 'ca.crt'), 'utf8');
  progress.say('[bootstrap-token] Configuring bootstrap tokens, cluster-info ConfigMap, RBAC Roles');
  await joinObjects(client, publicServer(plane), ca);
  for (const token of children(config.init, 'bootstrapTokens')) {
    const made = tokenOf(token, Date.now());
    await createToken(client, made, true);
    if (context.showToken) progress.say(`[bootstrap-token] Using token: ${made.token}`);
  }
}

async function runAddon(context: InitContext, parts: readonly string[]): Promise<void> {
  const { config, plane, progress } = context;
  const options = {
    config,
    server: publicServer(plane),
    advertiseAddress: plane.node.advertiseAddress,
    patched: plane.patched,
  };
  for (const addon of ADDONS) {
    if ((parts.length > 0 && !parts.includes(addon)) || isDisabled(addon, config)) continue;
    if (context.printManifest) {
      progress.say((await addonManifest(addon, options)).trimEnd());
      continue;
    }
    await applyAddon(adminClient(context), addon, options);
    progress.say(`[addons] Applied essential addon: ${addon === 'coredns' ? 'CoreDNS' : addon}`);
  }
}

/** Runs every phase but those to be skipped, and says how nodes join. */
export async function init(context: InitContext, skip: readonly string[]): Promise<void> {
  const { config, progress, plane } = context;
  progress.say(`[init] Using Kubernetes version: ${str(config.cluster, 'kubernetesVersion')}`);
  const skipped = [...skip, ...strings(config.init, 'skipPhases')];
  const unknown = skipped.find(
    (name) => !INIT_PHASES.some((phase) => name === phase.name || name.startsWith(`${phase.name}/`)),
  );
  if (unknown !== undefined)
    throw new FatalError(
      `unknown phase ${JSON.stringify(unknown)}: the phases are ${INIT_PHASES.map((p) => p.name).join(', ')}`,
    );
  for (const phase of INIT_PHASES) {
    if (skipped.includes(phase.name)) continue;
    const left = (phase.parts ?? []).filter((part) => !skipped.includes(`${phase.name}/${part}`));
    await runPhase(phase, context, left.length === (phase.parts ?? []).length ? [] : left);
    if (phase.name !== WAIT || plane.startWith !== 'nothing') continue;
    // All that follows asks the replica. The phase control-plane comes again: a replica with data must found no cluster.
    progress.say(`[init] Once it serves, run this command again with --skip-phases preflight,certs,kubeconfig,${WAIT}`);
    return;
  }
  progress.say(`\nYour Kubernetes control-plane has initialized successfully!

To start using your cluster:

  export KUBECONFIG=${join(plane.paths.kubernetes, 'admin.conf')}
`);
  const [token] = children(config.init, 'bootstrapTokens');
  if (token === undefined || skipped.includes('bootstrap-token')) return;
  const command = joinCommand(context, context.showToken ? str(token, 'token') : '<value withheld>');
  if (plane.node.endpoint !== '' || context.made.key !== undefined) {
    const key =
      context.made.key === undefined
        ? ''
        : ` \\\n\t--certificate-key ${context.showKey ? context.made.key : '<value withheld>'}`;
    progress.say(`You can now join any number of control-plane nodes by running the following on each as root:

  quorate ${command} \\\n\t--control-plane${key}
`);
  }
  progress.say(`Then you can join any number of worker nodes by running the following on each as root:

  kubeadm ${command}`);
}

/** A phase, with the name of it in front of what goes wrong. */
export async function runPhase(phase: Phase, context: InitContext, parts: readonly string[]): Promise<void> {
  try {
    await phase.run(context, parts);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    throw new FatalError(`error execution phase ${phase.name}: ${error.message}`);
  }
}

function joinCommand({ plane }: InitContext, token: string): string {
  const ca = readFileSync(join(plane.paths.pki, 'ca.crt'), 'utf8');
  const endpoint = publicServer(plane).replace('https://', '');
  return `join ${endpoint} --token ${token} \\\n\t--discovery-token-ca-cert-hash ${publicKeyPin(ca)}`;
}
