import fs from 'node:fs';
import path from 'node:path';
import os from 'node:os';
import autocannon from 'autocannon';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call, type E2eCluster, startCluster } from './cluster.js';
import { rssMiB, seedForFlood, timedGets, TOKENS } from './flood.js';

// 500 connections of one user that list a megabyte each, as fast as they can, for FLOOD_S seconds. bench/fairness.ts
// measures what becomes of the latencies of others; here they have to be served at all.

const CONNECTIONS = 500;
const FLOOD_S = 10;
/** What a server may grow by: nowhere near a page of a list for each of the connections. */
const MEMORY_MIB = 400;
const RETRY_MS = 1000;

let cluster: E2eCluster;
let dir: string;
beforeAll(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-flood-'));
  fs.writeFileSync(path.join(dir, 'tokens.csv'), TOKENS);
  cluster = await startCluster({ replicas: 1, flags: ['--token-auth-file', path.join(dir, 'tokens.csv')] });
  await seedForFlood(cluster.url(1));
}, 180_000);
afterAll(async () => {
  await cluster?.down();
  fs.rmSync(dir, { recursive: true, force: true });
});

test('one user who lists over 500 connections leaves room for everybody else', async () => {
  const url = cluster.url(1);
  const leases = `${url}/apis/coordination.k8s.io/v1/namespaces/kube-system/leases`;
  const lease = { metadata: { name: 'kube-scheduler' }, spec: { holderIdentity: 'me', leaseDurationSeconds: 15 } };
  const created = await call(leases, { method: 'POST', body: lease });
  expect(created.status).toBe(201);
  let renewed = JSON.parse(created.body) as { spec: object };
  const before = rssMiB(cluster.pid(1));
  let flooding = true;
  const run = autocannon({
    url: `${url}/api/v1/namespaces/flood/configmaps`,
    connections: CONNECTIONS,
    duration: FLOOD_S,
    timeout: 60,
    headers: { authorization: 'Bearer flood-token', accept: 'application/json' },
    tlsOptions: { rejectUnauthorized: false },
    workers: 1,
  });
  const flood = async () => {
    const result = await run;
    flooding = false;
    return result;
  };

  let most = before;
  let renewals = 0;
  const control = async (): Promise<void> => {
    while (flooding) {
      expect((await call(`${url}/readyz`, { token: '' })).status).toBe(200);
      const body = { ...renewed, spec: { ...renewed.spec, renewTime: new Date().toISOString().replace('Z', '000Z') } };
      const answer = await call(`${leases}/kube-scheduler`, { method: 'PUT', body, token: 'scheduler-token' });
      expect(answer.status, answer.body).toBe(200);
      renewed = JSON.parse(answer.body) as typeof renewed;
      renewals++;
      most = Math.max(most, rssMiB(cluster.pid(1)));
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  };
  const [result, gets] = await Promise.all([
    flood(),
    // In the same priority level: each one is answered, and none refused.
    timedGets(`${url}/api/v1/namespaces/flood/configmaps/cm-0`, 'reader-token', FLOOD_S * 1000),
    control(),
  ]);
  expect(gets.length).toBeGreaterThan(10);
  expect(renewals).toBeGreaterThan(2);
  expect(most - before).toBeLessThan(MEMORY_MIB);
  // The flood is served as far as there is room, and told to come back where there is none.
  expect(result['2xx']).toBeGreaterThan(10);
  expect(result['4xx']).toBe(result.non2xx);
  expect(result.statusCodeStats?.['429']?.count ?? 0).toBe(result.non2xx);
}, 120_000);
