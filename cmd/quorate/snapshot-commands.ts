import { createWriteStream, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import https from 'node:https';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { type Progress, progressOn } from '../../internal/bootstrap/progress.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { makeDirectory } from '../../internal/machinery/directory.js';
import type { RecoveryPlan, SnapshotFileHeader } from '../../internal/replica/index.js';
import { confirm } from './confirm.js';
import { kubeconfigOr, serverAccess } from './kubeconfig-file.js';
import { pathsOf } from './node-options.js';
import { addPlaceFlags, bumpOf, type PlaceFlags, placeOf } from './place-flags.js';
import { writeTable } from './table.js';

/** Without a byte for so long a save is given up. */
const STALLED_MS = 60_000;

/** The engines are loaded for these commands only: every other one starts without them. */
const engines = (): Promise<typeof import('../../internal/replica/index.js')> =>
  import('../../internal/replica/index.js');

/** `quorate snapshot save|status|verify|restore` and `quorate recover`. */
export function addSnapshotCommands(program: Command): void {
  const snapshot = program.command('snapshot').description('Copies of the whole state, in files.');
  const output = (): Option =>
    new Option('-o, --output <form>', 'text or json').choices(['text', 'json']).default('text');
  snapshot
    .command('save')
    .description('Save the state of a running cluster, with all that was acknowledged until now.')
    .argument('<file>', 'the file to write; it is there when it is whole')
    .option('--kubeconfig <file>', 'kubeconfig of an administrator', kubeconfigOr('/etc/kubernetes/admin.conf'))
    .option('--server <url>', 'a replica to ask instead of the one in the kubeconfig')
    .addOption(output())
    .action(async (file: string, flags: { kubeconfig: string; server?: string; output: string }) => {
      const progress = progressOn(process.stdout, process.stderr, flags.output === 'json');
      const { header, size } = await save(resolve(file), flags.kubeconfig, flags.server, progress);
      if (flags.output === 'json') process.stdout.write(`${JSON.stringify(header)}\n`);
      else progress.say(`Snapshot saved at ${file}: revision ${header.revision}, ${mebibytes(size)}`);
    });
  snapshot
    .command('status')
    .description('Read a snapshot file, hold it against its checksum, and say what it is.')
    .argument('<file>')
    .addOption(output())
    .action(async (file: string, flags: { output: string }) => {
      const { header, size } = await checkedHeader(
        file,
        progressOn(process.stderr, process.stderr, flags.output === 'json'),
      );
      if (flags.output === 'json') process.stdout.write(`${JSON.stringify({ ...header, totalSize: size })}\n`);
      else {
        writeTable(
          ['HASH', 'REVISION', 'TOTAL SIZE', 'CREATED', 'MEMBERS'],
          [
            [
              header.stateHash,
              String(header.revision),
              `${size} B`,
              header.createdAt,
              header.members.map((m) => m.name).join(','),
            ],
          ],
        );
      }
    });
  snapshot
    .command('verify')
    .description(
      'Rehearse a restore: read every row, and hold the tables against each other. Takes as much space as the state.',
    )
    .argument('<file>')
    .option('--scratch-dir <dir>', "where the state is unpacked, and removed again (default: the file's directory)")
    .action(async (file: string, flags: { scratchDir?: string }) => {
      const progress = progressOn(process.stdout);
      const parent = resolve(flags.scratchDir ?? dirname(file));
      makeDirectory(parent);
      const scratch = mkdtempSync(join(parent, '.quorate-verify-'));
      try {
        const { verifySnapshot } = await engines();
        const header = await verifySnapshot(file, join(scratch, 'state'), (done, total) =>
          progress.at('verifying', done, total),
        );
        progress.say(`${file} is whole: revision ${header.revision} can be restored`);
      } finally {
        rmSync(scratch, { recursive: true, force: true });
      }
    });
  addPlaceFlags(
    snapshot
      .command('restore')
      .description('Make the data directory of a new cluster of one replica from a snapshot file.'),
    true,
  )
    .argument('<file>')
    .action(async (file: string, flags: PlaceFlags) => {
      const progress = progressOn(process.stdout);
      const place = placeOf(flags);
      const { restoreSnapshot } = await engines();
      const { revision, revisionBefore } = await restoreSnapshot(file, place, (done, total) =>
        progress.at('restoring', done, total),
      );
      progress.say(
        `Restored into ${place.dataDir}: a new cluster of ${place.name} alone, at revision ${revision} (the snapshot's is ${revisionBefore}).`,
      );
      progress.say('Start it, and join the other members anew with empty data directories.');
    });
  addPlaceFlags(
    program
      .command('recover')
      .description("The quorum is lost for good: make a new cluster of one replica from a stopped member's data."),
    false,
  )
    .option('--dry-run', 'say what is there and what may be lost, and change nothing')
    .option('-f, --force', 'do not ask')
    .action(async (flags: PlaceFlags & { dryRun?: boolean; force?: boolean }) => {
      const dataDir = pathsOf(flags).data;
      const { planRecovery, recover } = await engines();
      const plan = await planRecovery(dataDir);
      process.stdout.write(planText(dataDir, plan));
      if (flags.dryRun === true) return;
      if (flags.force !== true)
        await confirm('Are you sure that they are stopped, and that this is to be done? [y/N]: ');
      const { revision } = await recover(dataDir, bumpOf(flags));
      process.stdout.write(
        `${plan.name} is a new cluster of one member now, at revision ${revision}.\nStart it. Then delete the data of the others, and join them anew.\n`,
      );
    });
}

async function save(
  file: string,
  kubeconfig: string,
  server: string | undefined,
  progress: Progress,
): Promise<{ header: SnapshotFileHeader; size: number }> {
  const { server: url, token, ...tls } = serverAccess(kubeconfig, server);
  const part = `${file}.part`;
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true)
    throw new FatalError(`${file} is a directory: name a file in it`);
  makeDirectory(dirname(file));
  try {
    await new Promise<void>((done, fail) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const request = https.get(
        `${url}/debug/raft/snapshot`,
        { ...tls, headers, agent: false, timeout: STALLED_MS },
        (response) => {
          if (response.statusCode !== 200) {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.length < 16 && chunks.push(chunk));
            response.on('end', () =>
              fail(new Error(messageIn(Buffer.concat(chunks).toString('utf8'), response.statusCode ?? 0))),
            );
            return;
          }
          let bytes = 0;
          response.on('data', (chunk: Buffer) => progress.at(`saved ${mebibytes((bytes += chunk.length))}`, 0, 0));
          pipeline(response, createWriteStream(part, { mode: 0o600 })).then(done, fail);
        },
      );
      request.on('timeout', () => request.destroy(new Error(`nothing came for ${STALLED_MS / 1000} s`)));
      request.on('error', fail);
    }).catch((error: Error) => {
      throw new FatalError(`the snapshot was not saved: ${error.message}`);
    });
    const saved = await checkedHeader(part, progress);
    const handle = await open(part, 'r');
    await handle.sync();
    await handle.close();
    renameSync(part, file);
    return saved;
  } finally {
    rmSync(part, { force: true });
  }
}

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

