import { afterAll, beforeAll, expect, test } from 'vitest';
import { Callout, clusterIpResolver } from '../../callout/index.js';
import type { JsonObject } from '../../machinery/json.js';
import { startWebhookServer, type WebhookServer } from '../../testing/webhook-server.js';
import { WebhookConverter } from './conversion.js';
import { customResourceMetrics } from './metrics.js';

let hooks: WebhookServer;
let converter: WebhookConverter;
const callout = new Callout();

beforeAll(async () => {
  hooks = await startWebhookServer();
  const resolve = clusterIpResolver({ get: () => undefined, list: () => [] });
  const client = { url: `${hooks.url}/convert`, caBundle: hooks.caBundle };
  converter = new WebhookConverter('widgets.e.example', { client, reviewVersions: ['v1'] }, { callout, resolve });
});
afterAll(async () => {
  callout.close();
  await hooks.close();
});

const object = (version: string, name: string): JsonObject => ({
  apiVersion: `e.example/${version}`,
  kind: 'Widget',
  metadata: { name, uid: 'u', resourceVersion: '7' },
});
const converting = (change: (o: JsonObject) => JsonObject): void =>
  hooks.on('/convert', (request) => ({
    result: { status: 'Success' },
    convertedObjects: (request['objects'] as JsonObject[]).map((o) => ({
      ...o,
      apiVersion: request['desiredAPIVersion'] as string,
      ...change(o),
    })),
  }));
const failure = async (objects: JsonObject[]): Promise<string> => {
  try {
    await converter.convert(objects, 'e.example/v2');
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
};

test('objects of other versions are converted in one call, those of the version are left alone', async () => {
  converting((o) => ({ metadata: { ...(o['metadata'] as JsonObject), labels: { a: 'b' }, resourceVersion: '9' } }));
  const out = await converter.convert([object('v1', 'a'), object('v2', 'b'), object('v1', 'c')], 'e.example/v2');
  expect(hooks.reviews.get('/convert')).toHaveLength(1);
  expect(out.map((o) => (o['metadata'] as JsonObject)['name'])).toEqual(['a', 'b', 'c']);
  // Only labels and annotations may be changed.
  expect(out[0]).toEqual({
    apiVersion: 'e.example/v2',
    kind: 'Widget',
    metadata: { name: 'a', uid: 'u', resourceVersion: '7', labels: { a: 'b' } },
  });
  expect(out[1]).toEqual(object('v2', 'b'));
});

test('what a webhook may not do is said in the words of kube-apiserver', async () => {
  const at = 'conversion webhook for e.example/v1, Kind=Widget ';
  converting((o) => ({ metadata: { ...(o['metadata'] as JsonObject), name: 'other' } }));
  expect(await failure([object('v1', 'a')])).toBe(`${at}returned invalid object: must have the same name: a != other`);
  converting(() => ({ kind: 'Other' }));
  expect(await failure([object('v1', 'a')])).toBe(
    `${at}returned invalid object at index 0: invalid kind (expected Widget, received Other)`,
  );
  hooks.on('/convert', () => ({ result: { status: 'Failure', message: 'cannot' } }));
  expect(await failure([object('v1', 'a')])).toBe(`${at}failed: cannot`);
  hooks.on('/convert', () => ({ result: { status: 'Success' }, convertedObjects: [] }));
  expect(await failure([object('v1', 'a')])).toBe(`${at}returned 0 objects, expected 1`);
  const counted = await customResourceMetrics[0]?.get();
  const count = (failure_type: string): number =>
    Number(counted?.values.find((v) => v.labels['failure_type'] === failure_type)?.value);
  expect([count(''), count('conversion_webhook_partial_response_failure')]).toEqual([1, 1]);
  expect(count('conversion_webhook_invalid_converted_object_failure')).toBe(2);
  hooks.on('/convert', () => 'drop');
  expect(await failure([object('v1', 'a')])).toMatch(/failed: Post ".*\/convert\?timeout=30s": EOF$/);
});

test('an answer with more values than can be looked at at once is asked for in parts', async () => {
  const values = (count: number): JsonObject => ({ spec: Array.from({ length: count }, () => 1) });
  hooks.reviews.clear();
  converting(() => values(30_000));
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const out = await converter.convert(
    names.map((name) => object('v1', name)),
    'e.example/v2',
  );
  expect(out.map((o) => (o['metadata'] as JsonObject)['name'])).toEqual(names);
  expect(out.every((o) => (o['spec'] as number[]).length === 30_000)).toBe(true);
  expect(hooks.reviews.get('/convert')?.length).toBeGreaterThan(1);
  converting(() => values(200_000));
  expect(await failure([object('v1', 'a')])).toMatch(/failed: Request entity too large: limit is 98304 values$/);
  hooks.on('/convert', () => ({ raw: '['.repeat(100_000) }));
  expect(await failure([object('v1', 'a')])).toMatch(/failed: Request entity too large: limit is 65536 bytes of YAML$/);
});
