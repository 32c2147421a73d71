import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import {
  type ControlPlaneOptions,
  defaultStartWith,
  START_WITH,
  type StartWith,
} from '../../internal/bootstrap/control-plane.js';
import { type KubeadmConfig, nodeFacts, readKubeadmConfig } from '../../internal/bootstrap/kubeadm-config.js';
import { type ApplyPatch, patchesIn, unpatched } from '../../internal/bootstrap/patches.js';
import type { Progress } from '../../internal/bootstrap/progress.js';
import { type NodePaths, nodePaths } from '../../internal/bootstrap/node-paths.js';
import { child, ensureChild, str } from '../../internal/machinery/access.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { isObject, type JsonObject } from '../../internal/machinery/json.js';
import { VERSION } from '../../internal/server/version.js';
import about from '../../package.json' with { type: 'json' };
import { hostAddress } from './addresses.js';

/** Flags that place a node's files, and say how its replica is run. */
export interface NodeFlags {
  readonly config?: string;
  readonly rootfs?: string;
  readonly certDir?: string;
  readonly kubeconfigDir?: string;
  readonly dataDir?: string;
  readonly nodeName?: string;
  readonly apiserverAdvertiseAddress?: string;
  readonly apiserverBindPort?: string;
  readonly peerPort: string;
  readonly spdyPort?: string;
  readonly startWith?: StartWith;
  readonly image: string;
  readonly ignorePreflightErrors: string;
  readonly patches?: string;
}

/** Adds what places a node's files. */
export function addPathFlags(command: Command): Command {
  return command
    .option('--rootfs <dir>', 'directory below which every path lies, instead of /')
    .option('--cert-dir <dir>', 'where certificates are (default /etc/kubernetes/pki)')
    .option('--kubeconfig-dir <dir>', 'where kubeconfigs and manifests are (default /etc/kubernetes)')
    .option(
      '--data-dir <dir>',
      "where the replica's log and state are (default: etcd.local.dataDir, or /var/lib/quorate)",
    );
}

/** Adds what `init` and `join` have in common. */
export function addNodeFlags(command: Command): Command {
  return addPathFlags(command)
    .option('--config <file>', 'a kubeadm configuration file (v1beta4 or v1beta3)')
    .option('--node-name <name>', "the node's name (default: the host's)")
    .option('--apiserver-advertise-address <ip>', "the address that others reach this machine's API server by")
    .option('--peer-port <port>', 'port between the replicas', '2380')
    .option(
      '--spdy-port <port>',
      "port for clients that speak SPDY: kubectl up to 1.28; 0 for none (default: 3000 above the API server's)",
    )
    .addOption(
      new Option(
        '--start-with <what>',
        'what keeps the replica running: systemd (the default where it runs), kubelet (a static pod), process (nothing does), nothing (only files are written)',
      ).choices([...START_WITH]),
    )
    .option('--image <name>', 'image of quorate, for --start-with kubelet', `quorate:v${about.version}`)
    .option('--patches <dir>', 'directory of patches named target[suffix][+type].json or .yaml, as kubeadm takes them')
    .option('--ignore-preflight-errors <names>', 'checks whose errors are shown as warnings; all ignores each', '');
}

/** What this machine gives where a configuration says nothing. */
export function readConfig(
  flags: Pick<NodeFlags, 'config' | 'nodeName' | 'apiserverAdvertiseAddress'>,
  token: string,
): KubeadmConfig {
  return readKubeadmConfig(flags.config === undefined ? '' : configText(flags.config), {
    nodeName: flags.nodeName ?? hostname().toLowerCase(),
    advertiseAddress: flags.apiserverAdvertiseAddress ?? hostAddress(),
    kubernetesVersion: VERSION.gitVersion.replace(/\+.*/, ''),
    token,
  });
}

/** The text of a configuration file. Throws FatalError when it cannot be read. */
export function configText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new FatalError(`--config: ${error instanceof Error ? error.message : String(error)}: correct the path`);
  }
}

