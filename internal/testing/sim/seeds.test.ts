import { describe, expect, it } from 'vitest';
import { drawOptions, PROFILES } from './options.js';
import { Random } from './random.js';
import type { RunResult } from './run.js';
import { runSeeds, seedsFrom } from './seeds.js';

async function resultsOf(seeds: readonly number[]): Promise<RunResult[]> {
  const results: RunResult[] = [];
  await runSeeds({ seeds, workers: 1, stopAtFailure: false, onResult: (result) => results.push(result) });
  return results.sort((a, b) => a.seed - b.seed);
}

describe('a seed', () => {
  it('replays exactly, whatever ran before it, and finds nothing wrong', { timeout: 600_000 }, async () => {
    const seeds = [...new Set([...PROFILES, 'ambush'])].map((profile) => firstOf(profile));
    const once = await resultsOf(seeds);
    const again = await resultsOf(seeds.toReversed());
    expect(again).toEqual(once);
    expect(once.map(({ failure }) => failure)).toEqual(seeds.map(() => undefined));
    expect(new Set(once.map(({ fingerprint }) => fingerprint)).size).toBe(seeds.length);
  });
});

function firstOf(profile: string): number {
  const seed = seedsFrom(1, 200).find((each) => drawOptions(each, new Random(each)).profile === profile);
  if (seed === undefined) throw new Error(`none of the first seeds is of profile ${profile}`);
  return seed;
}
