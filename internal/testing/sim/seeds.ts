import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { buildBundle, bundleUrl } from './bundle.js';
import type { RunResult } from './run.js';

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

/** Runs many seeds on all processors. Resolves when all are done, or after the first failure if told so. */
export async function runSeeds(options: CampaignOptions): Promise<void> {
  const bundle = await buildBundle(options.bug);
  const workers = Math.min(options.workers ?? availableParallelism(), options.seeds.length);
  const waiting = [...options.seeds];
  let stopped = false;
  try {
    await Promise.all(
      Array.from({ length: workers }, async () => {
        const worker = new Worker(WORKER, {
          eval: true,
          workerData: bundleUrl(bundle),
          resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
        });
        const done = new Promise<void>((resolve, reject) => {
          worker.on('error', reject);
          worker.on('message', (result: RunResult | undefined) => {
            if (result !== undefined && !stopped) {
              options.onResult(result);
              stopped = options.stopAtFailure && result.failure !== undefined;
            }
            const next = stopped ? undefined : waiting.shift();
            if (next === undefined) resolve();
            else worker.postMessage(next);
          });
        });
        try {
          await done;
        } finally {
          await worker.terminate();
        }
      }),
    );
  } finally {
    bundle.remove();
  }
}
