import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePorts } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { LOG_VERSION } from '../store/command.js';
import { openEnvironment, openTables } from '../store/lmdb.js';
import { decodeMeta, META_KEY, type StateMeta } from '../store/meta.js';
import { StateStore } from '../store/state.js';
import { DirectoryTarget } from './archive/directory.js';
import { verifyArchive } from './archive/restore.js';
import { openReplica, type Replica, type ReplicaConfig } from './index.js';
import { RunningReplica } from './running.js';
import { put } from './state.testkit.js';

let dataDir = '';
let said: string[] = [];
let opened: Replica[] = [];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'quorate-running-'));
  [said, opened] = [[], []];
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const replica of opened) await replica.close();
  rmSync(dataDir, { recursive: true, force: true });
});
const configOf = (more: Partial<ReplicaConfig> = {}): ReplicaConfig => ({
  name: 'a',
  dataDir,
  log: (level, text) => void said.push(`${level}: ${text}`),
  ...more,
});
async function open(more: Partial<ReplicaConfig> = {}): Promise<Replica> {
  const replica = await openReplica(configOf(more));
  opened.push(replica);
  return replica;
}
const failureOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return '';
};

/** What a closed replica's state says of itself. */
async function metaOf(directory: string): Promise<StateMeta> {
  const environment = openEnvironment({ path: join(directory, 'state'), overlappingSync: true });
  const meta = decodeMeta(Buffer.from(openTables(environment).meta.get(META_KEY) ?? []));
  await environment.close();
  return meta;
}

/** Flips a bit of a record of a closed replica. */
async function damage(key: string): Promise<void> {
  const environment = openEnvironment({ path: join(dataDir, 'state'), overlappingSync: true });
  const { objects } = openTables(environment);
  const record = Buffer.from(objects.get(key) ?? []);
  record[10] = (record[10] ?? 0) ^ 0x40;
  await environment.batch(() => void objects.put(key, record));
  await environment.close();
}

