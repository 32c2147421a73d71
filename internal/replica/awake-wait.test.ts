import { expect, test } from 'vitest';
import { AwakeWait } from './awake-wait.js';

/** How often a wait asked whether it is over, of which each turn takes `turnMs` by its own clock, after `took`. */
async function turnsOf(options: { took: readonly number[]; processors?: number; turnMs?: number; overAfter?: number }) {
  const { took, processors = 2, turnMs = 0.01, overAfter = Number.POSITIVE_INFINITY } = options;
  let now = 0;
  const wait = new AwakeWait(processors, () => (now += turnMs));
  for (const ms of took) wait.took(ms);
  let asked = 0;
  wait.begin(() => ++asked > overAfter);
  for (let before = -1; before !== asked; ) {
    before = asked;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return asked;
}

test('the event loop turns until a quick disk has written, and no longer', async () => {
  expect(await turnsOf({ took: [0.2], overAfter: 5 })).toBe(6);
});

test('it turns for 0.4 ms at most', async () => {
  expect(await turnsOf({ took: [0.2], turnMs: 0.1 })).toBe(4);
});

test('it turns 512 times at most where the clock stands still', async () => {
  expect(await turnsOf({ took: [0.2], turnMs: 0 })).toBe(511);
});

test('it sleeps where nothing is known of the disk, where the disk is slow, and where there is one processor', async () => {
  expect(await turnsOf({ took: [] })).toBe(0);
  expect(await turnsOf({ took: [0.5] })).toBe(0);
  expect(await turnsOf({ took: [0.2], processors: 1 })).toBe(0);
});

test('what is usual is what was so most of the time lately', async () => {
  const often = (ms: number): number[] => Array.from({ length: 60 }, () => ms);
  expect(await turnsOf({ took: [...often(0.2), 2], overAfter: 1 })).toBe(2);
  expect(await turnsOf({ took: [...often(0.2), ...often(2)], overAfter: 1 })).toBe(0);
  expect(await turnsOf({ took: [...often(2), ...often(0.2)], overAfter: 1 })).toBe(2);
});
