import { expect, it } from 'vitest';
import { EntryIndex } from './entry-index.js';

const place = (i: number): { segment: number; offset: number; dataBytes: number; term: number } => ({
  segment: i >> 8,
  offset: i * 7,
  dataBytes: 76,
  term: 1 + (i >> 4),
});

it('agrees with a plain list over pushes, truncations and compactions', () => {
  const index = new EntryIndex(1);
  let first = 1;
  let list: ReturnType<typeof place>[] = [];
  let random = 12345;
  const below = (n: number): number => (random = (random * 1_103_515_245 + 12_345) % 2_147_483_648) % n;
  for (let step = 0; step < 800; step++) {
    const what = below(20);
    if (what === 0 && list.length > 0) {
      const to = first + below(list.length);
      list = list.slice(to + 1 - first);
      first = to + 1;
      index.dropTo(to);
    } else if (what === 1 && list.length > 0) {
      const from = first + below(list.length);
      list.length = from - first;
      index.truncate(from);
    } else {
      for (let i = 0; i < 10; i++) {
        const next = place(first + list.length);
        list.push(next);
        index.push(next);
      }
    }
    expect([index.first, index.last]).toEqual([first, first + list.length - 1]);
  }
  for (const [i, each] of list.entries()) expect(index.get(first + i)).toEqual(each);
  expect(index.get(first + list.length)).toBeUndefined();
  expect(index.get(first - 1)).toBeUndefined();
});

it('tells how far back a number of bytes reaches', () => {
  const index = new EntryIndex(5);
  expect(index.indexBefore(0)).toBe(0);
  // 100 bytes each.
  for (let i = 5; i < 15; i++) index.push(place(i));
  expect(index.indexBefore(0)).toBe(14);
  expect(index.indexBefore(250)).toBe(11);
  expect(index.indexBefore(900)).toBe(5);
  expect(index.indexBefore(901)).toBe(0);
  index.dropTo(7);
  expect(index.indexBefore(250)).toBe(11);
  expect(index.indexBefore(700)).toBe(0);
});

it('can be overwritten before its first entry', () => {
  const index = new EntryIndex(10);
  index.truncate(8);
  index.push(place(8));
  expect([index.first, index.last]).toEqual([8, 8]);
});
