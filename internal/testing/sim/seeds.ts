import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { buildBundle, bundleUrl } from './bundle.js';
import type { RunResult } from './run.js';

export interface CampaignOptions {
  readonly firstSeed: number;
  readonly seeds: number;
  /** A deliberate bug from bugs.ts. */
  readonly bug?: string;
  /** Default: one per processor. */
  readonly workers?: number;
  readonly stopAtFailure: boolean;
  readonly onResult: (result: RunResult) => void;
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
  const workers = Math.min(options.workers ?? availableParallelism(), options.seeds);
  let next = options.firstSeed;
  const end = options.firstSeed + options.seeds;
  let stopped = false;
  try {
    await Promise.all(
      Array.from({ length: workers }, async () => {
        const worker = new Worker(WORKER, { eval: true, workerData: bundleUrl(bundle) });
        const done = new Promise<void>((resolve, reject) => {
          worker.on('error', reject);
          worker.on('message', (result: RunResult | undefined) => {
            if (result !== undefined && !stopped) {
              options.onResult(result);
              stopped = options.stopAtFailure && result.failure !== undefined;
            }
            if (stopped || next >= end) {
              resolve();
              return;
            }
            worker.postMessage(next);
            next += 1;
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
