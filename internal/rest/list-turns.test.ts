import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { ListTurns } from './list-turns.js';

/** As a page that is long to read. */
function busy(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}
const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('few lists do not wait, many leave others their turn', async () => {
  const turns = new ListTurns();
  expect(turns.turn()).toBeUndefined();
  expect(turns.turn()).toBeUndefined();
  busy(10);
  const done: number[] = [];
  const lists = Array.from({ length: 5 }, async (_, i) => {
    await turns.turn();
    busy(5);
    done.push(i);
  });
  const seen: number[] = [];
  while (done.length < 5) {
    await turnOfTheLoop();
    seen.push(done.length);
  }
  await Promise.all(lists);
  // In each turn of the loop one page at most, in the order of their coming.
  expect(seen.every((count, i) => count - (seen[i - 1] ?? 0) <= 1)).toBe(true);
  expect(done).toEqual([0, 1, 2, 3, 4]);
  await turnOfTheLoop();
  await turnOfTheLoop();
  expect(turns.turn()).toBeUndefined();
});

test('while lists are many one page is written in a turn, however many sockets have room', async () => {
  const turns = new ListTurns();
  let written = 0;
  turns.soon(() => written++);
  expect(written).toBe(1);
  // No time is left in this turn.
  busy(10);
  for (let i = 0; i < 5; i++) turns.soon(() => written++);
  expect(turns.isCrowded).toBe(true);
  const seen = [written];
  while (written < 6) {
    await turnOfTheLoop();
    seen.push(written);
  }
  expect(seen.every((count, i) => count - (seen[i - 1] ?? 1) <= 1)).toBe(true);
});

test('a list that has begun is ended before others begin, a long one takes turns', async () => {
  const turns = new ListTurns();
  const order: string[] = [];
  let rest = 0;
  const list = (name: string, pages: number): void => {
    rest += pages;
    let page = 0;
    const step = (): void => {
      order.push(name);
      rest--;
      if (++page < pages) turns.later(step, page);
    };
    turns.later(step);
  };
  list('short', 3);
  list('other', 2);
  while (rest > 0) await turnOfTheLoop();
  expect(order).toEqual(['short', 'short', 'short', 'other', 'other']);
  order.length = 0;
  list('long', 12);
  list('other', 1);
  while (rest > 0) await turnOfTheLoop();
  expect(order.indexOf('other')).toBeLessThan(12);
  expect(order).toHaveLength(13);
});
