import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { unauthorized } from '../../machinery/status.js';
import { repeat } from './repeated.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('The work is done at once and then at every interval, whatever the server says to it, until it ends', async () => {
  const work = vi.fn(() => Promise.resolve());
  const leave = vi.fn(() => Promise.resolve());
  work.mockRejectedValueOnce(unauthorized()).mockResolvedValueOnce(undefined).mockRejectedValueOnce(unauthorized());
  const repeated = await repeat('x', 1000, work, leave);
  expect(work).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(999);
  expect(work).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(2001);
  expect(work).toHaveBeenCalledTimes(4);
  repeated.stop();
  await vi.advanceTimersByTimeAsync(5000);
  expect([work.mock.calls.length, leave.mock.calls.length]).toEqual([4, 0]);
});

test('On leaving nothing is repeated any more, and what cannot be done then is not', async () => {
  const work = vi.fn(() => Promise.resolve());
  const leave = vi.fn(() => Promise.reject(unauthorized()));
  const repeated = await repeat('x', 1000, work, leave);
  await expect(repeated.leave()).resolves.toBeUndefined();
  await vi.advanceTimersByTimeAsync(5000);
  expect([work.mock.calls.length, leave.mock.calls.length]).toEqual([1, 1]);
});

test('A bug in the first attempt is told to who starts it', async () => {
  await expect(
    repeat(
      'x',
      1000,
      () => Promise.reject(new TypeError('bug')),
      () => Promise.resolve(),
    ),
  ).rejects.toThrow('bug');
  expect(vi.getTimerCount()).toBe(0);
});
