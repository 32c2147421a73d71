import { expect, it } from 'vitest';
import { Random } from '../testing/sim/random.js';
import { SortedKeys } from './sorted-keys.js';

it.each([
  ['in order', (i: number): string => String(i).padStart(6, '0')],
  ['backwards', (i: number): string => String(100_000 - i).padStart(6, '0')],
  ['anyhow', (i: number): string => String((i * 7_919) % 100_003).padStart(6, '0')],
])('holds thousands of keys that come %s, in order', (_, keyOf) => {
  const keys = new SortedKeys();
  const all: string[] = [];
  for (let i = 0; i < 5_000; i++) {
    keys.add(keyOf(i));
    all.push(keyOf(i));
  }
  all.sort();
  expect([...keys.range('', '~')]).toEqual(all);
  expect([...keys.rangeDown('~', '')]).toEqual(all.toReversed());
  const random = new Random(1);
  for (let i = 0; i < 200; i++) {
    const pick = (): string => (random.chance(0.5) ? random.pick(all) : `${random.pick(all)}x`);
    const [start = '', end = ''] = [pick(), pick()].sort();
    const within = all.filter((key) => key >= start && key < end);
    expect([...keys.range(start, end)]).toEqual(within);
    expect(keys.hasIn(start, end)).toBe(within.length > 0);
    expect([...keys.rangeDown(end, start)]).toEqual(all.filter((key) => key > start && key <= end).toReversed());
  }
});
