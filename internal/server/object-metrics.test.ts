import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Rest, startRest } from '../rest/write/testing/harness.js';
import { resourcePrefix } from '../store/keys.js';
import { findResource } from '../schema/resources.js';
import type { ResourceDef } from '../schema/types.js';
import { objectMetrics, type StoredObjects } from './object-metrics.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest(1);
});
afterAll(() => rest.close());

const widgets: ResourceDef = {
  ...findResource('apps', 'v1', 'deployments')!,
  group: 'e.example',
  resource: 'widgets',
  storage: { group: 'e.example', version: 'v1', resource: 'widgets' },
};

test('every resource is counted, custom ones too, and those of two groups only once', async () => {
  for (const name of ['a', 'b', 'c']) {
    await rest.ok(201, 'POST', '/api/v1/namespaces/default/configmaps', { metadata: { name }, data: { d: 'x' } });
  }
  const { backend } = rest.cluster.replica(await rest.cluster.leader());
  const value = Buffer.from('{"kind":"Widget"}');
  const key = `${resourcePrefix('e.example', 'widgets')}default/w`;
  await backend.txn({ compares: [], ops: [{ type: 'put', key, value, revisionAt: -1 }] });
  let objects: StoredObjects | undefined;
  const registry = new Registry();
  objectMetrics(registry, () => objects);
  const lines = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  // Before there is a state nothing is known.
  expect(await lines()).toEqual([]);
  objects = { backend, custom: () => [widgets, { ...widgets, version: 'v2' }] };
  const found = await lines();
  for (const line of [
    'apiserver_resource_objects{group="",resource="configmaps"} 3',
    'apiserver_resource_objects{group="",resource="pods"} 0',
    'apiserver_resource_objects{group="e.example",resource="widgets"} 1',
    `apiserver_resource_size_estimate_bytes{group="e.example",resource="widgets"} ${value.length}`,
    'apiserver_storage_objects{resource="configmaps"} 3',
    'apiserver_storage_objects{resource="deployments.apps"} 0',
    'apiserver_storage_objects{resource="widgets.e.example"} 1',
  ]) {
    expect(found).toContain(line);
  }
  // Events have two groups and one place; what is only asked has none.
  expect(found.filter((line) => /^apiserver_resource_objects.*"events"/.test(line))).toHaveLength(1);
  expect(found.filter((line) => line.includes('subjectaccessreviews'))).toEqual([]);
});