function messageIn(body: string, code: number): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? `the server answered ${code}`;
  } catch (error) {
    if (error instanceof SyntaxError) return `the server answered ${code}`;
    throw error;
  }
}

/** The header of a file that is whole. */
async function checkedHeader(path: string, progress: Progress): Promise<{ header: SnapshotFileHeader; size: number }> {
  const { SnapshotFile } = await engines();
  const file = await SnapshotFile.open(path);
  try {
    const chunks = file.chunks();
    while ((await chunks.next()).done !== true) progress.at('checking', file.position, file.size);
    return { header: file.header, size: file.size };
  } finally {
    await file.close();
  }
}

function planText(dataDir: string, plan: RecoveryPlan): string {
  const others = plan.otherMembers.map((m) => `  ${m.name} at ${m.address}${m.learner ? ' (learner)' : ''}\n`).join('');
  return `${dataDir} is that of ${plan.name} at ${plan.address}.
It holds revision ${plan.revision} (log index ${plan.applied}), and ${plan.kept} more entries in its log, up to term ${plan.lastTerm}, all of which are kept.
${plan.doubt === '' ? '' : `WARNING: ${plan.doubt}. Prefer another member, or a snapshot.\n`}
${plan.name} becomes a new cluster of itself alone. What is lost: writes that the others acknowledged and that never came here.
Prefer the member with the highest term and then the most entries: run this with --dry-run on each that is left.
These members are turned away for good, and stop when they meet it; until then they could still serve where a majority of them runs:
${others === '' ? '  none\n' : others}`;
}
