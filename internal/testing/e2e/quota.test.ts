import https from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call, type E2eCluster, startCluster } from './cluster.js';

const CLIENTS = 32;
const LIMIT = 100;
const NAMESPACE = '/api/v1/namespaces/fire';

let cluster: E2eCluster;
beforeAll(async () => {
  cluster = await startCluster({ replicas: 3 });
}, 120_000);
afterAll(() => cluster?.down());

interface Fire {
  created: number;
  /** Told by each create that was acknowledged. */
  onCreated: () => void;
}

/** Creates ConfigMaps at one replica after the other until the quota says that there is no room. */
async function client(number: number, fire: Fire): Promise<void> {
  for (let i = 0, failures = number; ; i++) {
    const agent = new https.Agent({ keepAlive: false });
    const status = await call(`${cluster.url((failures % cluster.replicas) + 1)}${NAMESPACE}/configmaps`, {
      method: 'POST',
      body: { metadata: { name: `c-${number}-${i}` } },
      timeoutMs: 12_000,
      agent,
    }).then(
      (answer) => answer.status,
      () => 0, // the replica died: it may or may not have been written
    );
    agent.destroy();
    if (status === 403) return;
    if (status === 201) {
      fire.created++;
      fire.onCreated();
    } else {
      failures++;
    }
    // Slow enough for a leader to die in the middle.
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test('32 clients on three replicas whose leaders are killed fill a quota of 100, and never pass it', async () => {
  const post = (path: string, body: unknown) => call(`${cluster.url(1)}${path}`, { method: 'POST', body });
  expect((await post('/api/v1/namespaces', { metadata: { name: 'fire' } })).status).toBe(201);
  const hard = { configmaps: String(LIMIT) };
  expect((await post(`${NAMESPACE}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard } })).status).toBe(201);
  const status = await call(`${cluster.url(1)}${NAMESPACE}/resourcequotas/q/status`, {
    method: 'PATCH',
    contentType: 'application/merge-patch+json',
    body: { status: { hard, used: { configmaps: '0' } } },
  });
  expect(status.status).toBe(200);
  // Every replica knows the quota before anybody counts on it.
  for (let i = 1; i <= 3; i++) await call(`${cluster.url(i)}${NAMESPACE}/resourcequotas/q`);

  const fire: Fire = { created: 0, onCreated: () => undefined };
  const reached = (count: number): Promise<void> =>
    new Promise((resolve) => {
      fire.onCreated = () => {
        if (fire.created >= count) resolve();
      };
    });
  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number, fire)));
  for (const count of [20, 60]) {
    await reached(count);
    const leader = await cluster.leader();
    await cluster.kill(leader, 'SIGKILL');
    await cluster.up();
  }
  await clients;

  for (let i = 1; i <= cluster.replicas; i++) {
    const list = JSON.parse((await call(`${cluster.url(i)}${NAMESPACE}/configmaps`)).body) as { items: unknown[] };
    const quota = JSON.parse((await call(`${cluster.url(i)}${NAMESPACE}/resourcequotas/q`)).body) as {
      status: { used: unknown };
    };
    expect([list.items.length, quota.status.used], `on r${i}`).toEqual([LIMIT, { configmaps: String(LIMIT) }]);
  }
}, 180_000);
