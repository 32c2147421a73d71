import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { StartTurns } from './start-turns.js';

/** As a request that takes long when it begins. */
function busy(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}
const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('requests that got seats together leave others their turn when they begin', async () => {
  const turns = new StartTurns();
  let [left, begun] = [10, 0];
  turns.ask(() => {
    if (left === 0) return false;
    left--;
    // What a request does comes behind promises.
    void Promise.resolve()
      .then(() => undefined)
      .then(() => {
        busy(3);
        begun++;
      });
    return true;
  });
  const seen = [0];
  while (begun < 10) {
    await turnOfTheLoop();
    seen.push(begun);
  }
  // One fills its turn.
  expect(Math.max(...seen.slice(1).map((count, i) => count - (seen[i] ?? 0)))).toBe(1);
});

test('levels take turns, and one that has nothing to begin is asked no more', async () => {
  const turns = new StartTurns();
  const order: string[] = [];
  const level = (name: string, count: number) => {
    let left = count;
    const next = (): boolean => {
      if (left === 0) return false;
      left--;
      order.push(name);
      return true;
    };
    turns.ask(next);
    return next;
  };
  const [first] = [level('a', 3), level('b', 2)];
  expect(turns.isAsked(first)).toBe(true);
  while (turns.isAsked(first)) await turnOfTheLoop();
  expect(order).toEqual(['a', 'b', 'a', 'b', 'a']);
});
