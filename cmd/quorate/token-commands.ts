import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { ApiClient, publicKeyPin } from '../../internal/bootstrap/api-client.js';
import { createToken, deleteToken, listTokens, tokenOf } from '../../internal/bootstrap/bootstrap-tokens.js';
import { clusterOf } from '../../internal/bootstrap/cluster-info.js';
import { residualTime } from '../../internal/bootstrap/certificate-list.js';
import { children, str } from '../../internal/machinery/access.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { readKubeadmConfig } from '../../internal/bootstrap/kubeadm-config.js';
import { type BootstrapToken, generateToken } from '../../internal/bootstrap/token-form.js';
import { keyBytes } from '../../internal/bootstrap/upload-certs.js';
import { kubeconfigOr, serverAccess } from './kubeconfig-file.js';
import { configText, listOf } from './node-options.js';
import { writeTable } from './table.js';

interface Target {
  readonly kubeconfig: string;
}
interface CreateFlags extends Target {
  readonly config?: string;
  readonly ttl: string;
  readonly usages: string;
  readonly groups: string;
  readonly description: string;
  readonly printJoinCommand?: boolean;
  readonly certificateKey?: string;
}

const ADMIN = join('/etc/kubernetes', 'admin.conf');
const PATIENCE_MS = 10_000;

/** `quorate token create|list|delete|generate`: kubeadm's. */
export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('Manage bootstrap tokens.');
  const withTarget = (command: Command): Command =>
    command.option('--kubeconfig <file>', 'kubeconfig of an administrator', kubeconfigOr(ADMIN));
  withTarget(token.command('create').description('Create bootstrap tokens on the server.'))
    .argument('[token]', 'the token; a new one when absent')
    .option('--config <file>', 'a kubeadm configuration file whose bootstrapTokens are created')
    .option('--ttl <duration>', 'how long it is good; 0 for ever', '24h0m0s')
    .option('--usages <usages>', 'what it may be used for', 'signing,authentication')
    .option('--groups <groups>', 'groups of who uses it', 'system:bootstrappers:kubeadm:default-node-token')
    .option('--description <text>', 'a text for people', '')
    .option('--print-join-command', 'print the whole command to join with')
    .option('--certificate-key <hex>', 'with --print-join-command: the command for a member of the control plane')
    .action(create);
  withTarget(token.command('list').description('List bootstrap tokens on the server.'))
    .addOption(new Option('-o, --output <form>', 'text or json').choices(['text', 'json']).default('text'))
    .action(async (flags: Target & { output: string }) => {
      const tokens = await listTokens(clientOf(flags));
      if (flags.output === 'json')
        for (const one of tokens) process.stdout.write(`${JSON.stringify(outputOf(one), undefined, 4)}\n`);
      else if (tokens.length > 0)
        writeTable(['TOKEN', 'TTL', 'EXPIRES', 'USAGES', 'DESCRIPTION', 'EXTRA GROUPS'], tokens.map(rowOf));
    });
  withTarget(token.command('delete').description('Delete bootstrap tokens on the server.'))
    .argument('<token...>', 'a token, or its id')
    .action(async (tokens: string[], flags: Target) => {
      const client = clientOf(flags);
      for (const one of tokens) process.stdout.write(`bootstrap token "${await deleteToken(client, one)}" deleted\n`);
    });
  token
    .command('generate')
    .description('Print a new token; the server is not asked.')
    .action(() => {
      process.stdout.write(`${generateToken()}\n`);
    });
}

const clientOf = ({ kubeconfig }: Target): ApiClient => new ApiClient(serverAccess(kubeconfig, undefined), PATIENCE_MS);

async function create(given: string | undefined, flags: CreateFlags): Promise<void> {
  const text = given ?? generateToken();
  const object = {
    token: text,
    ttl: flags.ttl,
    usages: listOf(flags.usages),
    groups: listOf(flags.groups),
    description: flags.description,
  };
  const facts = { nodeName: 'x', advertiseAddress: '', kubernetesVersion: '', token: text };
  const objects =
    flags.config === undefined
      ? [object]
      : children(readKubeadmConfig(configText(flags.config), facts).init, 'bootstrapTokens');
  if (flags.certificateKey !== undefined) keyBytes(flags.certificateKey);
  const client = clientOf(flags);
  for (const one of objects) await createToken(client, tokenOf(one, Date.now()));
  const first = str(objects[0], 'token');
  process.stdout.write(
    `${flags.printJoinCommand === true ? await joinCommand(client, first, flags.certificateKey) : first}\n`,
  );
}

/** The command that a new machine runs, with what the cluster tells nodes of itself. */
async function joinCommand(client: ApiClient, token: string, certificateKey: string | undefined): Promise<string> {
  const info = await client.get('/api/v1/namespaces/kube-public/configmaps/cluster-info');
  if (info === undefined)
    throw new FatalError('the cluster has no cluster-info: run `quorate init phase bootstrap-token`');
  const data = info['data'];
  const { server, ca } = clusterOf(
    str(data !== null && typeof data === 'object' && !Array.isArray(data) ? data : undefined, 'kubeconfig'),
  );
  const controlPlane = certificateKey === undefined ? '' : ` --control-plane --certificate-key ${certificateKey}`;
  const program = certificateKey === undefined ? 'kubeadm' : 'quorate';
  return `${program} join ${server.replace('https://', '')} --token ${token} --discovery-token-ca-cert-hash ${publicKeyPin(ca)}${controlPlane}`;
}

function rowOf(token: BootstrapToken): string[] {
  const ttl = token.expires === '' ? '<forever>' : residualTime(new Date(token.expires), Date.now());
  return [
    token.token,
    ttl,
    token.expires === '' ? '<never>' : token.expires,
    token.usages.join(',') || '<none>',
    token.description || '<none>',
    token.groups.join(',') || '<none>',
  ];
}

/** kubeadm's output.kubeadm.k8s.io/v1alpha3. */
function outputOf(token: BootstrapToken): object {
  return {
    kind: 'BootstrapToken',
    apiVersion: 'output.kubeadm.k8s.io/v1alpha3',
    token: token.token,
    ...(token.description === '' ? {} : { description: token.description }),
    ...(token.expires === '' ? {} : { expires: token.expires }),
    ...(token.usages.length === 0 ? {} : { usages: token.usages }),
    ...(token.groups.length === 0 ? {} : { groups: token.groups }),
  };
}
