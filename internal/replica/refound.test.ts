import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { CompactedError } from '../store/types.js';
import { until } from '../testing/until.js';
import type { Identity } from './identity.js';
import { openReplica, planRecovery, recover, type Replica, restoreSnapshot, verifySnapshot } from './index.js';
import { LogStore } from './log.js';
import { openFilesBelow } from './open-files.testkit.js';
import { DAMAGED, RESEED } from './reseed.js';
import { SnapshotFile, snapshotFileOf } from './snapshot-file.js';
import { put } from './state.testkit.js';

const directory = mkdtempSync(join(tmpdir(), 'quorate-refound-'));
const source = join(directory, 'source');
const file = join(directory, 'file.snapshot');
const cluster = [
  { name: 'a', address: '127.0.0.1:1' },
  { name: 'b', address: '127.0.0.1:2' },
];
const nothing = (): void => undefined;
let identity: Identity;

/** The log of a data directory that nobody has open. */
async function withLog<T>(dataDir: string, work: (log: LogStore) => T | Promise<T>): Promise<T> {
  const log = await LogStore.open({
    path: join(dataDir, 'wal'),
    stateMeta: () => ({
      index: 0,
      term: 0,
      confState: { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
    }),
    onDiskFull: nothing,
  });
  try {
    return await work(log);
  } finally {
    await log.close();
  }
}
const identityOf = (dataDir: string): Promise<Identity> =>
  withLog(dataDir, (log) => JSON.parse(log.getFact('identity')?.toString() ?? '') as Identity);

/** What the replica of a data directory says of itself and of the keys a/1 to a/3. */
async function served(dataDir: string, name = 'a') {
  const replica = await openReplica({ name, dataDir });
  try {
    await replica.ready();
    const { revision, compactRevision, members, term } = replica.status();
    const values = ['a/1', 'a/2', 'a/3'].map((key) => replica.backend.get(key)?.value.toString());
    let history: unknown;
    try {
      replica.backend.changes(compactRevision - 1, 10);
    } catch (error) {
      history = error;
    }
    return { revision, compactRevision, members, term, values, history };
  } finally {
    await replica.close();
  }
}

beforeAll(async () => {
  const replica: Replica = await openReplica({
    name: 'a',
    dataDir: source,
    peerListen: '127.0.0.1:0',
    peerAddress: '10.0.0.8:2380',
    unsafeNoPeerTls: true,
  });
  await replica.ready();
  await put(replica, 'a/1', 'one');
  await put(replica, 'a/2', 'two');
  const backup = await replica.backup();
  const parts: Buffer[] = [];
  for await (const part of backup.bytes) parts.push(part);
  backup.release();
  writeFileSync(file, Buffer.concat(parts));
  await put(replica, 'a/1', 'more');
  await replica.addMember('b', '127.0.0.1:9');
  await replica.close();
  identity = await identityOf(source);
}, 30_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('a restored snapshot', () => {
  it('is a new cluster of one replica, with revisions that no client has seen and no history', async () => {
    const dataDir = join(directory, 'restored');
    const progress: (readonly [number, number])[] = [];
    const refounded = await restoreSnapshot(
      file,
      { dataDir, name: 'z', address: '10.0.0.9:2380', bumpRevision: 100 },
      (done, total) => void progress.push([done, total]),
    );
    expect(refounded).toEqual({ revision: 102, revisionBefore: 2 });
    const size = readFileSync(file).length;
    expect(progress.length).toBeGreaterThan(0);
    expect(progress.every(([done, total]) => done > 0 && done <= total && total === size)).toBe(true);
    const restored = await identityOf(dataDir);
    expect(restored).toMatchObject({
      name: 'z',
      boots: 0,
      starts: [],
      joined: false,
      former: [identity.cluster],
      version: 1,
    });
    expect(restored.members).toEqual([[restored.id, 'z', '10.0.0.9:2380']]);
    expect([restored.cluster, restored.id, restored.nonce]).not.toEqual([
      identity.cluster,
      identity.id,
      identity.nonce,
    ]);
    expect(restored.cluster).toBeGreaterThan(0);
    expect(restored.nonce).toMatch(/^[0-9a-f]{32}$/);
    const { history, ...now } = await served(dataDir, 'z');
    expect(now).toMatchObject({
      revision: 102,
      compactRevision: 102,
      members: [{ id: restored.id, name: 'z', address: '10.0.0.9:2380', learner: false }],
      values: ['one', 'two', undefined],
    });
    expect(history).toBeInstanceOf(CompactedError);
    expect(readdirSync(dataDir).filter((name) => name.startsWith('lock'))).toEqual([]);
    expect(openFilesBelow(directory)).toEqual([]);
  });

  it('needs an empty directory, a name and an address that members can have, and a jump of revisions', async () => {
    const dataDir = join(directory, 'not-restored');
    const right = { dataDir, name: 'z', address: '10.0.0.9:2380', bumpRevision: 1 };
    const said = (more: Partial<typeof right>): Promise<string> =>
      restoreSnapshot(file, { ...right, ...more }, nothing).then(
        () => '',
        (error: unknown) => {
          expect(error).toBeInstanceOf(FatalError);
          return (error as Error).message;
        },
      );
    if (existsSync('/proc/self')) {
      // Node's own recursive mkdir never comes back from such a path.
      expect(await said({ dataDir: '/proc/quorate/data' })).toMatch(/^cannot make the directory \/proc\/quorate: /);
    }
    expect(await said({ name: 'Z' })).toBe(`--name "Z" must be lower-case letters, digits, '-' or '.', at most 63.`);
    for (const address of ['10.0.0.9', '0.0.0.0:2380']) {
      expect(await said({ address })).toBe(
        `"${address}" is no address that others can reach this member at: write e.g. --peer-address 10.0.0.1:2380.`,
      );
    }
    const jump = '--bump-revision must be a positive whole number: a resourceVersion must never come twice';
    for (const bumpRevision of [0, -1, 1.5]) expect(await said({ bumpRevision })).toBe(jump);
    expect(existsSync(dataDir)).toBe(false);
    expect(await said({ dataDir: source })).toBe(
      `${source} is not empty: a snapshot is restored into an empty directory only. Move it away, or give another --data-dir.`,
    );
    expect(await said({ bumpRevision: 2 ** 48 })).toBe(
      `--bump-revision ${2 ** 48} is too much: revisions end at ${2 ** 48 - 1}`,
    );
    // What was made until then is started on by nobody.
    await expect(openReplica({ name: 'z', dataDir })).rejects.toThrow('holds a state (state) but an empty log');
    rmSync(dataDir, { recursive: true });
    mkdirSync(dataDir);
    expect(await said({})).toBe('');
  });

  it('may go on from there before it is one', async () => {
    const dataDir = join(directory, 'continued');
    const clusters: number[] = [];
    const options = { dataDir, name: 'z', address: '10.0.0.9:2380', bumpRevision: 1 };
    await restoreSnapshot(file, options, nothing, (state, of) => {
      clusters.push(of, state.meta.revision);
      return Promise.resolve();
    });
    expect(clusters).toEqual([identity.cluster, 2]);
    const failed = join(directory, 'failed');
    const refuse = (): Promise<never> => Promise.reject(new Error('no further'));
    await expect(restoreSnapshot(file, { ...options, dataDir: failed }, nothing, refuse)).rejects.toThrow('no further');
    await expect(verifySnapshot(file, join(directory, 'scratch-1'), nothing, refuse)).rejects.toThrow('no further');
  });
});

describe('a snapshot file', () => {
  it('is read from end to end, and what it says of itself is told', async () => {
    let reported = 0;
    const header = await verifySnapshot(file, join(directory, 'scratch-2'), () => void reported++);
    expect(header).toMatchObject({ version: 1, cluster: identity.cluster, revision: 2, compactRevision: 0 });
    expect(header.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(header.members).toEqual([{ name: 'a', address: '10.0.0.8:2380' }]);
    expect(reported).toBeGreaterThan(0);
    expect(openFilesBelow(directory)).toEqual([]);
  });

  it('that is damaged is told so, by name', async () => {
    const bytes = readFileSync(file);
    bytes[bytes.length - 100] = (bytes.at(-100) ?? 0) ^ 1;
    const damaged = join(directory, 'damaged.snapshot');
    writeFileSync(damaged, bytes);
    const failure = await verifySnapshot(damaged, join(directory, 'scratch-3'), nothing).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(FatalError);
    expect(String(failure)).toContain(damaged);
    expect(existsSync(join(directory, 'scratch-3'))).toBe(false);
    expect(openFilesBelow(directory)).toEqual([]);
  });
});

it('a snapshot file that holds another state than it says is told so', async () => {
  const whole = await SnapshotFile.open(file);
  const parts: Buffer[] = [];
  for await (const part of snapshotFileOf({ ...whole.header, stateHash: 'another' }, whole.chunks())) parts.push(part);
  await whole.close();
  const other = join(directory, 'other.snapshot');
  writeFileSync(other, Buffer.concat(parts));
  await expect(verifySnapshot(other, join(directory, 'scratch-4'), nothing)).rejects.toThrow(
    new FatalError(`the snapshot ${other} is damaged: its state is not the one that its header tells of`),
  );
  expect(openFilesBelow(directory)).toEqual([]);
});

describe('a recovery', () => {
  it('begins a new cluster with all that a stopped member holds, and turns its former members away', async () => {
    const plan = await planRecovery(source);
    expect(plan).toEqual({
      name: 'a',
      address: '10.0.0.8:2380',
      revision: expect.any(Number) as number,
      applied: expect.any(Number) as number,
      kept: expect.any(Number) as number,
      lastTerm: 1,
      otherMembers: [{ name: 'b', address: '127.0.0.1:9', learner: true }],
      doubt: '',
    });
    // Three writes and a new member, behind what opens the term.
    expect(plan.applied + plan.kept).toBeGreaterThanOrEqual(5);
    expect(plan.revision).toBeLessThanOrEqual(3);
    await expect(recover(source, 0)).rejects.toThrow('--bump-revision must be a positive whole number');
    await withLog(source, (log) =>
      log.putFact('identity', Buffer.from(JSON.stringify({ ...identity, version: 1, former: [5] }))),
    );
    // A port of its own is no address of a member.
    await expect(recover(source, 10)).resolves.toEqual({ revision: 13, revisionBefore: 3 });
    const recovered = await identityOf(source);
    expect(recovered).toMatchObject({ name: 'a', boots: 0, former: [5, identity.cluster], joined: false });
    expect(recovered.id).not.toBe(identity.id);
    const now = await served(source);
    expect(now).toMatchObject({ revision: 13, compactRevision: 13, values: ['more', 'two', undefined] });
    expect(now.members.map(({ id }) => id)).toEqual([recovered.id]);
    expect(now.term).toBeGreaterThan(1);
    // A wish that was fulfilled is none.
    expect((await planRecovery(source)).doubt).toBe('');
    await withLog(source, (log) => log.putFact(RESEED, Buffer.from(DAMAGED)));
    expect((await planRecovery(source)).doubt).toBe(
      'its state was found to be damaged, or another than that of the others',
    );
  });

  it('applies what the log holds beyond the state, but for changes of the membership', async () => {
    const dataDir = join(directory, 'behind');
    const older = join(directory, 'older');
    const session = async (work: (replica: Replica) => Promise<unknown>): Promise<void> => {
      const replica = await openReplica({
        name: 'a',
        dataDir,
        peerListen: '127.0.0.1:0',
        peerAddress: '10.0.0.8:2380',
        unsafeNoPeerTls: true,
      });
      await replica.ready();
      // Else the next session might be the one that raises the version, which is an entry as well.
      await until(() => replica.backend.takesCharges);
      await work(replica);
      await replica.close();
    };
    await session((replica) => put(replica, 'a/1', 'one'));
    cpSync(join(dataDir, 'state'), older, { recursive: true });
    await session(async (replica) => {
      await put(replica, 'a/2', 'two');
      await replica.addMember('b', '127.0.0.1:9');
      await put(replica, 'a/3', 'three');
    });
    rmSync(join(dataDir, 'state'), { recursive: true });
    cpSync(older, join(dataDir, 'state'), { recursive: true });
    const plan = await planRecovery(dataDir);
    // What opens the second term, two writes, and the member that joins.
    expect([plan.revision, plan.kept, plan.lastTerm, plan.otherMembers]).toEqual([1, 4, 2, []]);
    const wanted = { revision: 3 + 10, revisionBefore: 3 };
    expect(await recover(dataDir, 10)).toEqual(wanted);
    const now = await served(dataDir);
    expect(now).toMatchObject({ revision: 13, values: ['one', 'two', 'three'] });
    expect(now.members).toHaveLength(1);
  });

  it('is of no directory whose log and state do not belong together', async () => {
    const dataDir = join(directory, 'mixed');
    const config = { name: 'a', dataDir };
    let replica = await openReplica(config);
    await replica.ready();
    await put(replica, 'a/1', 'one');
    await replica.close();
    cpSync(join(dataDir, 'wal'), join(directory, 'mixed-wal'), { recursive: true });
    replica = await openReplica(config);
    await replica.ready();
    await put(replica, 'a/2', 'two');
    const { applied } = replica.status();
    await replica.close();
    rmSync(join(dataDir, 'wal'), { recursive: true });
    cpSync(join(directory, 'mixed-wal'), join(dataDir, 'wal'), { recursive: true });
    await expect(planRecovery(dataDir)).rejects.toThrow(
      new RegExp(
        `^the log is from 1 to \\d+, but the state has applied ${applied}: part of the data directory was lost\\. ` +
          'Recover another member, or restore a snapshot\\.$',
      ),
    );
  });

  it('names the other members, and where there is nothing it says so', async () => {
    const dataDir = join(directory, 'two');
    const replica = await openReplica({
      name: 'a',
      dataDir,
      peerListen: '127.0.0.1:0',
      initialCluster: cluster,
      unsafeNoPeerTls: true,
    });
    await replica.close();
    expect(await planRecovery(dataDir)).toMatchObject({
      name: 'a',
      address: '127.0.0.1:1',
      revision: 0,
      applied: 0,
      kept: 0,
      lastTerm: 0,
    });
    const empty = join(directory, 'empty');
    await expect(planRecovery(empty)).rejects.toThrow(
      new FatalError(`${empty} holds no replica's data. Check --data-dir.`),
    );
    mkdirSync(join(empty, 'wal'), { recursive: true });
    await expect(planRecovery(empty)).rejects.toThrow(
      new FatalError(`${empty} belongs to no member yet: there is nothing to recover in it.`),
    );
    rmSync(join(source, 'state'), { recursive: true });
    await expect(recover(source, 1)).rejects.toThrow(
      /^the log is from \d+ to \d+, but the state has applied 0: part of the data directory was lost\. Recover another member, or restore a snapshot\.$/,
    );
  });
});
