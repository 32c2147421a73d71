import { expect, test } from 'vitest';
import { listWork, writeWork } from './work-estimate.js';

const whole = { limit: 0, single: false, whole: true };
const streamed = { ...whole, whole: false };

test('a list costs a seat for every 100 kB that it holds', () => {
  const stored = { count: 5000, averageBytes: 1000 };
  expect(listWork(stored, whole, 0).seats).toBe(50);
  // One that is sent page by page holds a page.
  expect(listWork(stored, streamed, 0).seats).toBe(10);
  expect(listWork(stored, { ...whole, limit: 500 }, 0).seats).toBe(5);
  expect(listWork(stored, { ...whole, single: true }, 0).seats).toBe(1);
  expect(listWork({ count: 0, averageBytes: 0 }, whole, 0).seats).toBe(1);
  // Neither more than anybody may have, nor more than the level allows.
  expect(listWork({ count: 1_000_000, averageBytes: 1000 }, whole, 0).seats).toBe(100);
  expect(listWork(stored, whole, 8).seats).toBe(8);
});

test('a write costs seats for those who are told of it, for 5 ms each', () => {
  expect(writeWork(9, 0)).toEqual({ seats: 1, finalSeats: 0, extraMs: 0 });
  expect(writeWork(10, 0)).toEqual({ seats: 1, finalSeats: 1, extraMs: 5 });
  expect(writeWork(95, 0)).toEqual({ seats: 1, finalSeats: 10, extraMs: 5 });
  // Fewer seats are taken for longer.
  expect(writeWork(400, 0)).toEqual({ seats: 1, finalSeats: 10, extraMs: 20 });
  expect(writeWork(400, 4)).toEqual({ seats: 1, finalSeats: 4, extraMs: 50 });
});
