import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Deadlines } from './deadlines.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('What is not done in time is told once, what is done in time never', () => {
  const deadlines = new Deadlines();
  const expired: string[] = [];
  const in1s = { deadline: performance.now() + 1000, expire: () => expired.push('1 s') };
  const done = { deadline: performance.now() + 1000, expire: () => expired.push('done') };
  const in9s = { deadline: performance.now() + 9000, expire: () => expired.push('9 s') };
  for (const waiting of [in1s, done, in9s]) deadlines.add(waiting);
  expect(vi.getTimerCount()).toBe(1);
  deadlines.remove(done);
  vi.advanceTimersByTime(900);
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(350);
  expect(expired).toEqual(['1 s']);
  vi.advanceTimersByTime(8000);
  expect(expired).toEqual(['1 s', '9 s']);
});

test('Where nothing waits nothing runs, and it runs again when something does', () => {
  const deadlines = new Deadlines();
  let expired = 0;
  const soon = () => ({ deadline: performance.now() + 100, expire: () => expired++ });
  for (let round = 1; round <= 2; round++) {
    deadlines.add(soon());
    vi.advanceTimersByTime(1000);
    expect([expired, vi.getTimerCount()]).toEqual([round, 0]);
  }
});
