import { expect, test } from 'vitest';
import { RESEEDS_MAX, RESEEDS_WINDOW_MS, Reseeds } from './reseeds.js';

test('a replica takes a copy by itself only so often in so long', () => {
  const reseeds = new Reseeds();
  for (let i = 0; i < RESEEDS_MAX; i++) expect(reseeds.allow(1_000 * i)).toBe(true);
  expect(reseeds.allow(10_000)).toBe(false);
  expect(reseeds.allow(RESEEDS_WINDOW_MS - 1)).toBe(false);
  expect(reseeds.allow(RESEEDS_WINDOW_MS)).toBe(true);
  expect(reseeds.allow(RESEEDS_WINDOW_MS)).toBe(false);
});
