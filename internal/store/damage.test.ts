import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { DifferingStateError } from '../replica/index.js';
import { lead } from '../replica/state.testkit.js';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { until } from '../testing/until.js';
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
  await damageRow(join(cluster.directory, 'r0', 'state'), table, key);
}

async function damageRow(path: string, table: TableName, key: string): Promise<void> {
  const environment = openEnvironment({ path, overlappingSync: true });
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

it('an object that was cut short is named, and no read of the past or of changes breaks at it', async () => {
  await cluster.stop(0);
  const environment = openEnvironment({ path: join(cluster.directory, 'r0', 'state'), overlappingSync: true });
  const tables = openTables(environment);
  await environment.batch(() => void tables.objects.put('a/1', Buffer.from([1, 2, 3])));
  await environment.close();
  const { backend } = await cluster.start(0);
  expect(backend.range({ start: 'a/', end: 'a0', revision: 2 }).items.map((item) => item.key)).toEqual(['a/0']);
  expect(said).toEqual([expect.stringContaining('"a/1" in table objects is damaged (too short)')]);
  expect(() => backend.getAt('a/1', 2)).toThrow(CorruptRecordError);
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
  await expect(cluster.start(0)).rejects.toThrow(/damaged.*join it again with an empty data directory/);
});

describe('where others hold the state whole', () => {
  let members: TestCluster;
  const heard: string[] = [];
  let heardFatal: (error: FatalError) => void = () => undefined;
  const put = (i: number, key: string) =>
    members.replica(i).backend.txn({
      compares: [],
      ops: [{ type: 'put', key, value: Buffer.from('value'), revisionAt: -1 }],
    });
  beforeEach(async () => {
    heard.length = 0;
    members = await startCluster({
      size: 3,
      unsafeNoTls: true,
      config: {
        logKeepEntries: 10,
        log: (level, text) => void (level !== 'debug' && heard.push(text)),
        onFatal: (error) => heardFatal(error),
      },
    });
    await put(0, 'a/1');
    await Promise.all(members.running().map(async (replica) => replica.backend.readBarrier()));
  });
  afterEach(() => members.close());

  it('a replica with a damaged record says so, and takes a copy when it is started again', {
    timeout: 30_000,
  }, async () => {
    const bad = ((await members.leader()) + 1) % 3;
    await members.stop(bad);
    await damageRow(join(members.directory, `r${bad}`, 'state'), 'objects', 'a/1');
    const damaged = await members.start(bad);
    await damaged.ready();
    expect(damaged.status().failure).toBe('');
    expect(damaged.backend.range({ start: 'a/', end: 'a0' }).items).toEqual([]);
    expect(damaged.status()).toMatchObject({
      damagedRecords: 1,
      failure: expect.stringMatching(/Start this replica again/),
    });
    await members.stop(bad);
    const again = await members.start(bad);
    await again.ready();
    expect(again.backend.get('a/1')?.value.toString()).toBe('value');
    expect(again.status()).toMatchObject({ damagedRecords: 0, failure: '' });
  });

  it('a replica that cannot apply an entry for a damaged record stops before it, and takes a copy', {
    timeout: 30_000,
  }, async () => {
    const leader = await members.leader();
    const bad = (leader + 1) % 3;
    await members.stop(bad);
    await damageRow(join(members.directory, `r${bad}`, 'state'), 'objects', 'a/1');
    const fatal = new Promise<FatalError>((resolve) => (heardFatal = resolve));
    await members.start(bad);
    await members.replica(leader).backend.txn({
      compares: [{ key: 'a/1', exists: true }],
      ops: [{ type: 'put', key: 'a/2', value: Buffer.from('decided'), revisionAt: -1 }],
    });
    expect(await fatal).toMatchObject({
      constructor: DifferingStateError,
      message: expect.stringMatching(/"a\/1" in table objects is damaged.*cannot be applied without it/),
    });
    await members.stop(bad);
    const again = await members.start(bad);
    await again.ready();
    expect(again.status().copied).toBe(true);
    expect(again.backend.get('a/2')?.value.toString()).toBe('decided');
  });

  it('a leader with a damaged record spreads no copy of it, and hands over to one that can', {
    timeout: 90_000,
  }, async () => {
    const [bad, whole, away] = [0, 1, 2];
    await members.stop(away);
    // The third needs a copy from whoever leads.
    await until(() => members.running().every((replica) => replica.status().logFirst > 20), {
      meanwhile: () => put(whole, 'b/1'),
    });
    await members.replica(bad).backend.readBarrier();
    await members.stop(bad);
    await damageRow(join(members.directory, `r${bad}`, 'state'), 'objects', 'a/1');
    await (await members.start(bad)).ready();
    await lead(members, bad);
    const third = await members.start(away);
    await third.ready();
    const ofDamaged = /the snapshot for member \d+ was not delivered: .*"a\/1" in table objects is damaged/;
    expect(heard).toContainEqual(expect.stringMatching(ofDamaged));
    expect(heard).toContainEqual(expect.stringContaining('hands over, for its state has damaged records'));
    expect(third.backend.get('a/1')?.value.toString()).toBe('value');
  });
});

it('a state without its log is kept, and said to be in need of help', async () => {
  await cluster.stop(0);
  rmSync(join(cluster.directory, 'r0', 'wal'), { recursive: true });
  await expect(cluster.start(0)).rejects.toThrow(/holds a state \(state\) but an empty log/);
  expect(existsSync(join(cluster.directory, 'r0', 'state', 'data.mdb'))).toBe(true);
});
