import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Violation } from '../checks/history.js';
import { ChaosCluster } from './cluster.js';
import { type EpochResult, runEpoch } from './epoch.js';
import { describeFault, type FaultKind, type PlannedFault, schedule } from './schedule.js';

export interface RunOptions {
  readonly seed: number;
  readonly replicas: number;
  /** Where data, logs and evidence go; made when missing. */
  readonly dir: string;
  readonly basePort: number;
  /** Ends after the epoch in which this time is over. */
  readonly lengthMs: number;
  readonly epochMs: number;
  readonly clients: number;
  readonly keys: number;
  readonly thinkMs: number;
  readonly kinds: readonly FaultKind[];
  /** What the replicas run; default: the build in dist. */
  readonly program?: string;
  readonly say: (text: string) => void;
  /** True when these violations are all that was to be found; by default one is enough. */
  readonly enough?: (violations: readonly Violation[]) => boolean;
  /** True when somebody wants it to end. */
  readonly interrupted?: () => boolean;
}

export interface RunStats {
  epochs: number;
  seconds: number;
  calls: number;
  acknowledgedWrites: number;
  unknown: number;
  refused: number;
  lists: number;
  watchEvents: number;
  streams: number;
  faults: Record<string, number>;
  undecided: number;
}

export interface RunResult {
  readonly stats: RunStats;
  readonly violations: readonly Violation[];
  /** Faults that could not be tried here, with why. */
  readonly skipped: readonly string[];
  /** Text of the report, also in `dir` when there are violations. */
  readonly report: string;
}

/** In a log: what no fault from outside excuses. */
const ALARMS =
  /broken invariant|unexpected error|differ at revision|differs from that of the others|TypeError|RangeError|AssertionError|Unhandled/;

/** History kept, by seed: sometimes so little that watches are overtaken by compaction, also within one partition. */
const COMPACTION = ['5m0s', '3s', '10s'] as const;
/** Entries kept for replicas that are behind, by seed: mostly so few that seconds without a network cost a snapshot. */
const LOG_KEEP = [100_000, 50, 50, 10] as const;

/** Runs one cluster under chaos, epoch by epoch, until its time is over or a promise is broken. */
export async function runChaos(options: RunOptions): Promise<RunResult> {
  const { seed, replicas, dir, basePort, say, kinds } = options;
  mkdirSync(dir, { recursive: true });
  const compaction = COMPACTION[seed % COMPACTION.length] ?? '5m0s';
  const logKeep = LOG_KEEP[seed % LOG_KEEP.length] ?? 50;
  say(`seed ${seed}: ${replicas} replicas in ${dir}, history kept for ${compaction}, ${logKeep} entries of the log`);
  const wantsDisk = kinds.some((kind) => kind.startsWith('disk-'));
  const serveFlags = [`--etcd-compaction-interval=${compaction}`, `--log-keep-entries=${logKeep}`];
  const begun = performance.now();
  const { program } = options;
  const cluster = await ChaosCluster.start({
    dir,
    replicas,
    basePort,
    serveFlags,
    smallDisk: wantsDisk,
    ...(program === undefined ? {} : { program }),
  });
  const skipped: string[] = [];
  if (wantsDisk && cluster.disk === undefined) {
    skipped.push('faults of the disk: mounting a small one is not allowed here (it needs root)');
    say(`skipped: ${skipped[0]}`);
  }
  const freezes: readonly FaultKind[] = kinds.filter((kind) => kind === 'disk-slow' || kind === 'disk-stall');
  if (cluster.disk?.kind === 'tmpfs' && freezes.length > 0) {
    skipped.push(
      `${freezes.join(' and ')}: only a disk in memory can be mounted here (no loop device, or no mkfs.ext4)`,
    );
    say(`skipped: ${skipped[0]}`);
  }
  const usable = kinds.filter((kind) => {
    if (freezes.includes(kind)) return cluster.disk?.kind === 'ext4';
    return cluster.disk !== undefined || !kind.startsWith('disk-');
  });
  const stats = emptyStats();
  const violations: Violation[] = [];
  const lines: string[] = [];
  let kept = false;
  const { enough = (found) => found.length > 0 } = options;
  try {
    const over = (): boolean => performance.now() - begun > options.lengthMs || options.interrupted?.() === true;
    do {
      const number = stats.epochs + 1;
      const faults = schedule({ seed, epoch: number, lengthMs: options.epochMs, kinds: usable });
      say(`epoch ${number}: ${faults.length} faults`);
      const result = await runEpoch({
        cluster,
        number,
        seed,
        lengthMs: options.epochMs,
        clients: options.clients,
        keys: options.keys,
        thinkMs: options.thinkMs,
        faults,
        say,
        interrupted: () => options.interrupted?.() === true,
      });
      count(stats, result, faults);
      const found = [...result.violations, ...alarms(cluster)];
      violations.push(...found);
      say(summary(number, result));
      if (found.length > 0) {
        kept = true;
        lines.push(...reportLines(options, number, faults, result, found));
        save(dir, number, result);
      }
    } while (!enough(violations) && !over());
  } finally {
    await cluster.stop();
    cluster.unmount(kept);
  }
  stats.seconds = (performance.now() - begun) / 1000;
  const report = lines.join('\n');
  if (kept) writeFileSync(path.join(dir, 'report.txt'), `${report}\n`);
  return { stats, violations, skipped, report };
}

