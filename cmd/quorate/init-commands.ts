import type { Command } from 'commander';
import { init, INIT_PHASES, type InitContext, type Phase, runPhase } from '../../internal/bootstrap/init.js';
import { refuseWrongValues } from '../../internal/bootstrap/kubeadm-values.js';
import { progressOn } from '../../internal/bootstrap/progress.js';
import { generateToken } from '../../internal/bootstrap/token-form.js';
import { child, children, ensureChild, str, strings } from '../../internal/machinery/access.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { firstServiceIp } from './addresses.js';
import { serverAccess } from './kubeconfig-file.js';
import { addNodeFlags, listOf, type NodeFlags, planeOf, readConfig, refuseMixed } from './node-options.js';

interface InitFlags extends NodeFlags {
  readonly controlPlaneEndpoint?: string;
  readonly apiserverCertExtraSans?: string;
  readonly podNetworkCidr?: string;
  readonly serviceCidr?: string;
  readonly serviceDnsDomain?: string;
  readonly token?: string;
  readonly tokenTtl?: string;
  readonly uploadCerts?: boolean;
  readonly certificateKey?: string;
  readonly skipPhases?: string;
  readonly skipTokenPrint?: boolean;
  readonly skipCertificateKeyPrint?: boolean;
  readonly kubeconfig?: string;
  readonly printManifest?: boolean;
}

/** Flags that say what a configuration file says as well. */
const IN_CONFIG = [
  'controlPlaneEndpoint',
  'apiserverCertExtraSans',
  'apiserverAdvertiseAddress',
  'apiserverBindPort',
  'podNetworkCidr',
  'serviceCidr',
  'serviceDnsDomain',
  'token',
  'tokenTtl',
  'nodeName',
];

/** `quorate init` and `quorate init phase NAME [PART]`: kubeadm's. */
export function addInitCommands(program: Command): void {
  const command = addInitFlags(program.command('init').description('Set up the first machine of a control plane.'))
    .option('--skip-phases <names>', 'phases to leave out')
    .action(async (flags: InitFlags) => {
      await init(contextOf(flags), listOf(flags.skipPhases));
    });
  const phases = command.command('phase').description('Run one phase of init alone.');
  for (const phase of INIT_PHASES) addPhase(phases, phase);
}

function addPhase(phases: Command, phase: Phase): void {
  const { parts } = phase;
  const command = addInitFlags(phases.command(phase.name).description(phase.description));
  command.option('--kubeconfig <file>', "kubeconfig of an administrator (default: this node's own)");
  if (phase.name === 'addon')
    command.option('--print-manifest', 'print the addon manifests to STDOUT instead of installing them');
  if (parts !== undefined) command.argument('<part>', `all, or one of: ${parts.join(', ')}`);
  command.action(async (...args: unknown[]) => {
    // Commander gives the argument, where there is one, and then the flags.
    const [part, flags] = parts === undefined ? ['all', args[0]] : [String(args[0]), args[1]];
    if (parts !== undefined && part !== 'all' && !parts.includes(part)) {
      throw new FatalError(`${phase.name} has no part ${JSON.stringify(part)}: use all, ${parts.join(', ')}`);
    }
    await runPhase(phase, contextOf(flags as InitFlags), part === 'all' ? [] : [part]);
  });
}

function addInitFlags(command: Command): Command {
  return addNodeFlags(command)
    .option('--apiserver-bind-port <port>', 'port of the API server (default 6443)')
    .option('--control-plane-endpoint <host:port>', 'a stable address for the control plane: that of its balancer')
    .option('--apiserver-cert-extra-sans <names>', 'more names and addresses for the serving certificate')
    .option('--pod-network-cidr <cidr>', 'range that pods get addresses from')
    .option('--service-cidr <cidr>', 'range that services get addresses from (default 10.96.0.0/12)')
    .option('--service-dns-domain <domain>', 'domain of services (default cluster.local)')
    .option('--token <token>', 'the bootstrap token for nodes to join with (default: a new one)')
    .option('--token-ttl <duration>', 'how long it is good; 0 for ever (default 24h0m0s)')
    .option('--upload-certs', 'upload what other members of the control plane need, encrypted')
    .option('--certificate-key <hex>', 'key to encrypt that with (default: a new one)')
    .option('--skip-token-print', 'do not print the token')
    .option('--skip-certificate-key-print', 'do not print the certificate key');
}

function contextOf(flags: InitFlags): InitContext {
  refuseMixed(flags, IN_CONFIG);
  const config = readConfig(flags, flags.token ?? generateToken());
  const { cluster } = config;
  const networking = ensureChild(cluster, 'networking');
  const set = (object: typeof cluster, field: string, value: string | undefined): void => {
    if (value !== undefined) object[field] = value;
  };
  set(cluster, 'controlPlaneEndpoint', flags.controlPlaneEndpoint);
  set(networking, 'podSubnet', flags.podNetworkCidr);
  set(networking, 'serviceSubnet', flags.serviceCidr);
  set(networking, 'dnsDomain', flags.serviceDnsDomain);
  set(config.init, 'certificateKey', flags.certificateKey);
  for (const token of children(config.init, 'bootstrapTokens')) set(token, 'ttl', flags.tokenTtl);
  const names = listOf(flags.apiserverCertExtraSans);
  if (names.length > 0) ensureChild(cluster, 'apiServer')['certSANs'] = names;
  const progress = progressOn(process.stdout);
  for (const warning of config.warnings) progress.warn(warning);
  const plane = planeOf(flags, config, progress);
  refuseWrongValues(config);
  firstServiceIp(str(networking, 'serviceSubnet'));
  return {
    config,
    plane,
    progress,
    elsewhere: flags.rootfs !== undefined,
    ignored: [
      ...listOf(flags.ignorePreflightErrors),
      ...strings(child(config.init, 'nodeRegistration'), 'ignorePreflightErrors'),
    ],
    uploadCerts: flags.uploadCerts === true,
    showToken: flags.skipTokenPrint !== true,
    printManifest: flags.printManifest === true,
    showKey: flags.skipCertificateKeyPrint !== true,
    serviceIp: firstServiceIp,
    access: (file) => serverAccess(file, undefined),
    kubeconfig: flags.kubeconfig,
    made: {},
  };
}