describe('a replica that runs alone', () => {
  it('says of itself what it is, what it holds, and how much it has done', async () => {
    const observed = new Map<string, number[]>();
    const replica = await open({
      observe: (what, value) => observed.set(what, [...(observed.get(what) ?? []), value]),
    });
    await replica.ready();
    await put(replica, 'a/1', 'x');
    await put(replica, 'a/2', 'y');
    const status = replica.status();
    expect(status).toMatchObject({
      name: 'a',
      role: 'leader',
      term: 1,
      leader: status.id,
      leaderName: 'a',
      revision: 2,
      compactRevision: 0,
      logFirst: 1,
      diskLow: false,
      damagedRecords: 0,
      scrub: { passes: expect.any(Number) as number },
      failure: '',
      differences: 0,
      disputed: false,
      copied: false,
      leaderChanges: 1,
      handOvers: 0,
      proposalsInFlight: 0,
      members: [{ id: status.id, name: 'a', learner: false, connected: true }],
    });
    expect([replica.leads, status.logLast, status.applied]).toEqual([true, status.commit, status.commit]);
    expect(said).toContain('info: a leads in term 1');
    const seconds = observed.get('logWriteSeconds') ?? [];
    expect(seconds.length).toBeGreaterThan(1);
    for (const each of seconds) expect(each).toBeLessThan(60);
    expect([replica.archive(), replica.handOver()]).toEqual([undefined, undefined]);
    await replica.compact(2);
    expect(replica.status().compactRevision).toBe(2);
  });

  it('changes its membership, and says what cannot be', async () => {
    const replica = await open();
    await replica.ready();
    await replica.addMember('b', '127.0.0.1:1');
    expect(said).toContain('info: member b at 127.0.0.1:1 joins as a learner');
    const { id = 0 } = replica.status().members.find(({ name }) => name === 'b') ?? {};
    expect(replica.status().members.map(({ name, learner, connected }) => [name, learner, connected])).toEqual([
      ['a', false, true],
      ['b', true, false],
    ]);
    expect(await failureOf(() => replica.promoteMember('b'))).toMatch(/^MembershipError: the member is not connected;/);
    expect(await failureOf(() => replica.removeMember('a'))).toBe('MembershipError: the last voter cannot be removed.');
    expect(await failureOf(() => replica.transferLeader('x'))).toBe('Error: no member is named x');
    expect(await failureOf(() => replica.transferLeader('b'))).toBe(
      'Error: b is a learner: it has no vote, and cannot lead',
    );
    await replica.removeMember(String(id));
    expect(replica.status().members.map(({ name }) => name)).toEqual(['a']);
  });

  it('gives all that was acknowledged as a snapshot file', async () => {
    const replica = await open();
    await replica.ready();
    await put(replica, 'a/1', 'x');
    const backup = await replica.backup();
    const status = replica.status();
    expect(backup.header).toMatchObject({
      version: 1,
      revision: 1,
      compactRevision: 0,
      appliedIndex: status.applied,
      appliedTerm: 1,
      stateHash: status.stateHash,
      members: [{ name: 'a' }],
    });
    expect(Math.abs(Date.parse(backup.header.createdAt) - Date.now())).toBeLessThan(60_000);
    const chunks: Buffer[] = [];
    for await (const chunk of backup.bytes) chunks.push(chunk);
    backup.release();
    expect(Buffer.concat(chunks).includes('a/1')).toBe(true);
  });

  it('is itself again when it is opened again, and is closed once', async () => {
    let replica = await open();
    await replica.ready();
    await put(replica, 'a/1', 'x');
    const { id, stateHash } = replica.status();
    expect(await failureOf(() => openReplica(configOf()))).toMatch(/^FatalError: .*in use/);
    const waiting = failureOf(() => replica.backend.readBarrier());
    await Promise.all([replica.close(), replica.close()]);
    await replica.close();
    expect(await waiting).toMatch(/^(|UnavailableError: .*shutting down.*)$/);
    expect(await failureOf(() => put(replica, 'a/2', 'x'))).toMatch(/this replica is shutting down/);
    replica = await open();
    await replica.ready();
    expect(replica.status()).toMatchObject({ id, stateHash, revision: 1, term: 2, leaderChanges: 1 });
    expect(replica.backend.get('a/1')?.value.toString()).toBe('x');
  });

  it('forgets history and log as it is told to, writes all that this release knows, and notes whose directory it is', async () => {
    const replica = await open({ compactionIntervalMs: 20, logKeepEntries: 10 });
    await replica.ready();
    for (let i = 0; i < 40; i++) await put(replica, 'a/1', String(i));
    await until(() => replica.status().compactRevision > 0 && replica.status().logFirst > 20, {
      meanwhile: () => put(replica, 'a/1', 'x'),
    });
    await replica.close();
    const { version, members } = await metaOf(dataDir);
    expect(version).toBe(LOG_VERSION);
    expect([...members.values()]).toEqual([
      { name: 'a', address: expect.any(String) as string, nonce: expect.stringMatching(/./) as string },
    ]);
  });

  it('gives a write up after the time that it is told', async () => {
    let delayMs = 0;
    const replica = await open({ txnTimeoutMs: 100, unsafeLogDelayMs: () => delayMs });
    await replica.ready();
    delayMs = 1_000;
    expect(await failureOf(() => put(replica, 'a/1', 'x'))).toMatch(
      /^UnavailableError: .*the write .*within its time$/,
    );
  });

  it('stops where its disk fails: it says so, once, and takes nothing any more', async () => {
    const fatal: Error[] = [];
    let isBroken = false;
    const replica = await open({
      onFatal: (error) => void fatal.push(error),
      unsafeLogDelayMs: () => {
        if (isBroken) throw new Error('the disk is gone');
        return 0;
      },
    });
    await replica.ready();
    isBroken = true;
    expect(await failureOf(() => put(replica, 'a/1', 'x'))).toBe('UnavailableError: this replica has stopped');
    expect(fatal.map(({ name }) => name)).toEqual(['FatalError']);
    expect(fatal[0]?.message).toMatch(/^the Raft log in .* cannot be written: the disk is gone\. Check the disk/);
    expect(said.filter((text) => text.startsWith('error: '))).toEqual([`error: ${fatal[0]?.message}`]);
    expect(await failureOf(() => put(replica, 'a/2', 'x'))).toBe('UnavailableError: this replica has stopped');
    expect(await failureOf(() => replica.backend.readBarrier())).toBe('UnavailableError: this replica has stopped');
    isBroken = false;
    await replica.close();
  });

  it('tells of a damaged record, leaves it out, and goes on', async () => {
    let replica = await open();
    await replica.ready();
    await put(replica, 'a/1', 'x');
    await put(replica, 'a/2', 'y');
    await replica.close();
    await damage('a/1');
    replica = await open();
    await replica.ready();
    expect(await failureOf(() => replica.backend.get('a/1'))).toMatch(/damaged/);
    expect(replica.status()).toMatchObject({ damagedRecords: 1, failure: '', disputed: false });
    expect(said).toContainEqual(expect.stringMatching(/^error: .*a\/1.*damaged.*restored from a backup\.$/));
    expect(replica.backend.get('a/2')?.value.toString()).toBe('y');
    expect((await put(replica, 'a/3', 'z')).succeeded).toBe(true);
  });

  it('reads its whole state from time to time, and tells what it finds, and where it cannot', async () => {
    let replica = await open();
    await replica.ready();
    await put(replica, 'a/1', 'x');
    await replica.close();
    await damage('a/1');
    const taken = vi.spyOn(StateStore.prototype, 'takeSnapshot').mockRejectedValueOnce(new Error('no more readers'));
    replica = await open({ scrubIntervalMs: 5 });
    await until(() => replica.status().damagedRecords > 0 && replica.status().scrub.passes > 0);
    expect(taken.mock.calls.length).toBeGreaterThan(1);
    expect(said).toContain('warn: the state could not be read to its end: no more readers');
    expect(said.filter((text) => text.startsWith('error'))).toEqual([expect.stringMatching(/a\/1.*damaged/)]);
  });

  it('is archived where it is told to be, with all that it holds when it is closed', async () => {
    const root = join(dataDir, 'archive');
    const archive = { intervalMs: 60_000, baseIntervalMs: 3_600_000, retentionMs: 0 };
    const replica = await open({ archive: { ...archive, target: () => new DirectoryTarget(root, 'c') } });
    await replica.ready();
    await put(replica, 'a/1', 'x');
    expect(replica.archive()).toMatchObject({ failures: 0 });
    await replica.close();
    const scratch = join(dataDir, 'scratch');
    mkdirSync(scratch);
    expect(await verifyArchive(new DirectoryTarget(root, 'c'), {}, scratch, () => undefined)).toBe(1);
    expect(replica.archive()?.failures).toBe(0);
  });

  it('may have nobody who listens to what it says', async () => {
    const replica = await openReplica({ name: 'a', dataDir });
    opened.push(replica);
    await replica.ready();
    expect((await put(replica, 'a/1', 'x')).succeeded).toBe(true);
  });

  it('has nothing to say before it is started', async () => {
    let isReleased = false;
    const replica = new RunningReplica(configOf(), { release: () => (isReleased = true) });
    const notRunning = 'Error: the replica is not running';
    for (const work of [
      () => replica.backend,
      () => replica.leads,
      () => replica.status(),
      () => replica.ready(),
      () => replica.backup(),
      () => replica.addMember('b', '127.0.0.1:1'),
      () => replica.handOver(),
      () => replica.transferLeader('b'),
    ]) {
      expect(await failureOf(work)).toBe(notRunning);
    }
    expect(replica.archive()).toBeUndefined();
    await replica.close();
    expect(isReleased).toBe(true);
  });
});

