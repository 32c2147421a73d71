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
    expect(index.get(first - 1)).toBeUndefined();
    expect(index.get(first + list.length)).toBeUndefined();
    for (const at of [0, list.length >> 1, list.length - 1]) {
      if (list[at] !== undefined) expect(index.get(first + at)).toEqual(list[at]);
    }
  }
});

it('keeps all that it holds while it grows, and what lies behind what was dropped', () => {
  const index = new EntryIndex(1);
  for (let i = 1; i <= 5_000; i++) index.push(place(i));
  index.dropTo(4_000);
  for (let i = 5_001; i <= 12_000; i++) index.push(place(i));
  expect([index.first, index.last]).toEqual([4_001, 12_000]);
  const kept = Array.from({ length: 8_000 }, (_, i) => index.get(4_001 + i));
  expect(kept).toEqual(Array.from({ length: 8_000 }, (_, i) => place(4_001 + i)));
  // 100 bytes each.
  expect([index.indexBefore(0), index.indexBefore(100_000), index.indexBefore(800_000)]).toEqual([12_000, 11_000, 0]);
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
