import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';

const NS = '/api/v1/namespaces/default';
const REPLICAS = 3;

let rest: Rest;
beforeAll(async () => {
  rest = await startRest(REPLICAS);
}, 60_000);
afterAll(() => rest.close());

test('Creates on three replicas at once never pass a quota, reach it, and are not repeated because of each other', async () => {
  const hard = { configmaps: '100' };
  await rest.ok(201, 'POST', `${NS}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard } });
  const merge = { contentType: 'application/merge-patch+json' };
  const status = { hard, used: { configmaps: '0' } };
  await rest.ok(200, 'PATCH', `${NS}/resourcequotas/q/status`, { status }, merge);
  for (let i = 0; i < REPLICAS; i++) await rest.on(i).deps.backend.readBarrier();

  const answers = await Promise.all(
    Array.from({ length: 160 }, (_, i) =>
      rest.on(i % REPLICAS).call('POST', `${NS}/configmaps`, { metadata: { name: `c-${i}` } }),
    ),
  );
  const codes = answers.map((answer) => answer.status);
  expect(codes.filter((code) => code === 201)).toHaveLength(100);
  expect(codes.filter((code) => code === 403)).toHaveLength(60);
  const last = await rest.ok(200, 'GET', `${NS}/resourcequotas/q`);
  expect((last['status'] as JsonObject)['used']).toEqual({ configmaps: '100' });
  expect(await rest.ok(200, 'GET', `${NS}/configmaps`)).toMatchObject({ items: { length: 100 } });
}, 60_000);
