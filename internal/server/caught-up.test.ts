import { expect, test } from 'vitest';
import { CaughtUp } from './caught-up.js';

test('who applies what is committed keeps up, however far ahead the commit is each time', () => {
  const caughtUp = new CaughtUp();
  for (let i = 1; i < 20; i++) expect(caughtUp.is(i * 100, i * 100 + 100, i * 10_000)).toBe(true);
});

test('who stands still is behind after 5 s, and not any more when it has moved on', () => {
  const caughtUp = new CaughtUp();
  expect(caughtUp.is(100, 100, 0)).toBe(true);
  expect(caughtUp.is(100, 150, 60_000)).toBe(true);
  expect(caughtUp.is(100, 160, 65_000)).toBe(true);
  expect(caughtUp.is(100, 170, 65_001)).toBe(false);
  expect(caughtUp.is(149, 170, 66_000)).toBe(false);
  expect(caughtUp.is(150, 170, 67_000)).toBe(true);
});
