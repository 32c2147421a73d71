import type { Bug } from './bugs.js';
import { drawOptions } from './options.js';
import { Random } from './random.js';
import type { RunResult } from './run.js';
import { runSeeds, seedsFrom } from './seeds.js';

/** How a hunt for a deliberate bug ended. */
export interface Hunt {
  /** Seeds run, the last one included. */
  readonly tried: number;
  /** The run that failed; undefined when none of all the seeds did. */
  readonly caught: RunResult | undefined;
}

/**
 * Looks for a deliberate bug until a seed fails, among the seeds from 1 to `bug.seedsMax`: first the one that is known to
 * have found it, then those of the profile that is likely to. Throws when the bug no longer fits the source.
 */
export async function hunt(bug: Bug, workers = 1): Promise<Hunt> {
  let tried = 0;
  let caught: RunResult | undefined;
  await runSeeds({
    seeds: orderFor(bug),
    bug: bug.name,
    workers,
    stopAtFailure: true,
    onResult: (result) => {
      tried += 1;
      if (result.failure !== undefined) caught = result;
    },
  });
  return { tried, caught };
}

function orderFor({ foundAt, profile, seedsMax }: Bug): number[] {
  const rest = seedsFrom(1, seedsMax).filter((seed) => seed !== foundAt);
  const isLikely = (seed: number): boolean => drawOptions(seed, new Random(seed)).profile === profile;
  return [foundAt, ...rest.filter(isLikely), ...rest.filter((seed) => !isLikely(seed))];
}
