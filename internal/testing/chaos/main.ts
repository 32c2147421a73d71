import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { commandLine, numberOption, UsageError, wholeOption } from '../command-line.js';
import { REAL_BUGS } from './harness/bugs.js';
import { repoRoot } from './harness/cluster.js';
import { buildWithBugs } from './harness/program.js';
import { runChaos } from './harness/run.js';
import { FAULT_KINDS, type FaultKind } from './harness/schedule.js';

const USAGE = `npm run chaos -- [--minutes N] [--replicas 3|5] [--seed S] [--faults KIND,...] [--bug NAME]

Runs real replicas as processes, breaks them and the network between them, and judges what clients and watchers saw.
  --minutes N      how long (default 2)
  --replicas N     default 3
  --seed S         of faults and clients (default: the time)
  --faults LIST    only these kinds: ${FAULT_KINDS.join(', ')}
  --without LIST   all but these kinds
  --bug NAME,...   builds these deliberate bugs into the replicas: they must be found; --bug list names them
  --epoch SECONDS  of load and faults between two judgements (default 45)
  --clients N      default 10
  --keys N         objects that they fight for (default 5)
  --think MS       mean time between two calls of a client (default 25)
  --port BASE      60 ports from here on are used (default 31000)
  --keep           keep data and logs also when nothing is wrong`;

const OPTIONS = {
  minutes: { type: 'string', default: '2' },
  replicas: { type: 'string', default: '3' },
  seed: { type: 'string' },
  faults: { type: 'string' },
  without: { type: 'string', default: '' },
  bug: { type: 'string' },
  epoch: { type: 'string', default: '45' },
  clients: { type: 'string', default: '10' },
  keys: { type: 'string', default: '5' },
  think: { type: 'string', default: '25' },
  port: { type: 'string', default: '31000' },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

await commandLine(async () => {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) say(USAGE);
  else if (values.bug === 'list') for (const { name, about } of REAL_BUGS) say(`${name}: ${about}`);
  else {
    await run(values);
    // Not by itself: Node 20 may wait for ever for a handle of a broken connection (seen once in 30 runs).
    process.exit();
  }
});

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

/** What was asked for, in numbers. Throws UsageError. */
function settingsOf(values: Values) {
  return {
    seed: wholeOption('seed', values.seed ?? String(Date.now() % 1_000_000), 0),
    replicas: wholeOption('replicas', values.replicas, 1, 9),
    basePort: wholeOption('port', values.port, 1, 65_475),
    lengthMs: numberOption('minutes', values.minutes, 0) * 60_000,
    epochMs: numberOption('epoch', values.epoch, 1) * 1_000,
    clients: wholeOption('clients', values.clients, 1),
    keys: wholeOption('keys', values.keys, 1),
    thinkMs: numberOption('think', values.think, 0),
    kinds: kindsOf(values),
  };
}

async function run(values: Values): Promise<void> {
  const settings = settingsOf(values);
  const { seed } = settings;
  execFileSync(path.join(repoRoot, 'scripts/prepare'), { stdio: 'inherit' });
  const dir = mkdtempSync(path.join(os.tmpdir(), `quorate-chaos-${seed}-`));
  const bugs = values.bug?.split(',') ?? [];
  const strange = bugs.filter((name) => !REAL_BUGS.some((bug) => bug.name === name));
  if (strange.length > 0) throw new UsageError(`no such deliberate bug: ${strange.join(', ')} (--bug list names them)`);
  const program = bugs.length === 0 ? undefined : await buildWithBugs(bugs);
  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interrupted = true;
      say('ending after this epoch');
    });
  }
  const { stats, violations, report, skipped } = await runChaos({
    ...settings,
    dir,
    ...(program === undefined ? {} : { program: program.file }),
    say,
    interrupted: () => interrupted,
  }).finally(() => program?.remove());
  if (report !== '') say(`\n${report}\n`);
  const { epochs, seconds, calls, acknowledgedWrites, unknown, refused, watchEvents, streams, undecided } = stats;
  const faults = Object.entries(stats.faults).sort(([a], [b]) => (a < b ? -1 : 1));
  say(`faults: ${faults.map(([kind, n]) => `${kind} ${n}`).join(', ')}`);
  for (const text of skipped) say(`skipped: ${text}`);
  say(
    `seed ${seed}, ${values.replicas} replicas: ${(seconds / 60).toFixed(1)} minutes, ${epochs} epochs, ` +
      `${faults.reduce((sum, [, n]) => sum + n, 0)} faults, ${calls} calls (${acknowledgedWrites} acknowledged writes, ` +
      `${unknown} without an answer, ${refused} refused), ${watchEvents} events on ${streams} streams, ` +
      `${undecided} undecided; ${violations.length} violations`,
  );
  if (violations.length > 0) process.exitCode = 1;
  else if (!values.keep) rmSync(dir, { recursive: true, force: true });
}

function kindsOf(values: Values): FaultKind[] {
  const without = values.without.split(',');
  const wanted = values.faults?.split(',') ?? [...FAULT_KINDS];
  const unknown = [...wanted, ...without].filter((kind) => kind !== '' && !FAULT_KINDS.some((k) => k === kind));
  if (unknown.length > 0) throw new UsageError(`no such fault: ${unknown.join(', ')}`);
  return FAULT_KINDS.filter((kind) => wanted.includes(kind) && !without.includes(kind));
}
