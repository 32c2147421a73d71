import { Packr } from 'msgpackr';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FatalError } from '../machinery/assert.js';
import type { Message } from '../raft/index.js';
import { LOG_VERSION } from '../store/command.js';
import { freePorts } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { TAKEN_OVER } from '../transport/admit.js';
import type { PeerIdentity } from '../transport/types.js';
import { readReply } from './calls.js';
import type { Member } from './identity.js';
import { FOUNDER, LoneLeader, messageOf } from './leader.testkit.js';
import { Peers } from './peers.js';
import { SnapshotReceiver } from './snapshot-receiver.js';
import { encodeMessages } from './wire.js';

const packr = new Packr({ useRecords: false, int64AsType: 'number' });
const B = { name: 'b', address: '127.0.0.1:1' };
const C = { name: 'c', address: '127.0.0.1:2' };
const BEAT = messageOf(2, 'heartbeat');
let bench: LoneLeader;
let peers: Peers;
let said: string[] = [];
let fatal: FatalError[] = [];
let others: Peers[] = [];

async function peersOf(own: LoneLeader, more: Partial<Member> = {}, listen?: string): Promise<Peers> {
  const [port = 0] = await freePorts(1);
  const address = listen ?? `127.0.0.1:${port}`;
  return new Peers({
    identity: {
      ...FOUNDER,
      members: [
        [1, 'a', address],
        [2, 'b', B.address],
        [3, 'c', C.address],
      ],
      ...more,
    },
    receiver: new SnapshotReceiver({ dataDir: own.directory, say: () => undefined }),
    listen: address,
    address,
    tls: undefined,
    log: own.log,
    state: own.state,
    space: own.space,
    onFatal: (error) => void fatal.push(error),
    onCorrupt: (error) => void said.push(`corrupt: ${error.message}`),
    // Whom it cannot reach it says as well, at some time.
    say: (level, text) => void (text.startsWith('cannot reach') || said.push(`${level}: ${text}`)),
  });
}

beforeEach(async () => {
  [said, fatal, others] = [[], [], []];
  bench = await LoneLeader.open({ 2: B, 3: C }, { voters: [1, 2, 3] });
  peers = await peersOf(bench);
});
afterEach(async () => {
  for (const each of [peers, ...others]) await each.close();
  await bench.close();
});
const start = (): Promise<void> => peers.start(bench.driver, bench.membership, bench.verifier);
const heard = (message: Partial<Message>): void => peers.onMessages(2, encodeMessages([{ ...BEAT, ...message }]));
const member = (id: number, more: Partial<PeerIdentity> = {}): PeerIdentity => ({
  cluster: 7,
  id,
  nonce: `n${id}`,
  logVersion: LOG_VERSION,
  ...more,
});

