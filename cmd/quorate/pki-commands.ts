import type { Command } from 'commander';
import { FatalError } from '../../internal/machinery/assert.js';
import { kubeconfig } from '../../internal/pki/kubeconfig.js';
import { ensurePki, issueAdmin, PKI_FILES, readPair, writeWhole } from '../../internal/pki/pki.js';
import { firstServiceIp } from './addresses.js';

/** `quorate pki init`: certificates and keys under kubeadm's names; what exists is kept. */
export function addPkiCommand(program: Command): void {
  program
    .command('pki')
    .description('Certificates.')
    .command('init')
    .description('Make the certificates and keys that are missing.')
    .requiredOption('--cert-dir <dir>', 'directory for the certificates')
    .option('--service-cluster-ip-range <cidr>', 'range that services get addresses from', '10.96.0.0/12')
    .option('--extra-names <names>', 'more host names and addresses for the serving certificate, comma-separated', '')
    .action(async (options: { certDir: string; serviceClusterIpRange: string; extraNames: string }) => {
      await ensurePki(options.certDir, {
        serviceIp: firstServiceIp(options.serviceClusterIpRange),
        extraNames: options.extraNames.split(',').filter((n) => n !== ''),
      });
    });
}

/** `quorate kubeconfig`: a kubeconfig of the administrator, with a new client certificate. */
export function addKubeconfigCommand(program: Command): void {
  program
    .command('kubeconfig')
    .description('Write kubeconfigs of the administrator (user kubernetes-admin, group system:masters).')
    .requiredOption('--cert-dir <dir>', 'directory with ca.crt and ca.key')
    .argument('<file=server...>', 'for each file the https://host:port that it points to')
    .action(async (targets: string[], options: { certDir: string }) => {
      const pairs = targets.map((target) => {
        const at = target.lastIndexOf('=https://');
        if (at <= 0)
          throw new FatalError(
            `"${target}" is not FILE=https://host:port: write e.g. admin.conf=https://127.0.0.1:6443`,
          );
        return { file: target.slice(0, at), server: target.slice(at + 1) };
      });
      const client = await issueAdmin(options.certDir);
      const caCert = readPair(options.certDir, PKI_FILES.ca).cert;
      for (const { file, server } of pairs) {
        writeWhole(file, kubeconfig({ server, caCert, user: 'kubernetes-admin', client }), 0o600);
      }
    });
}
