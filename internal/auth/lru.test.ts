import { expect, test } from 'vitest';
import { Lru } from './lru.js';

test('it holds so many, and drops what was used longest ago', () => {
  const lru = new Lru<number>(2);
  lru.set('a', 1);
  lru.set('b', 2);
  expect(lru.get('a')).toBe(1);
  lru.set('c', 3);
  expect([lru.get('a'), lru.get('b'), lru.get('c')]).toEqual([1, undefined, 3]);
});

test('what is set again is new, also when it was just read', () => {
  const lru = new Lru<number>(2);
  lru.set('a', 1);
  expect(lru.get('a')).toBe(1);
  lru.set('a', 2);
  expect(lru.get('a')).toBe(2);
});