describe('a call', () => {
  const call = async (request: unknown, from: PeerIdentity | undefined = member(2)): Promise<unknown> => {
    try {
      return packr.unpack(readReply(await peers.onCall(packr.pack(request), from)));
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
  };

  it('is answered once the replica runs, and one by nobody in particular only if it is to join', async () => {
    expect(await call({ op: 'space' })).toBe('UnavailableError: this replica is starting; try again');
    await start();
    bench.present.add(2);
    await bench.lead();
    const nothingElse = 'MembershipError: who does not say which member it is may join, and nothing else.';
    for (const op of ['space', 'snapshotProgress', 'hash', 'agreed', 'diverged', 'disputed', 'add', 'remove']) {
      const answer = packr.unpack(await peers.onCall(packr.pack({ op, revision: 0 }), undefined)) as object;
      expect([op, Object.values(answer).reverse().join(': ')]).toEqual([op, nothingElse]);
    }
    const joining = packr.unpack(
      await peers.onCall(packr.pack({ op: 'join', cluster: 8, logVersion: LOG_VERSION }), undefined),
    ) as object;
    expect(Object.values(joining)).toContain('this is another cluster');
    expect(bench.verifier.disputed).toBe(false);
  });

  it('is answered by who knows: of the disk, of a snapshot that comes in, of the state, of the membership', async () => {
    await start();
    expect(await call({ op: 'space' })).toEqual({ low: false });
    expect(await call({ op: 'snapshotProgress', transfer: 'unknown' })).toEqual({ chunks: 0 });
    const { lineage } = bench.state.meta;
    expect(await call({ op: 'hash', revision: 9 })).toEqual({ hash: '', lineage, disputed: false });
    expect(await call({ op: 'agreed', revision: 9, hash: 'x' })).toMatchObject({ disputed: false });
    expect(await call({ op: 'diverged', revision: 9, hash: 'x' })).toMatchObject({ disputed: false });
    expect(await call({ op: 'disputed', revision: 9 })).toMatchObject({ disputed: true });
    expect(await call({ op: 'remove', name: 'c' })).toBe('UnavailableError: no leader is known; try again');
    expect(await call({ op: 'remove', name: 'c', forwarded: true })).toBe(
      'UnavailableError: this replica does not lead any more; try again',
    );
  });
});

describe('messages', () => {
  it('that cannot be read are dropped and told of; others reach Raft', async () => {
    await start();
    peers.onMessages(2, Buffer.from('garbage'));
    expect(said).toEqual([expect.stringMatching(/^warn: dropped a batch of messages that cannot be read: ./)]);
    heard({});
    await bench.until(() => bench.driver.leader === 2 && bench.driver.term === 5);
    expect(said).toHaveLength(1);
  });

  it('that ask the leader to hand over count for nothing while states differ', async () => {
    await start();
    bench.present.add(2).add(3);
    await bench.lead();
    const { term } = bench.driver.status();
    const asksFor = (): boolean => bench.sent.some(({ type }) => type === 'timeoutNow');
    bench.verifier.answer({ op: 'disputed', revision: 1 });
    heard({ type: 'transferLeader', context: '2', term });
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(asksFor()).toBe(false);
    await expect(peers.onFetch(2).next()).rejects.toThrow(/^the states of the replicas differ, and it cannot be told/);
  });

  it('that ask the leader to hand over are heard otherwise', async () => {
    await start();
    bench.present.add(2).add(3);
    await bench.lead();
    heard({ type: 'transferLeader', context: '2', term: bench.driver.status().term });
    await bench.until(() => bench.sent.some(({ type, to }) => type === 'timeoutNow' && to === 2));
  });
});

describe('a member', () => {
  it('that refuses this replica is told of, and ends it where that is for good', async () => {
    await start();
    peers.onRefused(2, 'not now', false);
    expect([said, fatal]).toEqual([['warn: member 2 refuses this replica: not now'], []]);
    peers.onRefused(2, TAKEN_OVER, false);
    expect(fatal).toEqual([]);
    peers.onRefused(2, 'gone for good', true);
    expect(fatal.map(({ message, name }) => [name, message])).toEqual([['FatalError', 'gone for good']]);
    expect(bench.log.getFact('disowned')).toBeUndefined();
  });

  it.each([
    ['on an older copy of its directory', 'member a runs on an older copy of its data directory: it has forgotten'],
    ['whose place was taken', TAKEN_OVER],
  ])('%s is ended, and not started there again', async (_, reason) => {
    await start();
    peers.onRefused(2, reason, true);
    peers.onRefused(3, reason, true);
    await until(() => fatal.length > 0);
    expect(fatal.map(({ message }) => message)).toEqual([reason]);
    expect(bench.log.getFact('disowned')?.toString()).toBe(reason);
    // It says nothing more to anybody.
    bench.sent.length = 0;
    bench.driver.report((raft) => raft.campaign());
    await new Promise((resolve) => setImmediate(resolve));
    expect(bench.sent).toEqual([]);
  });

  it('whose place was taken ends also where its disk does not take the note', async () => {
    await start();
    vi.spyOn(bench.log, 'putFact').mockRejectedValue(new Error('the disk is away'));
    peers.onRefused(2, TAKEN_OVER, true);
    await until(() => fatal.length > 0);
    expect([said, fatal.map(({ message }) => message)]).toEqual([['error: the disk is away'], [TAKEN_OVER]]);
  });

  it('that cannot be reached is sent entries one by one until it answers', async () => {
    await start();
    bench.present.add(2).add(3);
    await bench.lead();
    const stateOf2 = (): string | undefined => bench.driver.status().peers.find(({ id }) => id === 2)?.state;
    await bench.until(() => stateOf2() === 'replicate');
    bench.present.delete(2);
    peers.onUnreachable(2);
    await bench.until(() => stateOf2() === 'probe');
    bench.present.add(2);
    await bench.until(() => stateOf2() === 'replicate');
  });

  it('is admitted unless it was removed or is of an earlier release, and is remembered', async () => {
    await start();
    expect([peers.logVersionOf(2), peers.nonceOf(2), peers.nonceOf(1)]).toEqual([undefined, undefined, 'x']);
    expect(await peers.admit(member(2, { logVersion: LOG_VERSION }))).toBeUndefined();
    expect([peers.logVersionOf(2), peers.nonceOf(2)]).toEqual([LOG_VERSION, 'n2']);
    expect(await peers.admit(member(2, { nonce: 'other' }))).toMatch(/^member b came back with another data directory/);
    const silent = { cluster: 7, id: 3, nonce: 'n3' };
    expect(await peers.admit(silent)).toBeUndefined();
    expect(peers.logVersionOf(3)).toBe(0);
    bench.present.add(2).add(3);
    await bench.lead();
    await bench.useNewest();
    const early = /^this member runs an earlier release than the others, which write what it cannot read\. /;
    expect(await peers.admit(silent)).toMatch(early);
    expect(await peers.admit(member(3, { logVersion: LOG_VERSION - 1 }))).toMatch(early);
    expect(await peers.admit(member(3, { logVersion: LOG_VERSION }))).toBeUndefined();
    bench.reachable.add(2);
    expect(await bench.outcome(bench.membership.onCall({ op: 'remove', name: 'c' }))).toBeInstanceOf(Buffer);
    expect(await peers.admit(member(3))).toMatch(
      /^this member was removed from the cluster. To bring the machine back, join it as a new member: /,
    );
  });

  it('that is gone is stood for at once, if it led', async () => {
    await start();
    heard({});
    await bench.until(() => bench.driver.leader === 2);
    peers.onDead(3);
    expect(said).toEqual([]);
    peers.onDead(2);
    expect(said).toEqual(['info: the leader is gone: standing for election']);
    // Long before the election timeout of 1,000 ticks.
    for (let i = 0; i < 3; i++) bench.driver.tick();
    expect(bench.driver.status()).toMatchObject({ role: 'candidate', term: 6 });
  });

  it('that does not answer has no space, and no connection', async () => {
    await start();
    expect([await peers.hasSpace(2), peers.reachable(2)]).toEqual([false, false]);
    expect(said).toEqual([expect.stringMatching(/^debug: member 2 did not tell whether it has space: ./)]);
    expect(peers.snapshotFor(2)).toBeUndefined();
  });

  it('has a copy of the state from the leader only', async () => {
    await start();
    await expect(peers.onFetch(2).next()).rejects.toThrow('this member does not lead');
    expect(said).toEqual([]);
    bench.present.add(2).add(3);
    await bench.lead();
    await bench.put('k');
    const chunks: Buffer[] = [];
    for await (const chunk of peers.onFetch(2)) chunks.push(chunk);
    expect(chunks.length).toBeGreaterThan(1);
    expect(said).toEqual(['info: giving a copy of the state to member 2']);
  });
});

it('the first member of a new cluster stands at once when it is connected, and only once', async () => {
  await start();
  peers.onUp();
  expect(bench.driver.status()).toMatchObject({ term: 1, role: 'candidate' });
  peers.onUp();
  expect(bench.driver.status().term).toBe(1);
});

it('a snapshot is installed only when it is the one that was announced', async () => {
  await start();
  const { meta } = bench.state;
  const announced = { index: 5, term: 1, confState: meta.conf };
  let isReset = false;
  const resetLog = (): Promise<void> => {
    isReset = true;
    return Promise.resolve();
  };
  await expect(peers.install(announced, resetLog)).rejects.toThrow(
    'a snapshot was announced that is not here. Restart this replica; it will ask again.',
  );
  expect(isReset).toBe(false);
});

describe('founders', () => {
  it('wait for all others that are empty, by name, and not when they joined or hold something', async () => {
    expect(peers.awaited).toEqual([]);
    await start();
    expect(peers.awaited).toEqual(['b', 'c']);
    // It says that it is empty, but there is no connection to it.
    await peers.admit(member(2, { empty: true }));
    expect(peers.awaited).toEqual(['b', 'c']);
    const joined = await peersOf(bench, { joined: true });
    others.push(joined);
    await joined.start(bench.driver, bench.membership, bench.verifier);
    expect(joined.awaited).toEqual([]);
    heard({});
    await bench.until(() => bench.driver.term === 5);
    expect(peers.awaited).toEqual([]);
  });

  it('begin when they are connected, and messages go from one to the other', async () => {
    const two = await LoneLeader.open({ 2: B, 3: C }, { voters: [1, 2, 3] });
    const [port = 0, second = 0] = await freePorts(2);
    const members = [
      [1, 'a', `127.0.0.1:${port}`],
      [2, 'b', `127.0.0.1:${second}`],
    ] as const;
    const [a, b] = [
      await peersOf(bench, { members }, `127.0.0.1:${port}`),
      await peersOf(two, { members, id: 2, name: 'b', nonce: 'y' }, `127.0.0.1:${second}`),
    ];
    others.push(a, b);
    const infos = new Map(members.map(([id, name, address]) => [id, { name, address }]));
    const received: Message[] = [];
    two.driver.step = (messages) => void received.push(...messages);
    try {
      await a.start(bench.driver, bench.membership, bench.verifier);
      expect(a.awaited).toEqual(['b']);
      await b.start(two.driver, two.membership, two.verifier);
      a.setMembers(infos);
      b.setMembers(infos);
      await until(() => a.reachable(2) && b.reachable(1));
      await until(() => a.awaited.length === 0);
      expect(await a.hasSpace(2)).toBe(true);
      const vote = { ...BEAT, type: 'vote', from: 1, to: 2, term: 9 } as const;
      a.send([vote, { ...vote, to: 1 }, { ...vote, type: 'heartbeat' }]);
      await until(() => received.filter(({ term }) => term === 9).length === 2);
      expect(received.filter(({ term }) => term === 9).map(({ type, to }) => [type, to])).toEqual([
        ['vote', 2],
        ['heartbeat', 2],
      ]);
    } finally {
      await a.close();
      await b.close();
      await two.close();
    }
  });
});
