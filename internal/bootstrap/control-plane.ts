import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { child, str } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import { isThere } from '../machinery/directory.js';
import type { JsonObject } from '../machinery/json.js';
import { isExternal, PKI_FILES, writeWhole } from '../pki/pki.js';
import { ApiClient } from './api-client.js';
import { systemdUnit } from './host-files.js';
import { extraArgs, type NodeFacts, urlHost, yamlOf } from './kubeadm-config.js';
import type { NodePaths } from './node-paths.js';
import type { Patched } from './patches.js';
import { runningPid, startDetached, stopProcess } from './processes.js';
import type { Progress } from './progress.js';
import { asArguments, makeWay, nodeClusterFlags, replicaFlags, SPDY_OFFSET } from './replica-flags.js';
import { type HostMount, staticPodManifest } from './static-pods.js';

/** What keeps a node's replica running. */
export const START_WITH = ['systemd', 'kubelet', 'process', 'nothing'] as const;
export type StartWith = (typeof START_WITH)[number];

/** Everything that the files of a node's control plane depend on. */
export interface ControlPlaneOptions {
  readonly paths: NodePaths;
  readonly cluster: JsonObject;
  readonly node: NodeFacts;
  readonly peerPort: number;
  /** Where clients that speak SPDY are served, 0 for nowhere; undefined for 3000 above the API server's port. */
  readonly spdyPort: number | undefined;
  /** Program and arguments that run `quorate`; the first is absolute. */
  readonly program: readonly [string, ...string[]];
  readonly startWith: StartWith;
  /** Image of quorate, for a static pod. */
  readonly image: string;
  /** What a person changes of manifests. */
  readonly patched: Patched;
}

/** host:port under which the other replicas reach this one. */
export function peerAddress({ node, peerPort }: ControlPlaneOptions): string {
  return urlHost(node.advertiseAddress, peerPort);
}

/** The port of clients that speak SPDY; 0 for none. What the configuration says of the API server's flags has the last word. */
export function spdyPortOf({ cluster, node, spdyPort }: ControlPlaneOptions): number {
  const [, extra] = extraArgs(child(cluster, 'apiServer')).find(([name]) => name === 'spdy-bind-port') ?? [];
  return extra === undefined ? (spdyPort ?? node.port + SPDY_OFFSET) : Number(extra);
}

/** Has this node's replica ever been started? */
export function hasData(paths: NodePaths): boolean {
  return ['wal', 'log'].some((name) => isThere(join(paths.data, name)));
}

/** The static pod's manifest of the replica. */
export const apiserverManifest = (paths: NodePaths): string => join(paths.manifests, 'kube-apiserver.yaml');

/**
 * Writes what starts this node's replica: its flags, and a systemd unit or a static pod where one of them keeps it running.
 * `membership`: `initial-cluster` for who begins a cluster, `join` for everybody else.
 */
export async function writeReplicaFiles(
  options: ControlPlaneOptions,
  membership: Readonly<Record<string, string>>,
): Promise<string[]> {
  const { paths, startWith, program } = options;
  const args = asArguments(flagsOf(options, membership));
  writeWhole(paths.flags, `${args.join('\n')}\n`, 0o600);
  if (startWith === 'systemd') {
    writeWhole(paths.systemdUnit, systemdUnit([...program, 'serve', ...args]), 0o644);
    return [paths.flags, paths.systemdUnit];
  }
  if (startWith !== 'kubelet') return [paths.flags];
  const { node } = options;
  const pod = staticPodManifest({
    component: 'kube-apiserver',
    image: options.image,
    command: ['quorate', 'serve', ...args],
    cpu: '250m',
    port: node.port,
    host: node.advertiseAddress,
    probes: { liveness: '/livez', readiness: '/readyz', startup: '/livez' },
    mounts: [
      // It renews its certificates there.
      { path: paths.pki, type: 'DirectoryOrCreate', writable: true },
      { path: paths.data, type: 'DirectoryOrCreate', writable: true },
    ],
  });
  writeWhole(apiserverManifest(paths), yamlOf(await options.patched('kube-apiserver', pod)), 0o600);
  return [paths.flags, apiserverManifest(paths)];
}

