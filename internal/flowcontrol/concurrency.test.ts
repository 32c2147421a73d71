import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PRIORITY_LEVELS } from '../registry/default-objects/flow-control.js';
import { allocate, limitsOf, maxSeatsOf } from './concurrency.js';
import { levelOf } from './config.js';

const levels = PRIORITY_LEVELS.map(({ name, spec }) => levelOf({ metadata: { name }, spec }));

test('the seats of a server with default flags are split as in kube-apiserver', () => {
  const limits = limitsOf(levels, 600);
  expect([...limits].map(([name, { nominal, min, max }]) => `${name} ${nominal} ${min} ${max}`)).toEqual([
    'catch-all 13 13 613',
    'exempt 0 0 600',
    'global-default 49 24 649',
    'leader-election 25 25 625',
    'node-high 98 73 698',
    'system 74 50 674',
    'workload-high 98 49 698',
    'workload-low 245 24 845',
  ]);
  const most = (name: string): number => {
    const level = levels.find((l) => l.name === name);
    return level === undefined ? -1 : maxSeatsOf(level, limits.get(name)?.nominal ?? 0);
  };
  // A flow's hand of queues must not be able to hold all seats.
  expect([most('workload-low'), most('global-default'), most('leader-election'), most('catch-all')]).toEqual([
    37, 8, 4, 0,
  ]);
});

test('seats go where they are asked for, within the bounds', () => {
  const idle = { lower: 10, upper: 200, target: 10 };
  const busy = { lower: 20, upper: 200, target: 90 };
  expect(allocate(100, [busy, idle]).seats.map(Math.round)).toEqual([90, 10]);
  expect(allocate(50, [busy, idle]).seats.map(Math.round)).toEqual([40, 10]);
  // More than enough: all get more, but none more than it may have.
  expect(allocate(1000, [busy, idle]).seats.map(Math.round)).toEqual([200, 200]);
  // The lower bounds are promised.
  expect(allocate(5, [busy, idle]).seats).toEqual([20, 10]);
});

test('no more seats are given away than there are, unless they are promised', () => {
  const claim = fc
    .tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 300 }))
    .map(([lower, more, target]) => ({ lower, upper: lower + more, target: Math.max(lower, target) }));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), fc.array(claim, { minLength: 1, maxLength: 8 }), (total, claims) => {
      const { seats } = allocate(total, claims);
      const promised = claims.reduce((sum, { lower }) => sum + lower, 0);
      expect(seats.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(Math.max(total, promised) + 1e-6);
      for (const [i, { lower, upper }] of claims.entries()) {
        expect(seats[i]).toBeGreaterThanOrEqual(lower);
        expect(seats[i]).toBeLessThanOrEqual(upper);
      }
    }),
  );
});
