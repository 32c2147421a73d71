import { parseArgs } from 'node:util';
import { commandLine, UsageError, wholeOption } from '../command-line.js';
import { BUGS } from './bugs.js';
import { hunt } from './hunt.js';
import { FAULT_KINDS } from './options.js';
import type { RunResult } from './run.js';
import { runSeeds, seedsFrom } from './seeds.js';

const USAGE = `npm run sim -- [--seeds N] [--first N] [--bug NAME] [--workers N] [--verbose]

Runs whole clusters in simulated time, one per seed: the real replica on simulated disks, network and clocks.
  --seeds N    how many (default 200)
  --first N    the first seed (default 1); --first S --seeds 1 replays a failure exactly
  --bug NAME   with this deliberate bug in the code; --bug list names them, --bug all hunts for each in turn
  --workers N  threads (default: one per processor)
  --verbose    one line per seed`;

const OPTIONS = {
  seeds: { type: 'string', default: '200' },
  first: { type: 'string', default: '1' },
  bug: { type: 'string' },
  workers: { type: 'string' },
  verbose: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const HOUR_MS = 3_600_000;
/** So many seeds must have seen every kind of fault. */
const EVERY_FAULT_SEEDS = 500;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

await commandLine(async () => {
  const { values } = parseArgs({ options: OPTIONS });
  const { bug, verbose } = values;
  const workers = values.workers === undefined ? {} : { workers: wholeOption('workers', values.workers, 1) };
  if (values.help) say(USAGE);
  else if (bug === 'list') for (const { name } of BUGS) say(name);
  else if (bug === 'all') await huntAll(workers.workers);
  else {
    if (bug !== undefined && !BUGS.some(({ name }) => name === bug)) {
      throw new UsageError(`no such deliberate bug: ${bug} (--bug list names them)`);
    }
    const seeds = seedsFrom(wholeOption('first', values.first, 0), wholeOption('seeds', values.seeds, 1));
    await campaign(seeds, verbose, { ...(bug === undefined ? {} : { bug }), ...workers });
  }
});

interface Settings {
  readonly bug?: string;
  readonly workers?: number;
}

async function campaign(seeds: readonly number[], verbose: boolean, settings: Settings): Promise<void> {
  const total = { runs: 0, simulatedMs: 0, steps: 0, elections: 0, calls: 0, acknowledged: 0, watchEvents: 0 };
  const faults = new Map<string, number>();
  const effects = new Map<string, number>();
  let failures = 0;
  const begun = performance.now();
  await runSeeds({
    seeds,
    ...settings,
    stopAtFailure: true,
    onResult: (result) => {
      total.runs += 1;
      total.simulatedMs += result.simulatedMs;
      total.steps += result.steps;
      total.elections += result.elections;
      total.calls += result.calls;
      total.acknowledged += result.acknowledgedWrites;
      total.watchEvents += result.watchEvents;
      addTo(faults, result.faults);
      addTo(effects, result.effects);
      if (verbose) say(lineOf(result));
      if (result.failure !== undefined) {
        failures += 1;
        report(result, settings.bug);
      }
    },
  });
  const seconds = (performance.now() - begun) / 1000;
  const faultCount = [...faults.values()].reduce((sum, count) => sum + count, 0);
  say(`faults: ${describe(faults)}`);
  say(`what came of them: ${describe(effects)}`);
  say(
    `${total.runs} seeds in ${seconds.toFixed(1)} s (${(total.runs / seconds).toFixed(1)} seeds/s), ` +
      `${(total.simulatedMs / HOUR_MS).toFixed(2)} simulated hours: ${total.steps} steps, ${faultCount} faults, ` +
      `${total.elections} elections, ${total.calls} calls, ${total.acknowledged} acknowledged writes, ` +
      `${total.watchEvents} watch events; ${failures} violations`,
  );
  const absent = FAULT_KINDS.filter((kind) => !faults.has(kind));
  if (total.runs >= EVERY_FAULT_SEEDS && absent.length > 0) {
    say(`never happened: ${absent.join(', ')}`);
    process.exitCode = 1;
  }
  if (failures > 0) process.exitCode = 1;
}

function addTo(sums: Map<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + count);
}

function describe(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

/** Every deliberate bug, each until a seed finds it. */
async function huntAll(workers: number | undefined): Promise<void> {
  let found = 0;
  for (const bug of BUGS) {
    const begun = performance.now();
    const { caught, tried } = await hunt(bug, workers);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    if (caught?.failure === undefined) {
      say(`${bug.name}: not found by ${tried} seeds (${seconds} s)`);
      continue;
    }
    found += 1;
    const [sentence] = caught.failure.message.split('\n');
    say(`${bug.name}: seed ${caught.seed} (${caught.options.profile}), ${tried} tried, ${seconds} s: ${sentence}`);
  }
  say(`${found} of ${BUGS.length} deliberate bugs found`);
  if (found < BUGS.length) process.exitCode = 1;
}

function lineOf(result: RunResult): string {
  const { seed, options, fingerprint, simulatedMs, steps, elections, committed, faults } = result;
  return `seed ${seed}: ${options.profile}, ${options.voters} replicas, ${simulatedMs} ms, ${steps} steps, ${elections} elections, ${committed} entries, faults ${JSON.stringify(faults)}, fingerprint ${fingerprint}`;
}

function report(result: RunResult, bug: string | undefined): void {
  const { failure, options, seed } = result;
  if (failure === undefined) return;
  say(`seed ${seed} failed. ${failure.message}`);
  say(`options: ${JSON.stringify(options)}`);
  for (const line of failure.journal) say(`  ${line}`);
  say(`replay: npm run sim -- --first ${seed} --seeds 1${bug === undefined ? '' : ` --bug ${bug}`}`);
}
