import { join } from 'node:path';
import { type Command, Option } from 'commander';
import {
  listCertificates,
  longName,
  type ListedCertificate,
  renewCertificate,
  residualTime,
} from '../../internal/bootstrap/certificate-list.js';
import { certificateKey } from '../../internal/bootstrap/upload-certs.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { ApiClient } from '../../internal/bootstrap/api-client.js';
import {
  AUTHORITIES,
  nextAuthority,
  rotate,
  type Rotation,
  rotationOf,
  signedBy,
  type Stage,
  STAGES,
} from '../../internal/bootstrap/rotate-ca.js';
import { checkOthers } from '../../internal/bootstrap/rotation-check.js';
import { PKI_FILES, readPair } from '../../internal/pki/pki.js';
import { serverAccess } from './kubeconfig-file.js';
import { addPathFlags, type NodeFlags, pathsOf } from './node-options.js';
import { writeTable } from './table.js';

/** `quorate certs check-expiration|renew|certificate-key`: kubeadm's. */
export function addCertsCommands(program: Command): void {
  const certs = program.command('certs').description('Certificates of this machine.');
  addPathFlags(certs.command('check-expiration').description('Show when certificates expire.'))
    .addOption(new Option('-o, --output <form>', 'text or json').choices(['text', 'json']).default('text'))
    .action((flags: NodeFlags & { output: string }) => {
      const listed = listCertificates(pathsOf(flags));
      if (listed.length === 0)
        throw new FatalError(`there are no certificates in ${pathsOf(flags).pki}: name their place with --cert-dir`);
      if (flags.output === 'json') process.stdout.write(`${JSON.stringify(expirationInfo(listed), undefined, 4)}\n`);
      else printExpiration(listed);
    });
  addPathFlags(certs.command('renew').description('Issue certificates anew, for the same names, with new keys.'))
    .argument('<name>', 'all, or the name that check-expiration shows')
    .action(async (name: string, flags: NodeFlags) => {
      const paths = pathsOf(flags);
      const leaves = listCertificates(paths).filter(({ ca }) => ca !== '');
      const chosen = leaves.filter((certificate) => name === 'all' || certificate.name === name);
      if (chosen.length === 0) {
        throw new FatalError(
          `there is no certificate ${JSON.stringify(name)} here: use all, ${leaves.map((c) => c.name).join(', ')}`,
        );
      }
      for (const certificate of chosen) {
        if (certificate.isExternal) {
          process.stdout.write(`Detected external ${certificate.ca}, ${longName(certificate.name)} can't be renewed\n`);
          continue;
        }
        await renewCertificate(paths, certificate);
        process.stdout.write(`certificate ${certificate.name} renewed\n`);
      }
      if (chosen.some((certificate) => !certificate.isExternal)) process.stdout.write(RESTART);
    });
  addRotate(certs);
  certs
    .command('certificate-key')
    .description('Print a new key for `init --upload-certs`.')
    .action(() => {
      process.stdout.write(`${certificateKey()}\n`);
    });
}