function emptyStats(): RunStats {
  return {
    epochs: 0,
    seconds: 0,
    calls: 0,
    acknowledgedWrites: 0,
    unknown: 0,
    refused: 0,
    lists: 0,
    watchEvents: 0,
    streams: 0,
    faults: {},
    undecided: 0,
  };
}

function count(stats: RunStats, { recorder, watches, undecided }: EpochResult, faults: readonly PlannedFault[]): void {
  stats.epochs += 1;
  stats.calls += recorder.operations.length + recorder.listings.length + recorder.localGets.length;
  for (const { outcome, request } of recorder.operations) {
    if (outcome.kind === 'ok' && request.kind !== 'get') stats.acknowledgedWrites += 1;
    if (outcome.kind === 'unknown') stats.unknown += 1;
    if (outcome.kind === 'refused') stats.refused += 1;
  }
  stats.lists += recorder.listings.length;
  for (const { items } of watches) {
    for (const { kind } of items) {
      if (kind === 'event') stats.watchEvents += 1;
      else if (kind === 'open') stats.streams += 1;
    }
  }
  for (const { kind } of faults) stats.faults[kind] = (stats.faults[kind] ?? 0) + 1;
  stats.undecided += undecided.length;
}

function summary(number: number, result: EpochResult): string {
  const stats = emptyStats();
  count(stats, result, []);
  const { calls, acknowledgedWrites, unknown, refused, watchEvents, streams } = stats;
  return (
    `epoch ${number}: ${calls} calls, ${acknowledgedWrites} acknowledged writes, ${unknown} without an answer, ` +
    `${refused} refused, ${watchEvents} events on ${streams} streams, up to revision ${result.revision}; ` +
    `${result.violations.length} violations${result.undecided.length === 0 ? '' : `, undecided: ${result.undecided.join(', ')}`}`
  );
}

/** Lines in the replicas' logs that no fault from outside excuses. */
function alarms(cluster: ChaosCluster): Violation[] {
  return cluster.names.flatMap((name) => {
    const found = readFileSync(cluster.logFile(name), 'utf8')
      .split('\n')
      .filter((line) => ALARMS.test(line));
    if (found.length === 0) return [];
    return [{ property: 'health' as const, text: `${name} says what it never should`, evidence: found.slice(0, 10) }];
  });
}

function reportLines(
  options: RunOptions,
  epoch: number,
  faults: readonly PlannedFault[],
  result: EpochResult,
  violations: readonly Violation[],
): string[] {
  const { seed, replicas, dir } = options;
  return [
    `${violations.length} violations in epoch ${epoch} of seed ${seed} with ${replicas} replicas`,
    `again: npm run chaos -- --seed ${seed} --replicas ${replicas}`,
    `data directories, logs and the whole history: ${dir}`,
    '',
    'planned faults:',
    ...faults.map((fault) => `  ${describeFault(fault)}`),
    '',
    'what happened (seconds of the epoch, and milliseconds as in the histories):',
    ...result.faultLog.map((line) => `  ${line}`),
    ...violations.flatMap(({ property, key, text, evidence }) => [
      '',
      `VIOLATION ${property}${key === undefined ? '' : ` of ${key}`}: ${text}`,
      ...evidence.map((line) => `  ${line}`),
    ]),
  ];
}

/** Keeps all that was seen, for who wants to look further. */
function save(dir: string, epoch: number, { recorder, watches }: EpochResult): void {
  const { operations, listings, localGets } = recorder;
  const history = { operations, listings, localGets, watches };
  const text = JSON.stringify(history, (_, value: unknown) => (value === Infinity ? 'never' : value));
  writeFileSync(path.join(dir, `history-${epoch}.json`), text);
}
