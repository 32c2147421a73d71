import { expect, test } from 'vitest';
import { RetryAfter } from './retry-after.js';

test('clients stay away for longer while many are rejected, up to 32 seconds, and come back in time', () => {
  const retry = new RetryAfter();
  expect(retry.seconds).toBe(1);
  const seen = new Set<number>();
  let second = 1000;
  for (; second < 1200; second++) {
    for (let i = 0; i < 100; i++) retry.rejected(second);
    seen.add(retry.seconds);
  }
  expect([...seen]).toEqual([1, 2, 4, 8, 16, 32]);
  for (let i = 0; i < 40; i++) retry.rejected((second += 40));
  expect(retry.seconds).toBe(1);
});
