import https from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, type E2eCluster, eventually, startCluster } from './cluster.js';

/** Crashes are repeated by chaos (internal/testing/chaos); here each kind happens once to each shape of cluster. */
const SHAPES = [{ replicas: 3 }, { replicas: 5 }];
const CLIENTS = 8;
const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';

/**
 * Clients that create objects through the load balancer (or at one replica after the other, as a client without one
 * would) and remember every name that was acknowledged with 201.
 */
class Writers {
  readonly acknowledged: string[] = [];
  #stop = false;
  #waiting: { count: number; resolve: () => void }[] = [];
  readonly #running: Promise<void>[];
  constructor(
    readonly addresses: readonly string[],
    readonly tag: string,
  ) {
    this.#running = Array.from({ length: CLIENTS }, (_, w) => this.#client(w));
  }
  async #client(w: number): Promise<void> {
    let agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0, failures = w; !this.#stop; i++) {
      const address = this.addresses[failures % this.addresses.length];
      const name = `${this.tag}-${w}-${i}`;
      const status = await call(`${address}${CONFIGMAPS}`, {
        method: 'POST',
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { name } },
        timeoutMs: 3000,
        agent,
      }).then(
        (a) => a.status,
        () => 0, // a broken connection acknowledges nothing
      );
      if (status === 201) {
        this.acknowledged.push(name);
        this.#waiting = this.#waiting.filter((x) => {
          if (this.acknowledged.length >= x.count) x.resolve();
          return this.acknowledged.length < x.count;
        });
      } else {
        failures++;
        agent.destroy();
        agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    agent.destroy();
  }
  /** Resolves when `more` further creates have been acknowledged. */
  progress(more: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ count: this.acknowledged.length + more, resolve }));
  }
  async stop(): Promise<void> {
    this.#stop = true;
    await Promise.all(this.#running);
  }
}

async function names(cluster: E2eCluster, i: number): Promise<Set<string>> {
  const found = new Set<string>();
  let next = '';
  do {
    const a = await call(`${cluster.url(i)}${CONFIGMAPS}?limit=5000${next === '' ? '' : `&continue=${next}`}`);
    expect(a.status).toBe(200);
    const list = JSON.parse(a.body) as {
      metadata: { continue?: string };
      items: { metadata: { name: string }; data?: { name?: string } }[];
    };
    for (const o of list.items) {
      if (o.data?.name === o.metadata.name) found.add(o.metadata.name);
    }
    next = encodeURIComponent(list.metadata.continue ?? '');
  } while (next !== '');
  return found;
}

async function expectAllThere(cluster: E2eCluster, acknowledged: readonly string[]): Promise<void> {
  for (let i = 1; i <= cluster.replicas; i++) {
    const found = await names(cluster, i);
    expect(
      acknowledged.filter((n) => !found.has(n)),
      `acknowledged but not on r${i}`,
    ).toEqual([]);
  }
}

/** The same list, byte for byte but for the list's own revision, on every replica. */
async function expectSameEverywhere(cluster: E2eCluster): Promise<void> {
  const lists = [];
  for (let i = 1; i <= cluster.replicas; i++) {
    const list = JSON.parse((await call(`${cluster.url(i)}${CONFIGMAPS}`)).body) as { items: unknown[] };
    lists.push(JSON.stringify(list.items));
  }
  expect(new Set(lists).size).toBe(1);
}

describe.each(SHAPES)('$replicas replicas', ({ replicas }) => {
  let cluster: E2eCluster;
  /** The most that may fail while the rest is a quorum. */
  const minority = (replicas - 1) / 2;
  beforeAll(async () => {
    cluster = await startCluster({ replicas });
  }, 180_000);
  afterAll(async () => {
    await cluster?.down();
  });

  it('kill -9 of the leader, and as many more as a quorum can spare, loses nothing acknowledged, and creation goes on', async () => {
    const writers = new Writers(cluster.addresses, 'leader');
    await writers.progress(200);
    const leader = await cluster.leader();
    const victims = Array.from({ length: minority }, (_, i) => ((leader - 1 + i) % replicas) + 1);
    await Promise.all(victims.map((i) => cluster.kill(i, 'SIGKILL')));
    await writers.progress(200);
    await cluster.up();
    await writers.progress(100);
    await writers.stop();
    await expectAllThere(cluster, writers.acknowledged);
    await expectSameEverywhere(cluster);
  }, 120_000);

  it('kill -9 of all loses nothing acknowledged', async () => {
    const writers = new Writers(cluster.addresses, 'all');
    await writers.progress(200);
    await Promise.all(Array.from({ length: replicas }, (_, i) => cluster.kill(i + 1, 'SIGKILL')));
    await writers.stop();
    await cluster.up();
    await expectAllThere(cluster, writers.acknowledged);
    await expectSameEverywhere(cluster);
    const after = new Writers(cluster.addresses, 'after');
    await after.progress(50);
    await after.stop();
  }, 120_000);

  it('without a quorum fail writes and linearizable reads with a Status in time; local reads and watches go on, and all heals', async () => {
    const url = cluster.url(1);
    // What the tests above left is not in the way.
    const configMaps = '/api/v1/namespaces/kube-public/configmaps';
    const create = (name: string) =>
      call(`${url}${configMaps}?timeout=5s`, { method: 'POST', body: { metadata: { name } }, timeoutMs: 20_000 });
    expect((await create('before')).status).toBe(201);
    const rv = (JSON.parse((await call(`${url}${configMaps}`)).body) as { metadata: { resourceVersion: string } })
      .metadata.resourceVersion;

    // A watch that is open when the quorum goes and must deliver what is written after it is back.
    const agent = new https.Agent();
    let events = '';
    const delivered = new Promise<void>((resolve, reject) => {
      const request = https.request(
        `${url}${configMaps}?watch=1&resourceVersion=${rv}&timeoutSeconds=300`,
        { agent, rejectUnauthorized: false, headers: { authorization: 'Bearer e2e-admin-token' } },
        (response) => {
          response.on('error', reject);
          response.on('data', (c: Buffer) => {
            events += c.toString();
            if (events.includes('"name":"healed"')) resolve();
          });
          response.on('end', () => reject(new Error(`the watch ended: ${events}`)));
        },
      );
      request.on('error', reject);
      request.end();
    });
    delivered.catch(() => undefined); // judged at the end

    for (let i = 0; i <= minority; i++) await cluster.kill(replicas - i, 'SIGKILL');
    // Both wait for as long as they may, so at the same time.
    const refused = await Promise.all([create('during'), call(`${url}${configMaps}/before`, { timeoutMs: 20_000 })]);
    for (const { status, body } of refused) {
      expect([503, 504]).toContain(status);
      expect(JSON.parse(body)).toMatchObject({ kind: 'Status', status: 'Failure', code: status });
    }
    expect((await call(`${url}${configMaps}/before?resourceVersion=0`)).status).toBe(200);
    expect((await call(`${url}${configMaps}?resourceVersion=0`)).status).toBe(200);
    const watch = await call(`${url}${configMaps}?watch=1&resourceVersion=0&timeoutSeconds=1`);
    expect(watch.status).toBe(200);
    expect(watch.body).toContain('"name":"before"');

    await cluster.up();
    await eventually('writes work again', async () => (await create('healed')).status === 201);
    expect((await call(`${url}${configMaps}/healed`)).status).toBe(200);
    await delivered;
    agent.destroy();
  }, 120_000);
});
