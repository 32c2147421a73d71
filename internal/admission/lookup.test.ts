import { expect, test } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { TestStore } from '../rest/testing.js';
import { defaultOf, storeReader } from './lookup.js';

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

test('What is listed is of one namespace, by name, and as new as what is applied', async () => {
  const store = await TestStore.open();
  try {
    const reader = storeReader(store.deps.backend);
    const names = (namespace: string): unknown[] =>
      reader.list('', 'configmaps', namespace).map((o) => (o['metadata'] as JsonObject)['name']);
    await store.put('a', 'two', {});
    await store.put('a-b', 'other', {});
    expect(names('a')).toEqual(['two']);
    await store.put('a', 'one', {});
    await store.put('a', 'two', { data: { color: 'red' } });
    expect(names('a')).toEqual(['one', 'two']);
    expect(reader.list('', 'configmaps', 'a')[1]).toMatchObject({ data: { color: 'red' } });
    await store.remove('a', 'one');
    expect(names('a')).toEqual(['two']);
    expect(names('b')).toEqual([]);
  } finally {
    await store.close();
  }
});
