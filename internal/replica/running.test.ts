import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePorts } from '../testing/cluster.js';
import { until } from '../testing/until.js';
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