/** What the flags of this node's replica say under this name; undefined where they were not written yet, or do not say it. */
export function flagHere(paths: NodePaths, name: string): string | undefined {
  const text = existsSync(paths.flags) ? readFileSync(paths.flags, 'utf8') : '';
  return new RegExp(`^--${name}=(.+)$`, 'm').exec(text)?.[1];
}

/** https://host:port of this node's replica, as its flags say; undefined where they were not written yet. */
export function servedHere({ paths }: ControlPlaneOptions): string | undefined {
  const [host, port] = [flagHere(paths, 'advertise-address'), flagHere(paths, 'secure-port')];
  return host === undefined || port === undefined ? undefined : `https://${urlHost(host, Number(port))}`;
}

function flagsOf(options: ControlPlaneOptions, membership: Readonly<Record<string, string>>): Map<string, string> {
  const { paths, cluster, node } = options;
  const networking = child(cluster, 'networking');
  const flags = replicaFlags({
    name: node.name,
    pki: paths.pki,
    data: paths.data,
    advertiseAddress: node.advertiseAddress,
    bindAddress: node.advertiseAddress.includes(':') ? '::' : '0.0.0.0',
    port: node.port,
    peerAddress: peerAddress(options),
    serviceSubnet: str(networking, 'serviceSubnet'),
    dnsDomain: str(networking, 'dnsDomain'),
    membership,
  });
  flags.set('spdy-bind-port', String(spdyPortOf(options)));
  for (const [name, value] of nodeClusterFlags(paths.pki)) flags.set(name, value);
  const extra = extraArgs(child(cluster, 'apiServer'));
  makeWay(
    flags,
    extra.map(([name]) => name),
  );
  for (const [name, value] of extra) flags.set(name, value);
  return flags;
}

/** Writes the static pods of kube-controller-manager and kube-scheduler, which a kubelet runs beside any replica. */
export async function writeOtherPods(
  options: ControlPlaneOptions,
  which: readonly ('controller-manager' | 'scheduler')[],
): Promise<string[]> {
  const { paths, cluster } = options;
  const files: string[] = [];
  for (const name of which) {
    const component = `kube-${name}`;
    const kubeconfig = join(paths.kubernetes, `${name}.conf`);
    const common: [string, string][] = [
      ['authentication-kubeconfig', kubeconfig],
      ['authorization-kubeconfig', kubeconfig],
      ['bind-address', '127.0.0.1'],
      ['kubeconfig', kubeconfig],
      ['leader-elect', 'true'],
    ];
    const part = name === 'scheduler' ? 'scheduler' : 'controllerManager';
    const own = name === 'scheduler' ? [] : controllerManagerFlags(options);
    const flags = new Map([...common, ...own, ...extraArgs(child(cluster, part))]);
    const mounts: HostMount[] = [{ path: kubeconfig, type: 'FileOrCreate' }];
    if (name === 'controller-manager') mounts.push({ path: paths.pki, type: 'DirectoryOrCreate' });
    const file = join(paths.manifests, `${component}.yaml`);
    const pod = staticPodManifest({
      component,
      image: `${str(cluster, 'imageRepository')}/${component}:${str(cluster, 'kubernetesVersion')}`,
      command: [component, ...asArguments(flags)],
      cpu: name === 'scheduler' ? '100m' : '200m',
      port: name === 'scheduler' ? 10259 : 10257,
      host: '127.0.0.1',
      probes:
        name === 'scheduler'
          ? { liveness: '/livez', readiness: '/readyz', startup: '/livez' }
          : { liveness: '/healthz', readiness: undefined, startup: '/healthz' },
      mounts,
    });
    writeWhole(file, yamlOf(await options.patched(component, pod)), 0o600);
    files.push(file);
  }
  return files;
}

