import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { openEnvironment, openTables } from '../store/lmdb.js';
import { decodeMeta, encodeMeta, META_KEY } from '../store/meta.js';
import { nextTurn } from '../machinery/breathe.js';
import type { ArchiveOptions } from './archive/target.js';
import type { ReplicaConfig } from './config.js';
import { DataFiles } from './data-files.js';
import { noteDisowned } from './disown.js';
import { openReplica } from './index.js';
import { LogStore } from './log.js';
import { put } from './state.testkit.js';

let directory = '';
let dataDir = '';
const said: string[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-data-files-'));
  dataDir = join(directory, 'data');
  said.length = 0;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const NOBODY = { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const open = (more: Partial<ReplicaConfig> = {}) =>
  openReplica({ name: 'a', dataDir, log: (level, text) => void said.push(`${level}: ${text}`), ...more });
/** A start that comes to nothing: why. */
async function refused(more: Partial<ReplicaConfig> = {}): Promise<string> {
  const error = await open(more).then(
    (replica) => replica.close(),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FatalError);
  expect(readdirSync(dataDir).filter((name) => name.startsWith('lock'))).toEqual([]);
  return (error as Error).message;
}
/** A replica that has written something, and is closed. */
async function used(): Promise<void> {
  const replica = await open();
  await replica.ready();
  await put(replica, 'a/1', 'v');
  await replica.close();
}
async function withLog(work: (log: LogStore) => Promise<unknown>): Promise<void> {
  const log = await LogStore.open({
    path: join(dataDir, 'wal'),
    stateMeta: () => ({ index: 0, term: 0, confState: NOBODY }),
    onDiskFull: () => undefined,
  });
  await work(log);
  await log.close();
}
const PART_LOST =
  'part of the data directory was lost or mixed with another. Remove this replica from its cluster and join it again with an ' +
  'empty data directory. Only where it is the only replica may the whole directory be restored from a backup.';

describe('entries that are applied', () => {
  const nothing = (): void => undefined;
  const initialCluster = [
    { name: 'a', address: 'a:1' },
    { name: 'b', address: 'b:1' },
  ];
  it.each([
    ['are read from the disk where there is nobody else to read them', {}, true],
    ['are held in memory for another member', { initialCluster }, false],
    ['are held in memory for the archive', { archive: { url: '' } as unknown as ArchiveOptions }, false],
  ] as const)('%s', async (_, more, isReadAnew) => {
    const files = new DataFiles(
      { name: 'a', dataDir, log: nothing, ...more },
      {
        onDiskFull: nothing,
        observeWrite: nothing,
        onVisible: nothing,
        onDurable: nothing,
        onFatal: nothing,
        differs: () => false,
        say: nothing,
      },
    );
    const { log, state } = await files.open();
    const append = async (index: number): Promise<void> => {
      await log.append([{ index, term: 1, type: 'normal', data: Buffer.alloc(0) }], undefined);
      // Only then is it let go.
      await nextTurn();
    };
    const read = (index: number) => log.entries(index, index + 1, 1)[0];
    await append(1);
    await append(2);
    expect(read(1)).toBe(read(1));
    state.applyEntry(1, 1, Buffer.alloc(0));
    await append(3);
    expect(read(1)).toEqual({ index: 1, term: 1, type: 'normal', data: Buffer.alloc(0) });
    expect(read(1) !== read(1)).toBe(isReadAnew);
    expect(read(2)).toBe(read(2));
    await state.close();
    await log.close();
  });
});

describe('a data directory', () => {
  it('without its log is not started on', async () => {
    await used();
    rmSync(join(dataDir, 'wal'), { recursive: true });
    expect(await refused()).toBe(`${dataDir} holds a state (state) but an empty log: ${PART_LOST}`);
  });

  it('whose state is from another log is not started on', async () => {
    await used();
    await withLog((log) =>
      log.reset({ index: 100, term: 9, confState: NOBODY }, { term: 9, vote: 0, commit: 100 }, {}),
    );
    const text = await refused();
    expect(text).toMatch(
      new RegExp(`^the log in ${dataDir} is from 101 to 100 but the state has applied \\d+: ${PART_LOST.slice(0, 30)}`),
    );
    expect(text).toContain(PART_LOST);
  });

  it('whose state is beyond its log is not started on', async () => {
    await used();
    await withLog((log) => log.reset({ index: 1, term: 1, confState: NOBODY }, { term: 1, vote: 0, commit: 1 }, {}));
    expect(await refused()).toMatch(/the log|commit|lost/);
  });

  it('that was disowned says why, at each start', async () => {
    await used();
    await withLog((log) => noteDisowned(log, 'it runs on an older copy'));
    expect(await refused()).toBe('it runs on an older copy');
    expect(await refused()).toBe('it runs on an older copy');
  });

  it('of another cluster than the one that is named counts, and that is told', async () => {
    await used();
    const warning =
      `warn: the data directory ${dataDir} is of another cluster than the one that --initial-cluster names; the data ` +
      'directory counts. If that is a mistake, stop this replica at once, and give it the right one.';
    const initialCluster = [{ name: 'a', address: '127.0.0.1:1' }];
    for (const [more, expected] of [
      [{}, []],
      [{ initialCluster }, []],
      [{ initialCluster, initialClusterToken: 'x' }, [warning]],
      [
        {
          initialCluster: [...initialCluster, { name: 'b', address: 'b:1' }],
          peerListen: '127.0.0.1:0',
          unsafeNoPeerTls: true,
        },
        [warning],
      ],
    ] as const) {
      said.length = 0;
      await (await open(more)).close();
      expect(said.filter((text) => text.startsWith('warn'))).toEqual(expected);
    }
  });

  it('that cannot be made is told', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    await expect(open({ dataDir: join(file, 'data') })).rejects.toThrow(
      /cannot make the directory .*\/file: there is a file of that name\. Choose another place/,
    );
  });

  // Node's own recursive mkdir never comes back from such a path.
  it.skipIf(!existsSync('/proc/self'))('that cannot be made below /proc is told as well', async () => {
    await expect(open({ dataDir: '/proc/quorate/data' })).rejects.toThrow(
      /^cannot make the directory \/proc\/quorate: .*\. Choose another place/,
    );
  });

  it('keeps what was written, and counts its commits for who observes them', async () => {
    await used();
    const observed: string[] = [];
    const replica = await open({ observe: (what, value) => void (value >= 0 && observed.push(what)) });
    try {
      await replica.ready();
      expect(replica.backend.get('a/1')?.value.toString()).toBe('v');
      await put(replica, 'a/2', 'w');
      // A copy of the state is of what is committed.
      (await replica.backup()).release();
      const { id, name, leader, leaderName, role, members, failure, disputed, copied, proposalsInFlight } =
        replica.status();
      expect({ name, leader, leaderName, role, members, failure, disputed, copied, proposalsInFlight }).toEqual({
        name: 'a',
        leader: id,
        leaderName: 'a',
        role: 'leader',
        members: [{ id, name: 'a', address: '', learner: false, connected: true }],
        failure: '',
        disputed: false,
        copied: false,
        proposalsInFlight: 0,
      });
    } finally {
      await replica.close();
    }
    expect([...new Set(observed)].toSorted()).toEqual(['logWriteSeconds', 'stateCommitRows', 'stateCommitSeconds']);
  });

  it('with a damaged record notes that it wants a copy of the state, where others vote as well', async () => {
    const noted = async (votes: readonly number[]): Promise<string | undefined> => {
      const environment = openEnvironment({ path: join(dataDir, 'state'), overlappingSync: true });
      const { meta, objects } = openTables(environment);
      const stored = decodeMeta(Buffer.from(meta.get(META_KEY) ?? []));
      const [own = 0] = stored.members.keys();
      const record = Buffer.from(objects.get('a/1') ?? []);
      record[10] = (record[10] ?? 0) ^ 0x40;
      await environment.batch(() => {
        void objects.put('a/1', record);
        void meta.put(META_KEY, encodeMeta({ ...stored, conf: { ...stored.conf, voters: [own, ...votes] } }));
      });
      await environment.close();
      const replica = await open();
      expect(() => replica.backend.get('a/1')).toThrow('damaged');
      expect(replica.status().failure).toBe(
        votes.length === 0
          ? ''
          : '1 damaged records were found in the state of this replica. Start this replica again: it will take a copy of ' +
              'the state from the leader.',
      );
      await replica.close();
      let fact: string | undefined;
      await withLog((log) => Promise.resolve((fact = log.getFact('reseed')?.toString())));
      return fact;
    };
    await used();
    expect(await noted([])).toBeUndefined();
    rmSync(dataDir, { recursive: true });
    await used();
    expect(await noted([2 ** 40])).toBe('damaged');
  });
});
