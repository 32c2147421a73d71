import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { progressOn } from '../../internal/bootstrap/progress.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { makeDirectory } from '../../internal/machinery/directory.js';
import type * as archive from '../../internal/replica/archive/index.js';
import { addPlaceFlags, type PlaceFlags, placeOf } from './place-flags.js';
import { writeTable } from './table.js';

interface PointFlags {
  readonly cluster?: string;
  readonly toRevision?: string;
  readonly toTime?: string;
}

/** The engines are loaded for these commands only: every other one starts without them. */
const engines = (): Promise<typeof archive> => import('../../internal/replica/archive/index.js');

/** `quorate archive status|verify|restore`. */
export function addArchiveCommands(program: Command): void {
  const command = program
    .command('archive')
    .description(
      'The continuous archive that --archive-to of serve keeps: copies of the state, and the log between them.',
    );
  withCluster(command.command('status').description('Say which moments can be restored.'))
    .addOption(new Option('-o, --output <form>', 'text or json').choices(['text', 'json']).default('text'))
    .action(async (url: string, flags: PointFlags & { output: string }) => {
      const status = await statusOf(url, flags.cluster);
      if (flags.output === 'json') process.stdout.write(`${JSON.stringify(status)}\n`);
      else {
        const rows = status.copies.map((c) => [c.name, String(c.revision), c.time, String(c.logs), c.until, c.hole]);
        writeTable(['COPY', 'REVISION', 'TIME', 'LOGS', 'RESTORABLE UNTIL', 'HOLE'], rows);
      }
    });
  withPoint(
    command
      .command('verify')
      .description('Rehearse a restore: read all that it would read, and hold it against its checksums and hashes.'),
  )
    .option('--scratch-dir <dir>', 'where the state is unpacked, and removed again (default: beside the archive)')
    .action(async (url: string, flags: PointFlags & { scratchDir?: string }) => {
      const progress = progressOn(process.stdout);
      const { archivePlace, verifyArchive } = await engines();
      const beside = dirname(archivePlace(url, process.env).root ?? tmpdir());
      await withScratch(resolve(flags.scratchDir ?? beside), async (scratch) => {
        const target = await targetOf(url, flags.cluster);
        const revision = await verifyArchive(target, pointOf(flags), scratch, (what, done, total) =>
          progress.at(`verifying the ${what}`, done, total),
        );
        progress.say(`The archive is whole up to there: revision ${revision} can be restored`);
      });
    });
  addPlaceFlags(
    withPoint(
      command
        .command('restore')
        .description(
          'Make the data directory of a new cluster of one replica, as of a revision or a time (default: the newest).',
        ),
    ),
    true,
  ).action(async (url: string, flags: PointFlags & PlaceFlags) => {
    const progress = progressOn(process.stdout);
    const place = placeOf(flags);
    const { restoreArchive } = await engines();
    const target = await targetOf(url, flags.cluster);
    const { revision, revisionBefore } = await withScratch(dirname(place.dataDir), (scratch) =>
      restoreArchive(target, pointOf(flags), place, scratch, (what, done, total) =>
        progress.at(`restoring the ${what}`, done, total),
      ),
    );
    progress.say(
      `Restored into ${place.dataDir}: a new cluster of ${place.name} alone, at revision ${revision} (${revisionBefore} in the archive).`,
    );
    progress.say('Start it, and join the other members anew with empty data directories.');
  });
}

function withCluster(command: Command): Command {
  return command
    .argument('<url>', 'what --archive-to says, e.g. file:///var/backups/quorate')
    .option('--cluster <id>', 'which cluster, where the archive holds several');
}

function withPoint(command: Command): Command {
  return withCluster(command)
    .option('--to-revision <n>', 'the newest resourceVersion that is to be there')
    .option('--to-time <time>', 'what was written later is left out, e.g. 2026-11-29T13:00:00Z');
}

/** Throws FatalError for what is no revision or time, and for both. */
function pointOf({ toRevision, toTime }: PointFlags): archive.RestorePoint {
  if (toRevision !== undefined && toTime !== undefined)
    throw new FatalError('give either --to-revision or --to-time, not both');
  if (toRevision !== undefined) {
    if (!/^\d{1,15}$/.test(toRevision)) throw new FatalError(`--to-revision ${toRevision} is no whole number`);
    return { revision: Number(toRevision) };
  }
  if (toTime === undefined) return {};
  const timeMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(toTime)
    ? Date.parse(toTime)
    : Number.NaN;
  if (Number.isNaN(timeMs))
    throw new FatalError(`--to-time ${toTime} is no time: write e.g. 2026-11-29T13:00:00Z (with the zone)`);
  return { timeMs };
}

/** The archive of the one cluster that is meant. Throws FatalError when that is not one. */
async function targetOf(url: string, cluster: string | undefined): Promise<archive.ArchiveTarget> {
  const { archivePlace, clusterDirectory } = await engines();
  const place = archivePlace(url, process.env);
  const found = await place.clusters();
  const ids = found.map(clusterDirectory);
  const wanted = cluster === undefined ? found : found.filter((id) => clusterDirectory(id) === cluster);
  const [only] = wanted;
  if (only === undefined)
    throw new FatalError(`${url} holds no archive${cluster === undefined ? '' : ` of the cluster ${cluster}`}`);
  if (wanted.length > 1)
    throw new FatalError(`${url} holds the archives of several clusters: give --cluster ${ids.join(' or --cluster ')}`);
  return place.target(only);
}

/** A directory for what is needed for a while. */
async function withScratch<T>(parent: string, work: (scratch: string) => Promise<T>): Promise<T> {
  makeDirectory(parent);
  const scratch = mkdtempSync(join(parent, '.quorate-archive-'));
  try {
    return await work(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface ArchiveSummary {
  readonly copies: readonly {
    readonly name: string;
    readonly revision: number;
    readonly time: string;
    /** Pieces of the log up to the next copy. */
    readonly logs: number;
    readonly until: string;
    /** Is the log between here and the next copy not whole? */
    readonly hole: string;
  }[];
}

async function statusOf(url: string, cluster: string | undefined): Promise<ArchiveSummary> {
  const { listingOf, endOf } = await engines();
  const { bases, logs } = listingOf(await (await targetOf(url, cluster)).list());
  return {
    copies: bases.map((base, i) => {
      const next = bases[i + 1]?.index ?? Number.POSITIVE_INFINITY;
      const between = logs.filter((log) => log.last > base.index && log.first <= next);
      const end = endOf({ bases: [base], logs: between }) ?? base.index;
      // Merged pieces lie among those that they are made of.
      const untilMs = Math.max(base.timeMs, ...between.filter((log) => log.last === end).map((log) => log.timeMs));
      const isWhole = Number.isFinite(next) ? end >= next : between.every((log) => log.last <= end);
      return {
        name: base.name,
        revision: base.revision,
        time: new Date(base.timeMs).toISOString(),
        logs: between.length,
        until: new Date(untilMs).toISOString(),
        hole: isWhole ? '' : `after ${new Date(untilMs).toISOString()}`,
      };
    }),
  };
}
