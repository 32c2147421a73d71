import { expect, test } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { TestStore } from '../rest/testing.js';
import { encodeForStorage } from '../schema/codec/index.js';
import { objectKey } from '../store/keys.js';
import { ApiServices } from './api-services.js';
import { AggregatorMetrics } from './metrics.js';

test('which APIServices cannot be used, and how often that came about', async () => {
  const store = await TestStore.open();
  const services = new ApiServices(store.deps.backend);
  try {
    const metrics = new AggregatorMetrics(services);
    const put = async (name: string, status: string, reason: string): Promise<void> => {
      const object: JsonObject = {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name },
        spec: { group: 'g', version: 'v1', service: { namespace: 'n', name: 's' } },
        status: { conditions: [{ type: 'Available', status, reason }] },
      };
      const key = objectKey('apiregistration.k8s.io', 'apiservices', '', name);
      await store.deps.backend.txn({ compares: [], ops: [{ type: 'put', key, ...encodeForStorage(object) }] });
      services.refresh();
    };
    const lines = (): string[] => [...metrics.render()].filter((line) => !line.startsWith('#')).map((l) => l.trim());
    await put('v1.g', 'True', 'Passed');
    expect(lines()).toEqual(['aggregator_unavailable_apiservice{name="v1.g"} 0']);
    await put('v1.g', 'False', 'MissingEndpoints');
    await put('v1.g', 'False', 'MissingEndpoints');
    await put('v1.g', 'True', 'Passed');
    await put('v1.g', 'False', 'MissingEndpoints');
    expect(lines()).toEqual([
      'aggregator_unavailable_apiservice{name="v1.g"} 1',
      'aggregator_unavailable_apiservice_total{name="v1.g",reason="MissingEndpoints"} 2',
    ]);
  } finally {
    services.stop();
    await store.close();
  }
});
