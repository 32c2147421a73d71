import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { openEnvironment, openTables } from '../store/lmdb.js';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { checkDataDirectory } from './check.js';

let cluster: TestCluster;
let dataDir = '';

beforeEach(async () => {
  cluster = await startCluster();
  dataDir = join(cluster.directory, 'r0');
  const { backend } = cluster.replica(0);
  for (let i = 0; i < 30; i++) {
    const op = { type: 'put', key: `a/${i % 10}`, value: Buffer.from(String(i)), revisionAt: -1 } as const;
    await backend.txn({ compares: [], ops: [i === 5 ? { ...op, ttlSeconds: 600 } : op] });
  }
  await backend.txn({ compares: [], ops: [{ type: 'delete', key: 'a/3' }] });
});
afterEach(() => cluster.close());

it('finds nothing wrong with a sound directory', async () => {
  const { stateHash } = cluster.replica(0).status();
  await expect(checkDataDirectory(dataDir)).rejects.toThrow('in use');
  await cluster.stop(0);
  expect(await checkDataDirectory(dataDir)).toMatchObject({
    objects: 9,
    past: 21,
    events: 31,
    revision: 31,
    stateHash,
    problems: [],
  });
});

it('names every damaged or missing record', async () => {
  await cluster.stop(0);
  const environment = openEnvironment({ path: join(dataDir, 'state'), overlappingSync: true });
  const tables = openTables(environment);
  const row = Buffer.from(tables.objects.get('a/1') ?? []);
  row[row.length - 1] = 0;
  const [past] = [...tables.past.getKeys({ start: Buffer.from('a/2'), limit: 1 })];
  await environment.batch(() => {
    void tables.objects.put('a/1', row);
    if (past !== undefined) void tables.past.remove(past);
  });
  await environment.close();
  const { problems } = await checkDataDirectory(dataDir);
  expect(problems).toEqual([
    'the record of "a/1" in table objects is damaged (checksum mismatch)',
    'the version of a/2 before revision 13 is missing',
    'rows are missing or left over in past or events',
  ]);
});

it('refuses a directory that holds nothing', async () => {
  await expect(checkDataDirectory(join(dataDir, 'nowhere'))).rejects.toThrow(FatalError);
});