interface RotateFlags extends NodeFlags {
  readonly kubeconfig?: string;
  readonly stage?: Stage;
  readonly certificateKey?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

const STAGE_TEXTS: Readonly<Record<Stage, string>> = {
  trust: 'the old authority and the new one are believed; nothing is signed by the new one yet',
  issue: 'the new authority signs what is shown; both are believed',
  finish: 'the old authority is not believed any more',
};

function addRotate(certs: Command): void {
  addPathFlags(certs.command('rotate').description('Change an authority while everything runs, stage by stage.'))
    .argument('<authority>', `one of: ${AUTHORITIES.join(', ')}`)
    .addOption(
      new Option('--stage <stage>', 'the stage to do; it must be the next one on this machine').choices([...STAGES]),
    )
    .option('--certificate-key <hex>', 'key that the new authority travels with to the other machines (stage trust)')
    .option('--kubeconfig <file>', "kubeconfig of an administrator (default: this machine's admin.conf)")
    .option('--dry-run', 'print the plan, and change nothing')
    .option('-f, --force', 'do not ask the other machines whether they are ready for this stage')
    .action(async (authority: string, flags: RotateFlags) => {
      const name = AUTHORITIES.find((known) => known === authority);
      if (name === undefined)
        throw new FatalError(`there is no authority ${JSON.stringify(authority)}: use ${AUTHORITIES.join(', ')}`);
      const paths = pathsOf(flags);
      const rotation = rotationOf(paths, name);
      process.stdout.write(planText(rotation));
      if (flags.dryRun === true) return;
      if (flags.stage === undefined)
        throw new FatalError(`say which stage to do, so that none is done twice: --stage ${rotation.stage}`);
      if (flags.stage !== rotation.stage)
        throw new FatalError(`the next stage on this machine is ${rotation.stage}, not ${flags.stage}`);
      if (rotation.stage === 'trust' && flags.certificateKey === undefined) {
        throw new FatalError(
          'give --certificate-key, the same on each machine: `quorate certs certificate-key` prints a new one',
        );
      }
      const client = new ApiClient(serverAccess(flags.kubeconfig ?? join(paths.kubernetes, 'admin.conf'), undefined));
      if (flags.force !== true) {
        const own = readPair(paths.pki, name === 'peer-ca' ? PKI_FILES.peer : PKI_FILES.kubeletClient);
        await checkOthers(name, rotation.stage, nextAuthority(paths, name), own, client);
      }
      await rotate(paths, rotation, client, flags.certificateKey ?? '');
      process.stdout.write(`${name}: stage ${rotation.stage} is done on this machine.\n`);
    });
}

function planText({ name, stage, steps }: Rotation): string {
  const stages = STAGES.map((one) => `  ${one === stage ? '>' : ' '} ${one.padEnd(6)}  ${STAGE_TEXTS[one]}\n`).join('');
  return `Rotation of ${name}, which signs ${signedBy(name)}. Each stage on every machine before the next on any:
${stages}This stage writes on this machine:
${steps.map((step) => `    ${step}\n`).join('')}`;
}

const RESTART = `
Done renewing certificates. A running replica reads them again by itself. You must restart kube-controller-manager and
kube-scheduler, so that they can use their new kubeconfigs.
`;

function printExpiration(listed: readonly ListedCertificate[]): void {
  const now = Date.now();
  const leaves = listed.filter(({ ca }) => ca !== '');
  writeTable(
    ['CERTIFICATE', 'EXPIRES', 'RESIDUAL TIME', 'CERTIFICATE AUTHORITY', 'EXTERNALLY MANAGED'],
    leaves.map((c) => [c.name, dateOf(c.notAfter), residualTime(c.notAfter, now), c.ca, c.isExternal ? 'yes' : 'no']),
  );
  process.stdout.write('\n');
  writeTable(
    ['CERTIFICATE AUTHORITY', 'EXPIRES', 'RESIDUAL TIME', 'EXTERNALLY MANAGED'],
    listed
      .filter(({ ca }) => ca === '')
      .map((c) => [c.name, dateOf(c.notAfter), residualTime(c.notAfter, now), c.isExternal ? 'yes' : 'no']),
  );
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number): string => String(n).padStart(2, '0');

/** Go's "Jan 02, 2006 15:04 UTC". */
function dateOf(date: Date): string {
  const day = `${MONTHS[date.getUTCMonth()]} ${two(date.getUTCDate())}, ${date.getUTCFullYear()}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())} UTC`;
}

/** kubeadm's output.kubeadm.k8s.io/v1alpha3. */
function expirationInfo(listed: readonly ListedCertificate[]): object {
  const now = Date.now();
  const info = (c: ListedCertificate): object => ({
    name: c.name,
    expirationDate: c.notAfter.toISOString().replace('.000Z', 'Z'),
    residualTime: Math.max(0, Math.floor((c.notAfter.getTime() - now) / 1000)),
    externallyManaged: c.isExternal,
    missing: false,
  });
  return {
    kind: 'CertificateExpirationInfo',
    apiVersion: 'output.kubeadm.k8s.io/v1alpha3',
    certificates: listed.filter(({ ca }) => ca !== '').map((c) => ({ ...info(c), caName: c.ca })),
    certificateAuthorities: listed.filter(({ ca }) => ca === '').map(info),
  };
}