describe('a founder', () => {
  it('says every ten seconds whom it still waits for', async () => {
    const now = performance.now.bind(performance);
    let later = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now() + later);
    const [own, b, c] = await freePorts(3);
    const replica = await open({
      peerListen: `127.0.0.1:${own}`,
      initialCluster: [
        { name: 'a', address: `127.0.0.1:${own}` },
        { name: 'b', address: `127.0.0.1:${b}` },
        { name: 'c', address: `127.0.0.1:${c}` },
      ],
      unsafeNoPeerTls: true,
      tickMs: 5,
      readTimeoutMs: 50,
    });
    const sentence = 'warn: the cluster begins when all of its founders are connected and empty; missing: b, c';
    const told = (): number => said.filter((text) => text === sentence).length;
    expect(told()).toBe(0);
    for (const count of [1, 2]) {
      later += 10_001;
      await until(() => told() > 0 && told() >= count);
      expect(told()).toBe(count);
    }
    expect(replica.status()).toMatchObject({ term: 0, leader: 0, leaderName: '', leaderChanges: 0, role: 'follower' });
    expect([replica.leads, replica.handOver()]).toEqual([false, undefined]);
    expect(replica.status().members.map(({ name, connected }) => [name, connected])).toEqual([
      ['a', true],
      ['b', false],
      ['c', false],
    ]);
    expect(await failureOf(() => replica.transferLeader('b'))).toBe('Error: no leader is known; try again');
    expect(await failureOf(() => replica.addMember('d', '127.0.0.1:1'))).toMatch(/no leader is known; try again$/);
    expect(await failureOf(() => replica.backup())).toMatch(/^UnavailableError: /);
  });
});

it('a replica that cannot be opened lets go of its directory', async () => {
  const replica = await open();
  await replica.ready();
  await replica.close();
  const refused = await failureOf(() => openReplica(configOf({ name: 'b' })));
  expect(refused).toMatch(/^FatalError: /);
  expect(await failureOf(() => openReplica(configOf({ name: 'b' })))).toBe(refused);
  await (await open()).ready();
});
