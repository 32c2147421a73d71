import { resolve } from 'node:path';
import { type Command } from 'commander';
import { join } from '../../internal/bootstrap/join.js';
import { readKubeadmConfig, yamlOf } from '../../internal/bootstrap/kubeadm-config.js';
import { refuseWrongValues } from '../../internal/bootstrap/kubeadm-values.js';
import { progressOn } from '../../internal/bootstrap/progress.js';
import { reset } from '../../internal/bootstrap/reset.js';
import { child, ensureChild, str, strings } from '../../internal/machinery/access.js';
import { FatalError } from '../../internal/machinery/assert.js';
import type { JsonObject } from '../../internal/machinery/json.js';
import { firstServiceIp } from './addresses.js';
import { confirm } from './confirm.js';
import { serverAccess } from './kubeconfig-file.js';
import {
  addNodeFlags,
  addPathFlags,
  listOf,
  type NodeFlags,
  ownOptions,
  pathsOf,
  readConfig,
  refuseMixed,
  startKubelet,
} from './node-options.js';

interface JoinFlags extends NodeFlags {
  readonly token?: string;
  readonly tlsBootstrapToken?: string;
  readonly discoveryToken?: string;
  readonly discoveryFile?: string;
  readonly discoveryTokenCaCertHash?: readonly string[];
  readonly discoveryTokenUnsafeSkipCaVerification?: boolean;
  readonly controlPlane?: boolean;
  readonly certificateKey?: string;
  readonly criSocket?: string;
}

const IN_CONFIG = [
  'token',
  'tlsBootstrapToken',
  'discoveryToken',
  'discoveryFile',
  'discoveryTokenCaCertHash',
  'discoveryTokenUnsafeSkipCaVerification',
  'controlPlane',
  'certificateKey',
  'criSocket',
  'nodeName',
  'apiserverAdvertiseAddress',
  'apiserverBindPort',
];

/** `quorate join` and `quorate reset`: kubeadm's. */
export function addJoinCommands(program: Command): void {
  addNodeFlags(program.command('join').description('Join a cluster, as a worker or as a member of the control plane.'))
    .argument('[endpoint]', 'host:port of the API server')
    .option('--token <token>', 'token for discovery and for the first steps in the cluster')
    .option('--discovery-token <token>', 'token for discovery only')
    .option('--tls-bootstrap-token <token>', 'token for the first steps only')
    .option('--discovery-token-ca-cert-hash <pin...>', "sha256:HEX of the public key of the cluster's authority")
    .option('--discovery-token-unsafe-skip-ca-verification', 'believe whoever knows the token')
    .option('--discovery-file <file>', 'kubeconfig that names the cluster, instead of discovery by token')
    .option('--control-plane', 'become a member of the control plane')
    .option('--certificate-key <hex>', 'key of the certificates that `init --upload-certs` uploaded')
    .option('--apiserver-bind-port <port>', 'port of the API server here (default 6443)')
    .option('--cri-socket <socket>', 'socket of the container runtime')
    .action(async (endpoint: string | undefined, flags: JoinFlags) => {
      refuseMixed(flags, IN_CONFIG);
      const config = joinConfiguration(endpoint, flags);
      refuseWrongValues({ join: config });
      const progress = progressOn(process.stdout);
      const clusterConfig = (text: string): JsonObject => {
        const facts = { nodeName: 'x', advertiseAddress: '', kubernetesVersion: '', token: '' };
        return readKubeadmConfig(text, facts).cluster;
      };
      await join({
        config,
        paths: pathsOf(flags),
        progress,
        elsewhere: flags.rootfs !== undefined,
        ignored: [
          ...listOf(flags.ignorePreflightErrors),
          ...strings(child(config, 'nodeRegistration'), 'ignorePreflightErrors'),
        ],
        own: ownOptions(flags, config, progress),
        serviceIp: firstServiceIp,
        access: (file) => serverAccess(file, undefined),
        clusterConfig,
        memberPaths: (cluster) => pathsOf(flags, cluster),
        startKubelet: () => startKubelet(flags.rootfs),
      });
    });
  addPathFlags(program.command('reset').description('Undo what init or join made on this machine.'))
    .option('-f, --force', 'do not ask, and go on when the member cannot be removed from its cluster')
    .action(async (flags: NodeFlags & { force?: boolean }) => {
      const paths = pathsOf(flags);
      if (flags.force !== true)
        await confirm(
          `[reset] WARNING: Changes made to this host by 'quorate init' or 'quorate join' will be reverted (${paths.data} is deleted).\n[reset] Are you sure you want to proceed? [y/N]: `,
        );
      await reset({
        paths,
        progress: progressOn(process.stdout),
        access: (file) => serverAccess(file, undefined),
        force: flags.force === true,
      });
    });
}

/** The JoinConfiguration of a file, or of the flags. */
function joinConfiguration(endpoint: string | undefined, flags: JoinFlags): JsonObject {
  if (flags.config !== undefined) {
    if (endpoint !== undefined) throw new FatalError("can not mix '--config' with arguments [endpoint]");
    const { join: stored } = readConfig(flags, '');
    if (stored === undefined) throw new FatalError(`${flags.config} has no JoinConfiguration: add one, or use flags`);
    return stored;
  }
  const object: JsonObject = { apiVersion: 'kubeadm.k8s.io/v1beta4', kind: 'JoinConfiguration', discovery: {} };
  const discovery = ensureChild(object, 'discovery');
  const tls = flags.tlsBootstrapToken ?? flags.token;
  if (tls !== undefined) discovery['tlsBootstrapToken'] = tls;
  if (flags.discoveryFile !== undefined) discovery['file'] = { kubeConfigPath: resolve(flags.discoveryFile) };
  else {
    if (endpoint === undefined)
      throw new FatalError('give HOST:PORT of the API server, or --discovery-file, or --config');
    discovery['bootstrapToken'] = {
      apiServerEndpoint: endpoint,
      token: flags.discoveryToken ?? flags.token ?? '',
      caCertHashes: [...(flags.discoveryTokenCaCertHash ?? [])],
      unsafeSkipCAVerification: flags.discoveryTokenUnsafeSkipCaVerification === true,
    };
  }
  if (flags.controlPlane === true) {
    const local: JsonObject =
      flags.apiserverBindPort === undefined ? {} : { bindPort: Number(flags.apiserverBindPort) };
    object['controlPlane'] = {
      localAPIEndpoint: local,
      ...(flags.certificateKey === undefined ? {} : { certificateKey: flags.certificateKey }),
    };
  }
  if (flags.criSocket !== undefined) object['nodeRegistration'] = { criSocket: flags.criSocket };
  // Defaulted and checked as a file would be.
  return readConfigOf(object, flags);
}

function readConfigOf(object: JsonObject, flags: JoinFlags): JsonObject {
  const { nodeName, advertiseAddress } = machineOf(flags);
  const read = readKubeadmConfig(yamlOf(object), { nodeName, advertiseAddress, kubernetesVersion: '', token: '' });
  return read.join ?? object;
}

function machineOf(flags: JoinFlags): { nodeName: string; advertiseAddress: string } {
  const { init } = readConfig(
    {
      ...(flags.nodeName === undefined ? {} : { nodeName: flags.nodeName }),
      ...(flags.apiserverAdvertiseAddress === undefined
        ? {}
        : { apiserverAdvertiseAddress: flags.apiserverAdvertiseAddress }),
    },
    '',
  );
  return {
    nodeName: str(child(init, 'nodeRegistration'), 'name'),
    advertiseAddress: str(child(init, 'localAPIEndpoint'), 'advertiseAddress'),
  };
}
