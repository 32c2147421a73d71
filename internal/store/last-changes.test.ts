import { expect, test } from 'vitest';
import { LastChanges } from './last-changes.js';

test('Each resource has the revision of its newest change; of what came before nothing is known', () => {
  const changes = new LastChanges(7);
  expect(changes.of('core/pods/')).toBe(7);
  changes.note('core/pods/default/a', 8);
  changes.note('core/secrets/default/a', 9);
  changes.note('core/pods/default/b', 11);
  expect(['core/pods/', 'core/secrets/', 'apps/deployments/'].map((resource) => changes.of(resource))).toEqual([
    11, 9, 7,
  ]);
});

test('After another state has come in, everything may have changed up to its revision', () => {
  const changes = new LastChanges(0);
  changes.note('core/pods/default/a', 8);
  changes.reset(100);
  expect(changes.of('core/pods/')).toBe(100);
  expect(changes.of('core/secrets/')).toBe(100);
});

test('More resources than are remembered: no change is missed', () => {
  const changes = new LastChanges(0);
  const resource = (i: number): string => `group-${i}.example.com/things/`;
  for (let i = 1; i <= 5_000; i++) changes.note(`${resource(i)}name`, i);
  for (let i = 1; i <= 5_000; i++) expect(changes.of(resource(i))).toBeGreaterThanOrEqual(i);
  expect(changes.of(resource(1))).toBeLessThan(5_000);
});
