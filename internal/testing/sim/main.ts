import { parseArgs } from 'node:util';
import { BUGS } from './bugs.js';
import type { RunResult } from './run.js';
import { runSeeds } from './seeds.js';

const USAGE = `npm run sim -- [--seeds N] [--first N] [--bug NAME] [--workers N] [--verbose]

Runs whole clusters in simulated time, one per seed: the real replica on simulated disks, network and clocks.
  --seeds N    how many (default 200)
  --first N    the first seed (default 1); --first S --seeds 1 replays a failure exactly
  --bug NAME   with this deliberate bug in the code; --bug list names them
  --workers N  threads (default: one per processor)
  --verbose    one line per seed`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    first: { type: 'string', default: '1' },
    bug: { type: 'string' },
    workers: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const HOUR_MS = 3_600_000;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

if (values.help) say(USAGE);
else if (values.bug === 'list') for (const bug of BUGS) say(bug.name);
else await campaign();

async function campaign(): Promise<void> {
  const total = {
    runs: 0,
    simulatedMs: 0,
    steps: 0,
    elections: 0,
    calls: 0,
    acknowledged: 0,
    watchEvents: 0,
    faults: 0,
  };
  let failures = 0;
  const begun = performance.now();
  await runSeeds({
    firstSeed: Number(values.first),
    seeds: Number(values.seeds),
    ...(values.bug === undefined ? {} : { bug: values.bug }),
    ...(values.workers === undefined ? {} : { workers: Number(values.workers) }),
    stopAtFailure: true,
    onResult: (result) => {
      total.runs += 1;
      total.simulatedMs += result.simulatedMs;
      total.steps += result.steps;
      total.elections += result.elections;
      total.calls += result.calls;
      total.acknowledged += result.acknowledgedWrites;
      total.watchEvents += result.watchEvents;
      for (const count of Object.values(result.faults)) total.faults += count;
      if (values.verbose) say(lineOf(result));
      if (result.failure !== undefined) {
        failures += 1;
        report(result);
      }
    },
  });
  const seconds = (performance.now() - begun) / 1000;
  say(
    `${total.runs} seeds in ${seconds.toFixed(1)} s (${(total.runs / seconds).toFixed(1)} seeds/s), ` +
      `${(total.simulatedMs / HOUR_MS).toFixed(2)} simulated hours: ${total.steps} steps, ${total.faults} faults, ` +
      `${total.elections} elections, ${total.calls} calls, ${total.acknowledged} acknowledged writes, ` +
      `${total.watchEvents} watch events; ${failures} violations`,
  );
  if (failures > 0) process.exitCode = 1;
}

function lineOf(result: RunResult): string {
  const { seed, options, fingerprint, simulatedMs, steps, elections, committed, faults } = result;
  return `seed ${seed}: ${options.profile}, ${options.voters} replicas, ${simulatedMs} ms, ${steps} steps, ${elections} elections, ${committed} entries, faults ${JSON.stringify(faults)}, fingerprint ${fingerprint}`;
}

function report(result: RunResult): void {
  const { failure, options, seed } = result;
  if (failure === undefined) return;
  say(`seed ${seed} failed. ${failure.message}`);
  say(`options: ${JSON.stringify(options)}`);
  for (const line of failure.journal) say(`  ${line}`);
  say(`replay: npm run sim -- --first ${seed} --seeds 1${values.bug === undefined ? '' : ` --bug ${values.bug}`}`);
}
