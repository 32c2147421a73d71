import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { openEnvironment, openTables } from './lmdb.js';
import { META_KEY } from './meta.js';
import { CorruptRecordError } from './rows.js';
import type { TableName } from './tables.js';

let cluster: TestCluster;
const said: string[] = [];

beforeEach(async () => {
  said.length = 0;
  cluster = await startCluster({ config: { log: (level, text) => void (level === 'error' && said.push(text)) } });
  for (let i = 0; i < 3; i++) {
    await cluster.replica(0).backend.txn({
      compares: [],
      ops: [{ type: 'put', key: `a/${i}`, value: Buffer.from(`value ${i}`), revisionAt: -1 }],
    });
  }
});
afterEach(() => cluster.close());

/** Flips one bit of a row while the replica is stopped. */
async function damage(table: TableName, key: string): Promise<void> {
  await cluster.stop(0);
  const environment = openEnvironment({ path: join(cluster.directory, 'r0', 'state'), overlappingSync: true });
  const tables = openTables(environment);
  const row = Buffer.from(tables[table].get(key) ?? []);
  const last = row.length - 1;
  row[last] = (row[last] ?? 0) ^ 1;
  await environment.batch(() => void tables[table].put(key, row));
  await environment.close();
}

it('a damaged object is never served, is named, and does not take a list down', async () => {
  await damage('objects', 'a/1');
  const { backend } = await cluster.start(0);
  expect(() => backend.get('a/1')).toThrow(CorruptRecordError);
  const { items } = backend.range({ start: 'a/', end: 'a0' });
  expect(items.map((item) => item.key)).toEqual(['a/0', 'a/2']);
  expect(said).toEqual([expect.stringContaining('"a/1" in table objects is damaged')]);
  expect(backend.changes(0, 10).map((change) => change.key)).toEqual(['a/0', 'a/2']);
});

it('a damaged object can be replaced and deleted', async () => {
  await damage('objects', 'a/1');
  const replica = await cluster.start(0);
  await replica.ready();
  await replica.backend.txn({ compares: [], ops: [{ type: 'delete', key: 'a/1' }] });
  expect(replica.backend.get('a/1')).toBeUndefined();
});

it('a damaged meta row stops the replica with a sentence', async () => {
  await damage('meta', META_KEY);
  await expect(cluster.start(0)).rejects.toThrow(FatalError);
  await expect(cluster.start(0)).rejects.toThrow(/damaged.*restore the directory from a backup/);
});
