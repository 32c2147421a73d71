import { expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { contextOf } from '../generic/field-errors.testkit.js';
import { strategyFor } from '../index.js';

const slices = strategyFor('resource.k8s.io', 'resourceslices');
const ctx = contextOf('resource.k8s.io', 'v1', 'resourceslices');
const slice = (device: JsonObject): JsonObject => ({ spec: { devices: [{ name: 'd', ...device }] } });
const gated = (): JsonObject => ({
  attributes: { a: { int: 1, ints: [1] }, b: { strings: [] } },
  nodeAllocatableResourceMappings: { cpu: { allocationMultiplier: '2' } },
});

it('what a new slice may not say yet is taken out', () => {
  const created = slice(gated());
  slices.prepareForCreate?.(ctx, created);
  expect(created).toEqual(slice({ attributes: { a: { int: 1 }, b: {} } }));
  const updated = slice(gated());
  slices.prepareForUpdate?.(ctx, updated, slice({ attributes: { a: { int: 1 } } }));
  expect(updated).toEqual(created);
});

it('a slice that says it goes on to', () => {
  const lists = slice(gated());
  slices.prepareForUpdate?.(ctx, lists, slice({ attributes: { x: { bools: [true] } } }));
  expect(lists).toEqual(slice({ attributes: gated()['attributes'] }));
  const mappings = slice(gated());
  slices.prepareForUpdate?.(ctx, mappings, slice({ nodeAllocatableResourceMappings: { memory: {} } }));
  expect(mappings).toEqual(slice({ ...gated(), attributes: { a: { int: 1 }, b: {} } }));
});
