import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Scrub } from './scrub.js';
import type { StateStore } from './state.js';
import { applyTo, openState, putCommand } from './state.testkit.js';

let directory = '';
let state: StateStore;
let scrub: Scrub;
let broken: unknown[] = [];
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-scrub-'));
  state = openState(join(directory, 'state'));
  for (let i = 0; i < 40; i++) applyTo(state, putCommand(`a/${i}`, 'x'));
  applyTo(state, putCommand('b', Buffer.alloc(70_000)), putCommand('c', 'x'));
  state.commit();
  await state.whenCommitted();
  // Timers are ours from now on; LMDB needs none to be read.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  broken = [];
});
afterEach(async () => {
  scrub.stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
  await state.close();
  rmSync(directory, { recursive: true, force: true });
});

const scrubEvery = (intervalMs: number): Scrub =>
  new Scrub({
    state,
    intervalMs,
    onCorrupt: (error) => {
      throw error;
    },
    onBrokenOff: (error) => broken.push(error),
  });
/** The clock stands still but for `ms` at each look: a slice takes 2. */
function clock(ms: number): void {
  let now = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += ms));
}
const passesAfter = async (ms: number): Promise<number> => {
  await vi.advanceTimersByTimeAsync(ms);
  return scrub.progress.passes;
};
const ROWS = 42 + 42;

test('The first pass begins a minute after the start, each other when the interval is over', async () => {
  clock(0);
  scrub = scrubEvery(3_600_000);
  scrub.start();
  expect(await passesAfter(59_999)).toBe(0);
  expect(await passesAfter(1)).toBe(1);
  expect(scrub.progress).toEqual({ passes: 1, lastRows: ROWS, lastSeconds: 0, lastRevision: 42, rows: 0 });
  expect(await passesAfter(3_599_999)).toBe(1);
  expect(await passesAfter(1)).toBe(2);
  scrub.stop();
  expect(await passesAfter(7_200_000)).toBe(2);
  expect(broken).toEqual([]);
});

test('The first pass begins sooner where the interval is shorter, and none when it was stopped before', async () => {
  clock(0);
  scrub = scrubEvery(5_000);
  scrub.start();
  expect(await passesAfter(4_999)).toBe(0);
  expect(await passesAfter(1)).toBe(1);
  expect(await passesAfter(5_000)).toBe(2);
  scrub.stop();
  scrub = scrubEvery(5_000);
  scrub.start();
  scrub.stop();
  expect(await passesAfter(60_000)).toBe(0);
});

test('A pass is idle for 10 ms after each 2 ms: it looks at the clock every 16 rows, or 64 KiB', async () => {
  clock(1.5);
  scrub = scrubEvery(1_000_000);
  const pass = scrub.run();
  await vi.advanceTimersByTimeAsync(0);
  const rows = [scrub.progress.rows];
  await vi.advanceTimersByTimeAsync(9);
  expect(scrub.progress.rows).toBe(rows[0]);
  await vi.advanceTimersByTimeAsync(1);
  rows.push(scrub.progress.rows);
  await vi.advanceTimersByTimeAsync(10);
  await pass;
  // Two looks are 3 ms: at rows 16 and 32; at row 41, which is large, and the 16th of the next table; there is one more.
  expect(rows).toEqual([32, 58]);
  expect(scrub.progress).toMatchObject({ passes: 1, lastRows: ROWS, rows: 0 });
  expect(scrub.progress.lastSeconds).toBeGreaterThan(0.005);
  expect(scrub.progress.lastSeconds).toBeLessThan(1);
});

test('A pass that is stopped between two slices has not ended', async () => {
  clock(2);
  scrub = scrubEvery(1_000_000);
  const pass = scrub.run();
  await vi.advanceTimersByTimeAsync(0);
  expect(scrub.progress.rows).toBe(16);
  scrub.stop();
  await pass;
  expect(scrub.progress).toEqual({ passes: 0, lastRows: 0, lastSeconds: 0, lastRevision: 0, rows: 0 });
});

test('A pass that cannot be made is told, and the next is tried in its time', async () => {
  scrub = scrubEvery(5_000);
  await state.close();
  scrub.start();
  expect(await passesAfter(5_000)).toBe(0);
  expect(broken).toHaveLength(1);
  expect(await passesAfter(5_000)).toBe(0);
  expect(broken).toHaveLength(2);
});
