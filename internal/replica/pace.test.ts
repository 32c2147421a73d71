import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { paced } from './pace.js';

const KIB = 1024;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function* chunksOf(sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (const size of sizes) yield Buffer.alloc(size);
}

/** After how many ms each chunk came, where its taker takes `takesMs` for each, and there are writes or none. */
async function arrivals(sizes: readonly number[], isWritten: boolean, takesMs = 0): Promise<number[]> {
  const began = performance.now();
  const times: number[] = [];
  let index = 7;
  const taken = (async () => {
    for await (const chunk of paced(chunksOf(sizes), () => (isWritten ? index++ : index))) {
      expect(chunk).toHaveLength(sizes[times.length] ?? 0);
      times.push(performance.now() - began);
      vi.advanceTimersByTime(takesMs);
    }
  })();
  await vi.runAllTimersAsync();
  await taken;
  return times;
}

it('a snapshot leaves at 20 MiB a second while there are writes, and at 80 while there are none', async () => {
  const sizes = [4096 * KIB, 2048 * KIB, 4096 * KIB, 1];
  expect(await arrivals(sizes, true)).toEqual([0, 200, 300, 500]);
  expect(await arrivals(sizes, false)).toEqual([0, 50, 75, 125]);
});

it('small pieces of a snapshot leave in slices of 256 KiB', async () => {
  const piece = 128 * KIB;
  expect(await arrivals([piece, piece, piece, piece, piece], true)).toEqual([0, 0, 12, 12, 24]);
  expect(await arrivals([piece, piece - 1, piece, piece], true)).toEqual([0, 0, 0, 18]);
});

it('what a taker of a snapshot takes itself is no reason to wait longer', async () => {
  const sizes = [4096 * KIB, 4096 * KIB, 4096 * KIB];
  expect(await arrivals(sizes, true, 150)).toEqual([0, 200, 400]);
  expect(await arrivals(sizes, true, 250)).toEqual([0, 250, 500]);
});
