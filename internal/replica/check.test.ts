import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { openEnvironment, openTables } from '../store/lmdb.js';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { checkDataDirectory } from './check.js';
import { LogStore } from './log.js';
import { openFilesBelow } from './open-files.testkit.js';

const EMPTY = {
  index: 0,
  term: 0,
  confState: { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};
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
  const { stateHash, applied, logLast } = cluster.replica(0).status();
  await expect(checkDataDirectory(dataDir)).rejects.toThrow('in use');
  await cluster.stop(0);
  expect(await checkDataDirectory(dataDir)).toMatchObject({
    objects: 9,
    past: 21,
    events: 31,
    revision: 31,
    stateHash,
    logFirst: 1,
    logLast,
    applied,
    problems: [],
  });
  expect(openFilesBelow(dataDir)).toEqual([]);
  expect(readdirSync(dataDir).filter((name) => name.startsWith('lock'))).toEqual([]);
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
  const nowhere = join(dataDir, 'nowhere');
  await expect(checkDataDirectory(nowhere)).rejects.toThrow(
    new FatalError(`${nowhere} holds no replica's data. Check --data-dir.`),
  );
});

it('names what is wrong with the log, and where log and state do not belong together', async () => {
  const { applied } = cluster.replica(0).status();
  await cluster.stop(0);
  const withLog = async (work: (log: LogStore) => Promise<void>): Promise<readonly string[]> => {
    const log = await LogStore.open({
      path: join(dataDir, 'wal'),
      stateMeta: () => EMPTY,
      onDiskFull: () => undefined,
    });
    await work(log);
    await log.close();
    return (await checkDataDirectory(dataDir)).problems;
  };
  const entry = (index: number, term: number) => ({ index, term, type: 'normal', data: Buffer.from('x') }) as const;
  const last = applied + 3;
  expect(
    await withLog((log) => log.append([entry(last - 2, 3), entry(last - 1, 2), entry(last, 2)], undefined)),
  ).toEqual([`entry ${last - 1} of the log is of term 2, after one of term 3`]);
  expect(await withLog((log) => log.reset({ ...EMPTY, index: applied, term: 4 }, undefined, {}))).toEqual([]);
  expect(await withLog((log) => log.append([entry(applied + 1, 3)], undefined))).toEqual([
    `entry ${applied + 1} of the log is of term 3, after one of term 4`,
  ]);
  expect(await withLog((log) => log.reset({ ...EMPTY, index: applied + 1, term: 4 }, undefined, {}))).toEqual([
    `the log begins at ${applied + 2}, but the state has applied only up to ${applied}`,
  ]);
  rmSync(join(dataDir, 'wal'), { recursive: true });
  expect(await withLog(() => Promise.resolve())).toEqual([
    `the log ends at 0, but the state has applied up to ${applied}`,
  ]);
});
