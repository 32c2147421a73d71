import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { openEnvironment, openTables } from '../store/lmdb.js';
import { decodeMeta, encodeMeta, META_KEY } from '../store/meta.js';
import type { Replica } from './index.js';

let cluster: TestCluster | undefined;
afterEach(() => cluster?.close());

const put = (replica: Replica, key: string, text: string) =>
  replica.backend.txn({ compares: [], ops: [{ type: 'put', key, value: Buffer.from(text), revisionAt: -1 }] });
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Makes a stopped replica's state another than the others' without any checksum telling. */
async function diverge(c: TestCluster, i: number): Promise<void> {
  const environment = openEnvironment({ path: join(c.directory, `r${i}`, 'state'), overlappingSync: true });
  const tables = openTables(environment);
  const meta = decodeMeta(Buffer.from(tables.meta.get(META_KEY) ?? []));
  meta.hashA = (meta.hashA ^ 1) >>> 0;
  await environment.batch(() => {
    void tables.objects.remove('a/1');
    void tables.meta.put(META_KEY, encodeMeta(meta));
  });
  await environment.close();
}

it.each(['a follower', 'the leader'])(
  '%s whose state differs stops, and takes a copy of the others at its next start',
  { timeout: 60_000 },
  async (who) => {
    const fatal: string[] = [];
    const c = await startCluster({
      size: 3,
      unsafeNoTls: true,
      config: { onFatal: (error) => fatal.push(error.message) },
    });
    cluster = c;
    await put(c.replica(0), 'a/1', 'x');
    await Promise.all(c.running().map((replica) => replica.backend.readBarrier()));
    const bad = ((await c.leader()) + 1) % 3;
    await c.stop(bad);
    await diverge(c, bad);
    const damaged = await c.start(bad);
    await damaged.ready();
    if (who === 'the leader') {
      damaged.transferLeader(`r${bad}`);
      await until(() => damaged.status().role === 'leader');
    }
    const good = (bad + 1) % 3;
    await put(c.replica(good), 'a/2', 'y');
    await until(() => fatal.length > 0);
    expect(fatal).toEqual([expect.stringContaining('differs from that of the others at revision')]);
    expect(c.running().map((replica) => replica.status().differences)).toContain(1);
    await c.stop(bad);
    await put(c.replica(good), 'a/3', 'z');
    const again = await c.start(bad);
    await again.ready();
    expect(again.backend.get('a/1')?.value.toString()).toBe('x');
    expect(again.backend.get('a/3')?.value.toString()).toBe('z');
    expect(again.status().stateHash).toBe(c.replica(good).status().stateHash);
    await put(again, 'a/4', 'w');
  },
);
