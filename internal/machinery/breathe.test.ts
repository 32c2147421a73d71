import { setImmediate } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { atOnce, inTurns, Breath, BREATH_STEPS, nextTurn, mapInTurns, type Steps } from './breathe.js';

test('of all who wait one goes on in each turn of the loop, in the order in which they came', async () => {
  const told: string[] = [];
  const work = async (name: string): Promise<void> => {
    for (let i = 0; i < 2; i++) {
      await nextTurn();
      told.push(name);
    }
  };
  const all = Promise.all(['a', 'b', 'c'].map(work));
  for (let turn = 0; turn < 30; turn++) {
    const before = told.length;
    await setImmediate();
    expect(told.length - before).toBeLessThanOrEqual(1);
  }
  await all;
  expect(told).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
});

test('a breath is not due before a slice is over, however many steps were done', () => {
  const breath = new Breath();
  expect(breath.isDue(BREATH_STEPS)).toBe(false);
});

test('what is made of many items comes in their order, and others have their turn when it takes long', async () => {
  let turns = 0;
  const other = setInterval(() => turns++, 0);
  const made = await mapInTurns([1, 2, 3], (item, index) => {
    const end = performance.now() + 12;
    while (performance.now() < end);
    return `${index}:${item}`;
  });
  clearInterval(other);
  expect(made).toEqual(['0:1', '1:2', '2:3']);
  expect(turns).toBeGreaterThan(0);
});

test('work in steps comes to the same at once and in turns, in which others have theirs', async () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  function* steps(): Steps<number> {
    let sum = 0;
    for (let i = 0; i < 50; i++) {
      now += 5;
      sum += i;
      yield;
    }
    return sum;
  }
  expect(atOnce(steps())).toBe(1225);
  let [turns, ended] = [0, false];
  const turn = (): void => {
    turns++;
    if (!ended) globalThis.setImmediate(turn);
  };
  globalThis.setImmediate(turn);
  expect(await inTurns(steps())).toBe(1225);
  ended = true;
  vi.restoreAllMocks();
  expect(turns).toBeGreaterThanOrEqual(25);
});
