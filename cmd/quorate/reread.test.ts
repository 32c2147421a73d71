import { expect, test } from 'vitest';
import { reread } from './reread.js';

test('files are read again after a while; the value changes only with them, and not while they cannot be used', () => {
  let clock = 0;
  let content = 'a';
  let reads = 0;
  const current = reread(
    () => {
      reads++;
      if (content === '') throw new Error('empty');
      return { cert: content };
    },
    () => clock,
  );
  const first = current();
  content = 'b';
  expect(current()).toBe(first);
  clock = 10_000;
  expect(current()).toEqual({ cert: 'b' });
  const second = current();
  for (const [time, text] of [
    [20_000, 'b'],
    [30_000, ''],
    [39_999, 'c'],
  ] as const) {
    [clock, content] = [time, text];
    expect(current()).toBe(second);
  }
  clock = 40_000;
  expect(current()).toEqual({ cert: 'c' });
  expect(reads).toBe(5);
});
