import { expect, it } from 'vitest';
import { SortedKeys } from './sorted-keys.js';

const textOf = (i: number): string => String(i).padStart(4, '0');
const COUNT = 1_300;
const ALL = Array.from({ length: COUNT }, (_, i) => textOf(2 * i));

/** In which order `COUNT` keys come: chunks of 512 are split in different places. */
const ORDERS: readonly (readonly [string, (i: number) => number])[] = [
  ['in order', (i) => i],
  ['backwards', (i) => COUNT - 1 - i],
  ['anyhow', (i) => (i * 7) % COUNT],
  ['from the middle on, then before it', (i) => (i < COUNT / 2 ? COUNT / 2 + i : i - COUNT / 2)],
];

it.each(ORDERS)('finds what lies between any two keys that came %s', (_, placeOf) => {
  const keys = new SortedKeys();
  for (let i = 0; i < COUNT; i++) keys.add(ALL[placeOf(i)] ?? '');
  expect([...keys.range('', '~')]).toEqual(ALL);
  expect([...keys.rangeDown('~', '')]).toEqual(ALL.toReversed());
  // Each key, and what lies between it and the next.
  for (let place = -1; place <= 2 * COUNT; place++) {
    const start = place < 0 ? '' : textOf(place);
    const from = Math.ceil(Math.max(place, 0) / 2);
    const within = ALL.slice(from, from + 2);
    const end = textOf(2 * (from + 2));
    if ([...keys.range(start, end)].join() !== within.join())
      expect([start, ...keys.range(start, end)]).toEqual(within);
    expect(keys.hasIn(start, textOf(2 * from))).toBe(false);
    expect(keys.hasIn(start, textOf(2 * from + 1))).toBe(from < COUNT);
    const down = Math.floor(place / 2);
    const below = down < 0 ? [] : ALL.slice(Math.max(0, down - 1), down + 1).toReversed();
    const lowest = down < 2 ? '' : textOf(2 * (down - 2));
    if (down < COUNT && [...keys.rangeDown(start, lowest)].join() !== below.join())
      expect([start, ...keys.rangeDown(start, lowest)]).toEqual(below);
  }
});

it('holds nothing at first, then what came', () => {
  const keys = new SortedKeys();
  expect([[...keys.range('', '~')], [...keys.rangeDown('~', '')], keys.hasIn('', '~')]).toEqual([[], [], false]);
  keys.add('b');
  expect([[...keys.range('', 'b')], [...keys.range('b', 'b0')], [...keys.range('b0', 'c')]]).toEqual([[], ['b'], []]);
  expect([[...keys.rangeDown('b', 'a')], [...keys.rangeDown('b', 'b')], [...keys.rangeDown('a', '')]]).toEqual([
    ['b'],
    [],
    [],
  ]);
  expect([keys.hasIn('a', 'b'), keys.hasIn('b', 'b0'), keys.hasIn('b0', 'c')]).toEqual([false, true, false]);
});
