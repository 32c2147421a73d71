import { expect, test } from 'vitest';
import { DemandIntegrator, smoothed } from './seat-demand.js';

test('demand is weighted by time', () => {
  const demand = new DemandIntegrator(1000);
  demand.set(10, 1000);
  demand.set(0, 1250);
  expect(demand.reset(2000)).toEqual({
    average: 2.5,
    deviation: Math.sqrt(25 - 6.25),
    highWatermark: 10,
  });
  // The next period begins with what is there.
  demand.set(4, 2000);
  demand.set(4, 2500);
  expect(demand.reset(3000)).toEqual({ average: 4, deviation: 0, highWatermark: 4 });
});

test('smoothed demand rises at once and is half of it after five minutes', () => {
  const busy = smoothed(0, { average: 90, deviation: 10, highWatermark: 100 });
  expect(busy).toBe(100);
  let now = busy;
  for (let i = 0; i < 30; i++) now = smoothed(now, { average: 0, deviation: 0, highWatermark: 0 });
  expect(now).toBeGreaterThan(49);
  expect(now).toBeLessThan(51);
});
