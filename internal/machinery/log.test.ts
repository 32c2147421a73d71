import { expect, test } from 'vitest';
import { oneLine } from './log.js';

test('what a client sends can neither forge a line of the log nor steer a terminal', () => {
  expect(oneLine('a\nb\rc\td\u001b[2Je\u0000\u007f\u009b\u2028')).toBe('a\\nb\\rc\\td\\x1b[2Je\\x00\\x7f\\x9b\\u2028');
  expect(oneLine('plain: Grüße, 日本')).toBe('plain: Grüße, 日本');
});
