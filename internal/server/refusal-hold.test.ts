import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import type { Answer } from './http-listener.js';
import { RefusalHold } from './refusal-hold.js';

const answer: Answer = { reply: { status: 429, contentType: 'text/plain', body: 'later' }, auditId: 'a' };
const PLENTY_MS = 15_000;
const stays = (): void => undefined;
const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Clients that may all go away at once. */
function clients() {
  const listeners: (() => void)[] = [];
  const onAborted = (listener: () => void): void => void listeners.push(listener);
  return { onAborted, leave: () => listeners.splice(0).forEach((listener) => listener()) };
}

test('a refusal is told later, as it is', async () => {
  const refusals = new RefusalHold();
  const begun = performance.now();
  const told = refusals.hold(answer, PLENTY_MS, stays);
  expect(told).toBeInstanceOf(Promise);
  expect(refusals.count).toBe(1);
  expect(await told).toBe(answer);
  expect(performance.now() - begun).toBeGreaterThan(200);
  expect(refusals.count).toBe(0);
});

test('many that come together leave a few at a time', async () => {
  const refusals = new RefusalHold();
  let told = 0;
  const all = Array.from({ length: 100 }, async () => {
    await refusals.hold(answer, PLENTY_MS, stays);
    told++;
  });
  let most = 0;
  while (told < 100) {
    const before = told;
    await turnOfTheLoop();
    most = Math.max(most, told - before);
  }
  await Promise.all(all);
  expect(most).toBeLessThanOrEqual(20);
});

test('what finds no room is told at once, and who goes away makes room', async () => {
  const refusals = new RefusalHold();
  const { onAborted, leave } = clients();
  const held: Promise<Answer>[] = [];
  for (;;) {
    const told = refusals.hold(answer, PLENTY_MS, onAborted);
    if (!(told instanceof Promise)) break;
    held.push(told);
  }
  // 20 in each slot of 10 ms from a quarter of a second to a second.
  expect(held).toHaveLength(20 * 76);
  expect(refusals.count).toBe(held.length);
  leave();
  expect(await Promise.all(held)).toEqual(held.map(() => answer));
  expect(refusals.count).toBe(0);
  const told = refusals.hold(answer, PLENTY_MS, onAborted);
  expect(told).toBeInstanceOf(Promise);
  leave();
  await told;
});

test('one with little time left is told within it, or at once', async () => {
  const refusals = new RefusalHold();
  expect(refusals.hold(answer, 9, stays)).toBe(answer);
  const order: string[] = [];
  await Promise.all([
    Promise.resolve(refusals.hold(answer, PLENTY_MS, stays)).then(() => order.push('others')),
    Promise.resolve(refusals.hold(answer, 30, stays)).then(() => order.push('in a hurry')),
  ]);
  expect(order).toEqual(['in a hurry', 'others']);
});
