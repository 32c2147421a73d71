import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { StatusError } from '../machinery/status.js';
import { createRest } from '../rest/index.js';
import type { ApiRequest } from '../rest/types.js';
import { meta, type Rest, startRest } from '../rest/write/testing/harness.js';
import { createInternalClient, type InternalClient } from './internal-client.js';

const CM = '/api/v1/namespaces/default/configmaps';
let rest: Rest;
let client: InternalClient;
beforeAll(async () => {
  rest = await startRest();
  client = createInternalClient(createRest(rest.deps));
});
afterAll(() => rest.close());

const cm = (name: string, data: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

test('The server writes as everybody does, under the manager that it names', async () => {
  expect(meta((await client.create(CM, cm('a', { k: 'u' }), 'my manager')) ?? {})).toMatchObject({
    name: 'a',
    managedFields: [{ manager: 'my manager', operation: 'Update' }],
  });
  expect(await client.create(CM, cm('a'), 'm')).toBeUndefined();
  const found = (await client.get(`${CM}/a`)) ?? {};
  expect(await client.update(`${CM}/a`, { ...found, data: { k: 'v' } }, 'm')).toMatchObject({ data: { k: 'v' } });
  await expect(client.update(`${CM}/a`, found, 'm')).rejects.toMatchObject({
    code: 409,
    status: { reason: 'Conflict' },
  });
  const applied = await client.apply(`${CM}/a`, cm('a', { k: 'w' }), 'm2');
  expect(applied['data']).toEqual({ k: 'w' });
  expect(JSON.stringify(meta(applied)['managedFields'])).toContain('"manager":"m2","operation":"Apply"');
  await client.remove(`${CM}/a`);
  expect(await client.get(`${CM}/a`)).toBeUndefined();
  await client.remove(`${CM}/a`);
});

test('What is refused otherwise is told', async () => {
  await expect(client.create(CM, cm('A'), 'm')).rejects.toMatchObject({ code: 422 });
  await expect(client.get('/api/v1/namespaces/default/nothings/a')).resolves.toBeUndefined();
  await expect(client.remove('/api/v1/namespaces/default')).rejects.toMatchObject({ code: 403 });
});

test('It is system:apiserver, an administrator, and its paths are those of the wire', async () => {
  const seen: ApiRequest[] = [];
  const spy = createInternalClient((request) => {
    seen.push(request);
    return { status: 200, contentType: '', body: '{}' };
  });
  await spy.get('/apis/g/v1/things/a%3Ab');
  await spy.apply('/x', {}, 'a b');
  await spy.update('/x', {}, 'm');
  expect(seen.map(({ method, path, query }) => `${method} ${path}?${String(query)}`)).toEqual([
    'GET /apis/g/v1/things/a:b?resourceVersion=0',
    'PATCH /x?fieldManager=a+b&force=true',
    'PUT /x?fieldManager=m',
  ]);
  const [get, apply, update] = seen;
  expect(get?.user).toEqual({ username: 'system:apiserver', uid: '', groups: ['system:masters'], extra: {} });
  expect(get?.header('user-agent')).toMatch(/^kube-apiserver\/v1\.36/);
  expect([get, apply, update].map((r) => [r?.header('accept'), r?.header('content-type')])).toEqual([
    ['application/json', ''],
    ['application/json', 'application/apply-patch+yaml'],
    ['application/json', 'application/json'],
  ]);
});

test('A refusal that is answered is one that is thrown', async () => {
  const answering = createInternalClient(() => ({
    status: 422,
    contentType: '',
    body: '{"reason":"Invalid","message":"no"}',
  }));
  await expect(answering.update('/x', {}, 'm')).rejects.toBeInstanceOf(StatusError);
  await expect(answering.update('/x', {}, 'm')).rejects.toMatchObject({
    code: 422,
    message: 'no',
    status: { reason: 'Invalid' },
  });
});
