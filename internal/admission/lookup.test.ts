import { expect, test } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { defaultOf } from './lookup.js';

const of = (name: string, creationTimestamp: string, annotations: JsonObject = { d: 'true' }): JsonObject => ({
  metadata: { name, creationTimestamp, annotations },
});
const nameOf = (...objects: JsonObject[]): unknown =>
  (defaultOf(objects, 'd', 'e')?.['metadata'] as JsonObject | undefined)?.['name'];

test('Of several defaults the youngest counts, by name among those of one second', () => {
  const [old, young] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];
  expect(nameOf()).toBeUndefined();
  expect(nameOf(of('a', old), of('b', young), of('c', old))).toBe('b');
  expect(nameOf(of('c', young), of('b', young), of('a', old))).toBe('b');
  expect(nameOf(of('a', young, { d: 'false' }), of('b', young, {}), of('c', old, { e: 'true' }))).toBe('c');
});
