import { expect, test } from 'vitest';
import { randomUuid } from './uuid.js';

test('is a random UUID of version 4, and never the same', () => {
  const seen = new Set<string>();
  // More than are made of one fetch of random bytes.
  for (let i = 0; i < 1000; i++) {
    const id = randomUuid();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    seen.add(id);
  }
  expect(seen.size).toBe(1000);
});

test('every bit but those of version and variant is random', () => {
  const ids = Array.from({ length: 500 }, () => BigInt(`0x${randomUuid().replaceAll('-', '')}`));
  const all = ids.reduce((a, b) => a | b);
  const common = ids.reduce((a, b) => a & b);
  expect(all.toString(16)).toBe('ffffffffffff4fffbfffffffffffffff');
  expect(common.toString(16)).toBe('40008000000000000000');
});
