import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { buildBundle, bundleUrl } from './bundle.js';
import { drawOptions } from './options.js';
import { Random } from './random.js';
import type { RunResult } from './run.js';
import { COMES_TO_REST } from './world.js';

export interface CampaignOptions {
  /** In the order in which they are run. */
  readonly seeds: readonly number[];
  /** A deliberate bug from bugs.ts. */
  readonly bug?: string;
  /** Default: one per processor. */
  readonly workers?: number;
  readonly stopAtFailure: boolean;
  readonly onResult: (result: RunResult) => void;
}

/** A run that takes longer than this on any machine goes round without an end of an event. */
const RUN_MS_MAX = 300_000;
/** What a run may hold: ten times what any needs. */
const HEAP_MIB_MAX = 1_024;
/** What a run makes is garbage soon; with room for it the collector hardly has to copy anything. */
const YOUNG_MIB = 96;

/** `count` seeds from `first` on. */
export function seedsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** What each worker thread runs: seeds, as they are handed to it. */
const WORKER = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData).then(({ runSeed }) => {
  parentPort.on('message', async (seed) => parentPort.postMessage(await runSeed(seed)));
  parentPort.postMessage(undefined);
});
`;

/**
 * Runs many seeds on all processors. Resolves when all are done, or after the first failure if told so. A seed that has not
 * ended within 5 minutes, or holds more than 1 GiB, has failed.
 */
export async function runSeeds(options: CampaignOptions): Promise<void> {
  const bundle = await buildBundle(options.bug);
  const workers = Math.min(options.workers ?? availableParallelism(), options.seeds.length);
  const waiting = [...options.seeds];
  let stopped = false;
  const take = (): number | undefined => (stopped ? undefined : waiting.shift());
  const give = (result: RunResult): void => {
    if (stopped) return;
    options.onResult(result);
    stopped = options.stopAtFailure && result.failure !== undefined;
  };
  const work = async (): Promise<void> => {
    // One that a seed has brought down is followed by another.
    while (!stopped && waiting.length > 0) await runWorker(bundleUrl(bundle), take, give);
  };
  try {
    await Promise.all(Array.from({ length: workers }, work));
  } finally {
    bundle.remove();
  }
}

/** Runs seeds in a thread of its own, until there are no more or one does not end. */
async function runWorker(
  url: string,
  take: () => number | undefined,
  give: (result: RunResult) => void,
): Promise<void> {
  const worker = new Worker(WORKER, {
    eval: true,
    workerData: url,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB, maxOldGenerationSizeMb: HEAP_MIB_MAX },
  });
  let seed: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const done = new Promise<void>((resolve, reject) => {
    const endless = (why: string): void => {
      if (seed !== undefined) give(endlessRun(seed, why));
      resolve();
    };
    worker.on('error', (error: Error & { readonly code?: string }) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') endless(`more than ${HEAP_MIB_MAX} MiB are held`);
      else reject(error);
    });
    worker.on('message', (result: RunResult | undefined) => {
      clearTimeout(timer);
      if (result !== undefined) give(result);
      seed = take();
      if (seed === undefined) {
        resolve();
        return;
      }
      worker.postMessage(seed);
      timer = setTimeout(() => endless(`it has not ended after ${RUN_MS_MAX / 1000} s`), RUN_MS_MAX);
    });
  });
  try {
    await done;
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

/** What is known of a run that had to be stopped from outside. */
function endlessRun(seed: number, why: string): RunResult {
  return {
    seed,
    options: drawOptions(seed, new Random(seed)),
    simulatedMs: 0,
    steps: 0,
    elections: 0,
    committed: 0,
    calls: 0,
    acknowledgedWrites: 0,
    linearizableReads: 0,
    watchEvents: 0,
    watchesResumed: 0,
    watchesCompacted: 0,
    faults: {},
    effects: {},
    failure: { property: COMES_TO_REST, message: `${COMES_TO_REST}: ${why}`, journal: [] },
    fingerprint: 0,
  };
}
