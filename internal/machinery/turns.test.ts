import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Turns } from './turns.js';

/** Work of `ms` milliseconds by a clock that only work moves. */
function costly(ms: number) {
  let now = 0;
  const done: number[] = [];
  const turns = new Turns(() => now);
  const work = (i: number) => (): number => {
    now += ms;
    done.push(i);
    return i;
  };
  return { turns, done, work };
}

test('what costs little is done at once, however much of it there is', () => {
  const { turns, work } = costly(0.01);
  const all = Array.from({ length: 400 }, (_, i) => turns.run(work(i)));
  expect(all.every((one) => typeof one === 'number')).toBe(true);
});

test('what costs more than a slice together waits for later turns, in the order in which it came', async () => {
  const { turns, done, work } = costly(2);
  const all = Array.from({ length: 9 }, (_, i) => turns.run(work(i)));
  expect(done).toEqual([0, 1, 2]);
  await turn();
  expect(done).toEqual([0, 1, 2, 3, 4, 5]);
  // Whoever comes now is behind those who wait.
  const last = turns.run(work(9));
  await turn();
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(await Promise.all([...all, last].map(async (one) => one))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(turns.run(work(10))).toBe(10);
});

test('what work does in microtasks counts as its own', async () => {
  const { turns, done, work } = costly(2);
  const slow = (i: number) => (): Promise<number> => Promise.resolve().then(work(i));
  const all = Array.from({ length: 7 }, (_, i) => turns.run(slow(i)));
  // Nothing was measurable before the first microtask.
  await Promise.resolve();
  const later = Array.from({ length: 7 }, (_, i) => turns.run(slow(7 + i)));
  expect(done).toHaveLength(7);
  await turn();
  expect(done).toHaveLength(10);
  expect(await Promise.all([...all, ...later])).toHaveLength(14);
});

test('thousands that wait all have their turn, in order', async () => {
  const { turns, done, work } = costly(0.1);
  await Promise.all(Array.from({ length: 5_000 }, async (_, i) => turns.run(work(i))));
  expect(done).toEqual(Array.from({ length: 5_000 }, (_, i) => i));
});

test('work that waited and fails rejects, and the next goes on', async () => {
  const { turns, work } = costly(6);
  void turns.run(work(0));
  const failing = turns.run((): number => {
    throw new Error('no');
  });
  const next = turns.run(work(1));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe(1);
});

test('who waited for one thing goes on one after the other, a slice of them in a turn', async () => {
  const { turns, done, work } = costly(2);
  const all = Array.from({ length: 7 }, (_, i) => {
    const released = new Promise<void>((resolve) => turns.soon(resolve));
    return released.then(work(i));
  });
  await all[0];
  await new Promise((resolve) => process.nextTick(resolve));
  await turn();
  expect(done.length).toBeLessThanOrEqual(6);
  expect(await Promise.all(all)).toEqual([0, 1, 2, 3, 4, 5, 6]);
});