function controllerManagerFlags({ paths, cluster }: ControlPlaneOptions): [string, string][] {
  const file = (name: string): string => join(paths.pki, name);
  const networking = child(cluster, 'networking');
  const pods = str(networking, 'podSubnet');
  // Where the authority's key is elsewhere nothing is signed here, and each of its files must be told so.
  const isKeyless = isExternal(paths.pki, PKI_FILES.ca);
  return [
    ...(pods === ''
      ? []
      : ([
          ['allocate-node-cidrs', 'true'],
          ['cluster-cidr', pods],
        ] as [string, string][])),
    ['client-ca-file', file('ca.crt')],
    ['cluster-name', str(cluster, 'clusterName')],
    ['cluster-signing-cert-file', isKeyless ? '' : file('ca.crt')],
    ['cluster-signing-key-file', isKeyless ? '' : file('ca.key')],
    ['controllers', '*,bootstrapsigner,tokencleaner'],
    ['requestheader-client-ca-file', file('front-proxy-ca.crt')],
    ['root-ca-file', file('ca.crt')],
    ['service-account-private-key-file', file('sa.key')],
    ['service-cluster-ip-range', str(networking, 'serviceSubnet')],
    ['use-service-account-credentials', 'true'],
  ];
}

/** Starts the replica, or lets who keeps it running do so. Throws FatalError when that fails. */
export function startReplica(options: ControlPlaneOptions): void {
  const { paths, startWith, program } = options;
  if (startWith === 'systemd') {
    systemctl('daemon-reload');
    systemctl('enable', '--now', 'quorate.service');
  } else if (startWith === 'process') {
    if (runningPid(paths.pid, paths.data) !== undefined) return;
    const [command, ...before] = program;
    const args = readFileSync(paths.flags, 'utf8').trimEnd().split('\n');
    startDetached(command, [...before, 'serve', ...args], paths.log, paths.pid);
  }
}

/** Stops what `startReplica` started, and makes sure that nothing starts it again. */
export async function stopReplica(paths: NodePaths): Promise<void> {
  rmSync(apiserverManifest(paths), { force: true });
  const pid = runningPid(paths.pid, paths.data);
  if (pid !== undefined) await stopProcess(pid, paths.pid);
  if (!existsSync(paths.systemdUnit)) return;
  if (existsSync('/run/systemd/system')) systemctl('disable', '--now', 'quorate.service');
  rmSync(paths.systemdUnit, { force: true });
}

/** After a cluster has begun its first member must never begin it again, should its disk be lost: from now on it joins. */
export async function forgetFounding(options: ControlPlaneOptions, others: readonly string[] = []): Promise<void> {
  await writeReplicaFiles(options, { join: others.length > 0 ? others.join(',') : peerAddress(options) });
  if (options.startWith === 'systemd') systemctl('daemon-reload');
}

function systemctl(...args: string[]): void {
  const run = spawnSync('systemctl', args, { encoding: 'utf8' });
  if (run.status !== 0) {
    throw new FatalError(`systemctl ${args.join(' ')} failed: ${run.stderr?.trim() || (run.error?.message ?? '')}`);
  }
}

const POLL_MS = 200;
const LOG_LINES = 15;

/** Waits until this node's replica answers /readyz with 200. Throws FatalError, with the end of its log where there is one. */
export async function waitReady(options: ControlPlaneOptions, timeoutMs: number, progress: Progress): Promise<void> {
  const { paths, node, startWith } = options;
  const server = `https://${urlHost(node.advertiseAddress, node.port)}`;
  const client = new ApiClient({ server, ca: readFileSync(join(paths.pki, 'ca.crt')) }, 0);
  const since = performance.now();
  for (;;) {
    const why = await client.ask('GET', '/readyz').then(
      (answer) => (answer.code === 200 ? undefined : `it answers ${answer.code}`),
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (why === undefined) return;
    const waited = performance.now() - since;
    const gone = startWith === 'process' && runningPid(paths.pid, paths.data) === undefined;
    if (gone || waited > timeoutMs) {
      const what = gone ? 'ended by itself' : `is not ready after ${Math.round(timeoutMs / 1000)} s (${why})`;
      throw new FatalError(`the API server of ${node.name} ${what}${logEnd(paths.log)}`);
    }
    progress.at(`[wait-control-plane] waiting for ${server}/readyz (${Math.round(waited / 1000)} s)`, 0, 0);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function logEnd(file: string): string {
  if (!existsSync(file)) return ': look into its log';
  return `:\n${readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_LINES).join('\n')}`;
}

/** systemd where it runs and files go where it looks; else a process of its own. */
export function defaultStartWith(rootfs: string | undefined): StartWith {
  return rootfs === undefined && existsSync('/run/systemd/system') ? 'systemd' : 'process';
}
