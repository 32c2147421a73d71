import { afterEach, expect, test, vi } from 'vitest';
import { wallClockMs } from './wall-clock.js';

afterEach(() => {
  vi.restoreAllMocks();
});

test('moments keep their distances while the clock of the machine drifts by 2 ms, and follow it beyond', () => {
  let [date, running] = [1_000_000, 1000];
  vi.spyOn(Date, 'now').mockImplementation(() => date);
  vi.spyOn(performance, 'now').mockImplementation(() => running);
  expect(wallClockMs(1000)).toBe(1_000_000);
  date += 2;
  expect(wallClockMs(1000)).toBe(1_000_000);
  date += 1;
  expect(wallClockMs(1000)).toBe(1_000_003);
  date -= 3;
  expect(wallClockMs(1000)).toBe(1_000_000);
  // Time goes by on both.
  date += 10;
  running += 10;
  expect(wallClockMs(1010.25)).toBe(1_000_010.25);
});
