import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { haproxyConfig } from '../../internal/bootstrap/haproxy.js';
import { keepalivedConfig } from '../../internal/bootstrap/host-files.js';
import { kubeletConfiguration } from '../../internal/bootstrap/cluster-objects.js';
import { readKubeadmConfig, yamlOf } from '../../internal/bootstrap/kubeadm-config.js';
import { refuseWrongValues } from '../../internal/bootstrap/kubeadm-values.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { writeWhole } from '../../internal/pki/pki.js';
import { configText, readConfig } from './node-options.js';
import { authority } from '../../internal/rest/connect/kubelet.js';
import { hostPort } from './addresses.js';

/** kubeadm's placeholder in what it prints; never a token that anybody has. */
const EXAMPLE_TOKEN = 'abcdef.0123456789abcdef';

/** `quorate config print|validate`: kubeadm's; and the configurations of a balancer. */
export function addConfigCommands(program: Command): void {
  const config = program.command('config').description('Configuration files of init and join, and of a balancer.');
  config
    .command('print')
    .description('Print the defaults of a configuration.')
    .argument('<what>', 'init-defaults or join-defaults')
    .addOption(
      new Option('--component-configs <kinds>', 'also print KubeletConfiguration').choices(['KubeletConfiguration']),
    )
    .action((what: string, flags: { componentConfigs?: string }) => {
      process.stdout.write(defaultsOf(what, flags.componentConfigs !== undefined));
    });
  config
    .command('validate')
    .description('Read a configuration file and say what is wrong with it.')
    .requiredOption('--config <file>', 'a kubeadm configuration file')
    .action((flags: { config: string }) => {
      const config = readConfig({ config: flags.config }, '');
      for (const warning of config.warnings) process.stderr.write(`\t[WARNING] ${warning}\n`);
      refuseWrongValues(config);
      process.stdout.write('ok\n');
    });
  config
    .command('migrate')
    .description('Print a configuration file of an earlier version in the form of v1beta4.')
    .requiredOption('--old-config <file>', 'the file')
    .option('--new-config <file>', 'where to write it (default: standard output)')
    .action((flags: { oldConfig: string; newConfig?: string }) => {
      const old = configText(flags.oldConfig);
      const { init, cluster, join } = readKubeadmConfig(old, { ...EXAMPLE, token: '' });
      // Defaults alone are no configuration: what the file does not have is not written.
      const hasInit = join === undefined || /^kind: *["']?(Init|Cluster)Configuration\b/m.test(old);
      const text = yamlOf(...(hasInit ? [init, cluster] : []), ...(join === undefined ? [] : [join]));
      if (flags.newConfig === undefined) process.stdout.write(text);
      else writeWhole(flags.newConfig, text, 0o600);
    });
  config
    .command('haproxy')
    .description('Print the configuration of an HAProxy in front of the control plane.')
    .requiredOption('--server <name=host:port...>', 'each API server')
    .option('--bind <host:port>', 'where clients come in', '*:8443')
    .option('--ca-file <file>', 'authority of the servers’ certificates', '/etc/kubernetes/pki/ca.crt')
    .option('--spdy-port <port>', 'where the API servers serve SPDY, as init sets it up; 0 for nowhere', '9443')
    .action((flags: { server: string[]; bind: string; caFile: string; spdyPort: string }) => {
      const spdyPort = Number(flags.spdyPort);
      if (!Number.isInteger(spdyPort) || spdyPort < 0 || spdyPort > 65_535)
        throw new FatalError('--spdy-port must be between 0 and 65535');
      const servers = flags.server
        .flatMap((text) => text.split(','))
        .map((text) => {
          const at = text.indexOf('=');
          if (at <= 0 || !/^[\w.-]+$/.test(text.slice(0, at)))
            throw new FatalError(`--server ${text} is not name=host:port: write e.g. r1=10.0.0.1:6443`);
          const { host } = hostPort(text.slice(at + 1), '--server');
          const server = { name: text.slice(0, at), address: text.slice(at + 1) };
          return spdyPort === 0 ? server : { ...server, spdyAddress: authority(host, spdyPort) };
        });
      const head = 'Printed by quorate config haproxy.';
      process.stdout.write(haproxyConfig({ head, bind: flags.bind, servers, caFile: resolve(flags.caFile) }));
    });
  config
    .command('keepalived')
    .description('Print the configuration of a keepalived that moves an address between machines with a balancer.')
    .requiredOption('--address <ip>', 'the address, of nobody else in the network')
    .requiredOption('--interface <name>', 'the network interface')
    .option('--priority <n>', 'another number on each machine, 1 to 255', '100')
    .option('--port <port>', 'where the balancer listens', '8443')
    .action((flags: { address: string; interface: string; priority: string; port: string }) => {
      const [priority, port] = [Number(flags.priority), Number(flags.port)];
      if (isIP(flags.address) === 0) throw new FatalError(`--address ${flags.address} is no IP address`);
      if (!/^[\w.@-]{1,15}$/.test(flags.interface))
        throw new FatalError(`--interface ${flags.interface} is no name of an interface`);
      if (!Number.isInteger(priority) || priority < 1 || priority > 255)
        throw new FatalError('--priority must be between 1 and 255');
      if (!Number.isInteger(port) || port < 1 || port > 65_535)
        throw new FatalError('--port must be between 1 and 65535');
      process.stdout.write(
        keepalivedConfig({ address: flags.address, interfaceName: flags.interface, priority, port }),
      );
    });
}

const EXAMPLE = { nodeName: 'node', advertiseAddress: '1.2.3.4', kubernetesVersion: 'v1.36.2', token: EXAMPLE_TOKEN };

function defaultsOf(what: string, withKubelet: boolean): string {
  if (what === 'init-defaults') {
    const read = readKubeadmConfig('', EXAMPLE);
    return yamlOf(read.init, read.cluster, ...(withKubelet ? [kubeletConfiguration(read)] : []));
  }
  if (what !== 'join-defaults')
    throw new FatalError(`there are no defaults of ${JSON.stringify(what)}: use init-defaults or join-defaults`);
  const text = `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery:
  bootstrapToken: {apiServerEndpoint: "kube-apiserver:6443", token: ${EXAMPLE_TOKEN}, unsafeSkipCAVerification: true}
`;
  const { join } = readKubeadmConfig(text, EXAMPLE);
  return join === undefined ? '' : yamlOf(join);
}
