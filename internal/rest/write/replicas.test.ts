import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { meta, type Rest, startRest } from './testing/harness.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest(3);
});
afterAll(() => rest.close());

const MERGE = { contentType: 'application/merge-patch+json' };

describe('writes through different replicas', () => {
  it('see what was acknowledged by another one, however far behind they are', async () => {
    for (let i = 0; i < 12; i++) {
      const a = rest.on(i % 3);
      const b = rest.on((i + 1) % 3);
      const c = rest.on((i + 2) % 3);
      const ns = `ns-${i}`;
      const CM = `/api/v1/namespaces/${ns}/configmaps`;
      await a.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name: ns } });
      const made = await b.ok(201, 'POST', CM, { metadata: { name: 'x' }, data: { n: '1' } });
      // A replica that has not heard of the object must neither say 404 nor conflict.
      const changed = await c.ok(200, 'PUT', `${CM}/x`, { ...made, data: { n: '2' } });
      await a.ok(200, 'PATCH', `${CM}/x`, { data: { m: '3' } }, MERGE);
      expect(await b.ok(200, 'GET', `${CM}/x`)).toMatchObject({ data: { n: '2', m: '3' } });
      await b.ok(409, 'PUT', `${CM}/x`, { ...changed, data: { n: '9' } });
      await c.ok(409, 'POST', CM, { metadata: { name: 'x' } });
      await a.ok(200, 'DELETE', `${CM}/x`);
      await b.ok(404, 'DELETE', `${CM}/x`);
      await c.ok(201, 'POST', CM, { metadata: { name: 'x' } });
    }
  });
  it('count: increments through all replicas at once are not lost', async () => {
    const path = '/api/v1/namespaces/default/configmaps';
    await rest.ok(201, 'POST', path, { metadata: { name: 'counter' }, data: { n: '0' } });
    const increment = async (replica: number): Promise<void> => {
      const client = rest.on(replica);
      for (;;) {
        const read = await client.ok(200, 'GET', `${path}/counter`);
        const n = Number((read['data'] as { n: string }).n);
        const got = await client.call('PUT', `${path}/counter`, { ...read, data: { n: String(n + 1) } });
        if (got.status === 200) return;
        expect(got.status).toBe(409);
      }
    };
    await Promise.all(Array.from({ length: 18 }, (_, i) => increment(i % 3)));
    expect(await rest.on(2).ok(200, 'GET', `${path}/counter`)).toMatchObject({ data: { n: '18' } });
  });
  it('refuse new content in a namespace that another replica has begun to delete', async () => {
    const CM = '/api/v1/namespaces/ending/configmaps';
    await rest.on(0).ok(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'ending' } });
    await rest.on(1).ok(201, 'POST', CM, { metadata: { name: 'before' } });
    const ns = await rest.on(1).ok(200, 'DELETE', '/api/v1/namespaces/ending');
    expect(meta(ns)['deletionTimestamp']).toBeDefined();
    const late = await Promise.all(
      [0, 1, 2].map((i) => rest.on(i).call('POST', CM, { metadata: { name: `late-${i}` } })),
    );
    expect(late.map((l) => l.status)).toEqual([403, 403, 403]);
  });
});