/** Flags and a configuration file say the same things: kubeadm lets only one of them speak, and so do we. */
export function refuseMixed(flags: object, mixed: readonly string[]): void {
  if (!('config' in flags)) return;
  const given = mixed.filter((name) => name in flags);
  if (given.length === 0) return;
  const names = given.map((name) => name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`));
  throw new FatalError(`can not mix '--config' with arguments [${names.join(' ')}]`);
}

/** Every path of this node. */
export function pathsOf(flags: NodeFlags, cluster?: Parameters<typeof str>[0]): NodePaths {
  const absolute = (dir: string | undefined): string | undefined => (dir === undefined ? undefined : resolve(dir));
  const rootfs = absolute(flags.rootfs);
  const below = (path: string): string => (rootfs === undefined ? path : `${rootfs}${path}`);
  const stored = str(child(child(cluster, 'etcd'), 'local'), 'dataDir');
  const certs = str(cluster, 'certificatesDir');
  return nodePaths({
    rootfs,
    certDir: absolute(flags.certDir) ?? (certs === '' ? undefined : below(certs)),
    kubeconfigDir: absolute(flags.kubeconfigDir),
    dataDir: absolute(flags.dataDir) ?? (stored === '' ? undefined : below(stored)),
  });
}

/** What of a control plane's options the flags say, and an InitConfiguration or JoinConfiguration. */
export function ownOptions(
  flags: NodeFlags,
  own: JsonObject,
  progress: Progress,
): Pick<ControlPlaneOptions, 'peerPort' | 'spdyPort' | 'program' | 'startWith' | 'image' | 'patched'> {
  const patches = flags.patches ?? str(child(own, 'patches'), 'directory');
  return {
    patched: patches === '' ? unpatched : patchesIn(resolve(patches), applyPatch, progress),
    peerPort: portOf(flags.peerPort, '--peer-port'),
    spdyPort:
      flags.spdyPort === undefined ? undefined : flags.spdyPort === '0' ? 0 : portOf(flags.spdyPort, '--spdy-port'),
    program: [process.execPath, resolve(process.argv[1] ?? '')],
    startWith: flags.startWith ?? defaultStartWith(flags.rootfs),
    image: flags.image,
  };
}

/** The options of a control plane that `init` makes. */
export function planeOf(flags: NodeFlags, config: KubeadmConfig, progress: Progress): ControlPlaneOptions {
  const { cluster, init } = config;
  const local = ensureChild(init, 'localAPIEndpoint');
  if (flags.apiserverBindPort !== undefined)
    local['bindPort'] = portOf(flags.apiserverBindPort, '--apiserver-bind-port');
  return {
    ...ownOptions(flags, init, progress),
    paths: pathsOf(flags, cluster),
    cluster,
    node: nodeFacts(cluster, child(init, 'nodeRegistration'), local),
  };
}

/** Types of what can be patched, where lists are merged by keys. */
const TYPE_OF_KIND: Readonly<Record<string, string>> = {
  Pod: 'io.k8s.api.core.v1.Pod',
  Deployment: 'io.k8s.api.apps.v1.Deployment',
};

const applyPatch: ApplyPatch = async (type, object, patch) => {
  const { jsonPatch, mergePatch, strategicMergePatch } = await import('../../internal/schema/patch/index.js');
  if (type === 'json') return jsonPatch(object, patch);
  if (!isObject(patch)) throw new Error('it is no object');
  const name = TYPE_OF_KIND[str(object, 'kind')];
  // A kubelet's configuration has no lists that are merged.
  return type === 'merge' || name === undefined ? mergePatch(object, patch) : strategicMergePatch(object, patch, name);
};

function portOf(text: string, flag: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new FatalError(`${flag} ${text} is no port: give a number between 1 and 65535`);
}

/** Parts of a comma-separated flag. */
export const listOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Starts the kubelet of systemd; false where there is none. */
export function startKubelet(rootfs: string | undefined): boolean {
  if (rootfs !== undefined || !existsSync('/run/systemd/system')) return false;
  return spawnSync('systemctl', ['enable', '--now', 'kubelet.service'], { stdio: 'ignore' }).status === 0;
}
