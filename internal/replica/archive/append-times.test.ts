import { afterEach, expect, it, vi } from 'vitest';
import { AppendTimes } from './append-times.js';

afterEach(() => void vi.restoreAllMocks());

let clock = 0;
function at<T>(ms: number, work: () => T): T {
  clock = ms;
  vi.spyOn(Date, 'now').mockImplementation(() => clock);
  return work();
}

it('an entry has the time of its append, and what was there at the start that of the start', () => {
  const times = at(1_000, () => new AppendTimes(10));
  at(2_000, () => times.note(11, 13));
  at(3_000, () => times.note(14, 14));
  at(4_000, () => times.note(15, 20));
  clock = 9_000;
  expect([1, 10, 11, 13, 14, 15, 20].map((index) => times.timeOf(index))).toEqual([
    1_000, 1_000, 2_000, 2_000, 3_000, 4_000, 4_000,
  ]);
});

it('entries of a new leader have the time at which they took the place of others, and no clock goes back', () => {
  const times = at(1_000, () => new AppendTimes(10));
  at(2_000, () => times.note(11, 13));
  at(3_000, () => times.note(14, 16));
  at(2_500, () => times.note(12, 12));
  expect([10, 11, 12].map((index) => times.timeOf(index))).toEqual([1_000, 3_000, 3_000]);
  at(5_000, () => times.note(3, 5));
  expect([4, 5].map((index) => times.timeOf(index))).toEqual([5_000, 5_000]);
});

it('65536 appends are remembered; half of them are forgotten then, and have the earliest time that is known', () => {
  const times = at(0, () => new AppendTimes(0));
  for (let i = 1; i < 65_536; i++) at(i, () => times.note(i, i));
  expect([1, 2, 65_535].map((index) => times.timeOf(index))).toEqual([1, 2, 65_535]);
  at(65_536, () => times.note(65_536, 65_536));
  expect([1, 32_767, 32_768, 32_769, 65_536].map((index) => times.timeOf(index))).toEqual([
    32_768, 32_768, 32_768, 32_769, 65_536,
  ]);
});
