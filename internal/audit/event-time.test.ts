import { expect, test } from 'vitest';
import { microTime } from './event-time.js';

test('the time of an event has six digits, also when the clock is set back', () => {
  const second = Date.parse('2026-01-02T03:04:05Z');
  expect(microTime(second + 0.0625)).toBe('2026-01-02T03:04:05.000062Z');
  expect(microTime(second + 999.5)).toBe('2026-01-02T03:04:05.999500Z');
  expect(microTime(second + 1000)).toBe('2026-01-02T03:04:06.000000Z');
  expect(microTime(second - 0.5)).toBe('2026-01-02T03:04:04.999500Z');
});
