import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { startWebhookServer, type WebhookServer } from '../webhook-server.js';
import { call, type E2eCluster, eventually, startCluster } from './cluster.js';

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const SECRETS = '/api/v1/namespaces/default/secrets';
let cluster: E2eCluster;
let hooks: WebhookServer;
let count = 0;

beforeAll(async () => {
  hooks = await startWebhookServer();
  cluster = await startCluster({ replicas: 3 });
}, 120_000);
afterAll(async () => {
  await hooks.close();
  await cluster.down();
});

const clientConfig = (path: string): JsonObject => ({ url: `${hooks.url}${path}`, caBundle: hooks.caBundle });
const webhook = (path: string, resource: string, more: JsonObject = {}): JsonObject => ({
  name: 'hook.example.com',
  clientConfig: clientConfig(path),
  rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: [resource] }],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
});

/** Posts to one replica. */
async function post(replica: number, path: string, body: object): Promise<{ status: number; body: JsonObject }> {
  const answer = await call(`${cluster.url(replica)}${path}`, { method: 'POST', body });
  return { status: answer.status, body: JSON.parse(answer.body) as JsonObject };
}
async function ok(replica: number, path: string, body: object): Promise<JsonObject> {
  const answer = await post(replica, path, body);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}
const named = (data: JsonObject = {}): object => ({ metadata: { name: `o${++count}` }, data });

describe('what is configured on one replica holds for the next request on each of the others', () => {
  test('a mutating webhook', async () => {
    const patch = Buffer.from('[{"op":"add","path":"/data","value":{"by":"hook"}}]').toString('base64');
    hooks.on('/mutate', () => ({ allowed: true, patchType: 'JSONPatch', patch }));
    const webhooks = [webhook('/mutate', 'configmaps')];
    await ok(1, `${ADMISSION}/mutatingwebhookconfigurations`, { metadata: { name: 'm' }, webhooks });
    for (const replica of [2, 3]) expect((await ok(replica, CONFIG_MAPS, named()))['data']).toEqual({ by: 'hook' });
    await call(`${cluster.url(2)}${ADMISSION}/mutatingwebhookconfigurations/m`, { method: 'DELETE' });
    for (const replica of [3, 1]) expect((await ok(replica, CONFIG_MAPS, named()))['data']).toBeUndefined();
  });

  test('a validating webhook', async () => {
    hooks.on('/validate', () => ({ allowed: false, status: { message: 'not today' } }));
    const webhooks = [webhook('/validate', 'configmaps')];
    await ok(2, `${ADMISSION}/validatingwebhookconfigurations`, { metadata: { name: 'v' }, webhooks });
    for (const replica of [1, 3]) {
      const refused = await post(replica, CONFIG_MAPS, named());
      expect(refused.status).toBe(400);
      expect(refused.body['message']).toBe('admission webhook "hook.example.com" denied the request: not today');
    }
    await call(`${cluster.url(3)}${ADMISSION}/validatingwebhookconfigurations/v`, { method: 'DELETE' });
    for (const replica of [1, 2]) await ok(replica, CONFIG_MAPS, named());
  });

  test('a definition with a conversion webhook', async () => {
    hooks.on('/convert', (request) => ({
      result: { status: 'Success' },
      convertedObjects: (request['objects'] as JsonObject[]).map((o) => {
        const { size = 0, length = 0 } = (o['spec'] ?? {}) as { size?: number; length?: number };
        const apiVersion = request['desiredAPIVersion'] as string;
        const value = size + length;
        return { ...o, apiVersion, spec: apiVersion.endsWith('v1') ? { size: value } : { length: value } };
      }),
    }));
    const version = (name: string, storage: boolean, field: string): JsonObject => ({
      name,
      served: true,
      storage,
      schema: {
        openAPIV3Schema: {
          type: 'object',
          properties: { spec: { type: 'object', properties: { [field]: { type: 'integer' } } } },
        },
      },
    });
    await ok(1, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'ropes.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'ropes', kind: 'Rope' },
        versions: [version('v1', true, 'size'), version('v2', false, 'length')],
        conversion: {
          strategy: 'Webhook',
          webhook: { clientConfig: clientConfig('/convert'), conversionReviewVersions: ['v1'] },
        },
      },
    });
    const at = (v: string): string => `/apis/example.com/${v}/namespaces/default/ropes`;
    await eventually(
      'the definition is in force',
      async () => (await call(`${cluster.url(1)}${at('v1')}`)).status === 200,
    );
    await ok(2, at('v1'), { apiVersion: 'example.com/v1', kind: 'Rope', metadata: { name: 'r' }, spec: { size: 7 } });
    for (const replica of [1, 3]) {
      const { body } = await call(`${cluster.url(replica)}${at('v2')}/r`);
      expect(JSON.parse(body)).toMatchObject({ apiVersion: 'example.com/v2', spec: { length: 7 } });
    }
  });
});

test('a webhook that hangs, and then dies, changes nothing for other kinds', async () => {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  hooks.on('/hang', async () => {
    await released;
    return { allowed: true };
  });
  const webhooks = [webhook('/hang', 'secrets', { timeoutSeconds: 30 })];
  await ok(1, `${ADMISSION}/validatingwebhookconfigurations`, { metadata: { name: 'hanging' }, webhooks });
  let waiting = 50;
  const secrets = Promise.all(
    Array.from({ length: waiting }, async () => {
      const url = `${cluster.url(1)}${SECRETS}`;
      const { status } = await call(url, { method: 'POST', body: named(), timeoutMs: 60_000 });
      waiting--;
      return status;
    }),
  );
  await eventually('the webhook is asked', () => Promise.resolve(hooks.reviews.get('/hang')?.length === 50));
  for (let i = 0; i < 20; i++) await ok(1, CONFIG_MAPS, named());
  expect(waiting).toBe(50);
  release();
  expect(new Set(await secrets)).toEqual(new Set([201]));
  await hooks.close();
  expect((await post(2, SECRETS, named())).status).toBe(500);
  for (const replica of [1, 2, 3]) await ok(replica, CONFIG_MAPS, named());
}, 90_000);
