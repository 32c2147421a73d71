import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeProposal, LOG_VERSION } from '../store/command.js';
import { StateExport } from '../store/snapshot.js';
import { StateStore } from '../store/state.js';
import { freePorts } from '../testing/cluster.js';
import { Driver } from './driver.js';
import { FOUNDER } from './leader.testkit.js';
import { LogStore } from './log.js';
import { Membership } from './membership.js';
import { Peers } from './peers.js';
import { reseedIfWanted } from './reseed.js';
import { DiskWatch, SLOW_DISK_LIMITS } from './slow-disk.js';
import { SnapshotReceiver } from './snapshot-receiver.js';
import { SpaceGuard } from './space.js';
import { Verifier } from './verify.js';
import { encodeMessages } from './wire.js';

const conf = { voters: [1, 2], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const nothing = (): void => undefined;
const fail = (error: Error): void => {
  throw error;
};
/** Of a message of member 2. */
const HEAD = { from: 2, to: 1, index: 0, logTerm: 0, commit: 0, entries: [], reject: false, rejectHint: 0 } as const;
let dataDir = '';
let others = 0;
let port = 0;
let log: LogStore;
let state: StateStore;
let peers: Peers;
let said: string[] = [];

function openState(name: string, members = new Map([[2, { name: 'b', address: '' }]]), lineage = ''): StateStore {
  const path = join(dataDir, name);
  return new StateStore({
    path,
    conf,
    members,
    lineage,
    onVisible: nothing,
    onDurable: nothing,
    onDiskFull: nothing,
    onFatal: fail,
  });
}

beforeEach(async () => {
  said = [];
  dataDir = mkdtempSync(join(tmpdir(), 'quorate-peers-'));
  [port = 0] = await freePorts(1);
  state = openState('state');
  log = await LogStore.open({
    path: join(dataDir, 'wal'),
    stateMeta: () => ({ index: state.meta.appliedIndex, term: state.meta.appliedTerm, confState: state.meta.conf }),
    onDiskFull: nothing,
    delayMs: () => 20,
  });
  const address = `127.0.0.1:${port}`;
  peers = new Peers({
    identity: FOUNDER,
    receiver: new SnapshotReceiver({ dataDir, say: nothing }),
    listen: address,
    address,
    tls: undefined,
    log,
    state,
    space: new SpaceGuard({ dataDir, say: nothing }),
    onCorrupt: fail,
    onFatal: fail,
    say: (level, text) => void said.push(`${level}: ${text}`),
  });
});
afterEach(async () => {
  await peers.close();
  await state.close();
  await log.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** A driver whose raft is in this term. */
function driverIn(term: number): Driver {
  const limits = { maxSizePerMessageBytes: 1000, maxInflightMessages: 1, maxInflightBytes: 1000 };
  const raft = { electionTicks: 10, heartbeatTicks: 1, maxUncommittedBytes: 1000, preVote: true, checkQuorum: true };
  return new Driver({
    raft: { ...limits, ...raft, id: 1, applied: 0, hardState: { term, vote: 0, commit: 0 } },
    id: 1,
    log,
    state,
    outbox: peers,
    installer: peers,
    disks: new DiskWatch(SLOW_DISK_LIMITS),
    onDamagedEntry: (error) => {
      throw error;
    },
    onFatal: fail,
    onLeader: nothing,
    onConfChange: nothing,
    onConfChangeRefused: nothing,
  });
}

async function start(driver: Driver): Promise<void> {
  const unasked = (): Promise<Buffer> => Promise.reject(new Error('nobody is to be asked'));
  const membership = new Membership({
    driver,
    state,
    id: 1,
    cluster: 7,
    prefix: '1.1',
    nonceOf: () => undefined,
    reachable: () => false,
    call: unasked,
    confirm: () => Promise.resolve(),
    say: nothing,
  });
  const verifier = new Verifier({ id: 1, state, ask: unasked, onDiverged: nothing, say: nothing });
  await peers.start(driver, membership, verifier);
}

/** One object, at log index 1. */
function applyOne(to: StateStore, term: number): void {
  const op = { type: 'put', key: 'a/1', value: Buffer.from('v'), revisionAt: -1 } as const;
  const commands = [{ kind: 'txn', txn: { compares: [], ops: [op] } } as const];
  to.applyEntry(1, term, encodeProposal({ proposer: 2, seq: 1, time: 0, commands }));
  to.commit();
}

/** A snapshot with one object, at log index 1, from the leader of this term. It names no voter who could confirm it. */
async function* snapshotOf(term: number, confState = { ...conf, voters: [1], learners: [2] }): AsyncGenerator<Buffer> {
  const other = openState(`others-${++others}`);
  applyOne(other, term);
  await other.whenVisible(1);
  yield encodeMessages([{ ...HEAD, type: 'snapshot', term, context: '', snapshot: { index: 1, term, confState } }]);
  const whole = new StateExport(await other.takeSnapshot());
  yield* whole.chunks();
  whole.release();
  await other.close();
}

describe('peers', () => {
  it('exchange no word with a member before it is on disk who that is, however it comes', async () => {
    const peer = { cluster: 7, id: 2, nonce: 'y' };
    const order: string[] = [];
    // Its stream to us and ours to it come up together: the second must not overtake the write that the first waits for.
    await Promise.all([
      peers.admit(peer).then(() => order.push('first')),
      peers.admit(peer).then(() => order.push('second')),
    ]);
    expect(order).toEqual(['first', 'second']);
    expect(peers.nonceOf(2)).toBe('y');
    expect(log.getFact('nonce/2')?.toString()).toBe('y');
    expect(await peers.admit({ ...peer, nonce: 'z' })).toContain('another data directory');
  });

  it('hear from a damaged replica that what they have is right, before it asks them for a copy', async () => {
    const driver = driverIn(5);
    applyOne(state, 1);
    state.setLineage('3-copied');
    await start(driver);
    const damagedLog = await LogStore.open({
      path: join(dataDir, 'wal-b'),
      stateMeta: () => ({ index: 0, term: 0, confState: conf }),
      onDiskFull: nothing,
    });
    const damaged = openState('state-b', new Map([[1, { name: 'a', address: `127.0.0.1:${port}` }]]), '2-own');
    const stopping = new AbortController();
    try {
      applyOne(damaged, 1);
      await damagedLog.putFact('reseed', Buffer.from('damaged'));
      const reseeding = reseedIfWanted({
        dataDir: join(dataDir, 'b'),
        identity: { ...FOUNDER, id: 2, name: 'b', nonce: 'y' },
        tls: undefined,
        log: damagedLog,
        state: damaged,
        // By then it has said what it had to say: the other does not lead, and gives no copy.
        say: (_level, text) => void (text.startsWith('no copy of the state') && stopping.abort()),
        stopping: stopping.signal,
      });
      await expect(reseeding).rejects.toThrow('no copy of the state was taken yet');
      expect(state.meta.lineage).toMatch(/^1-/);
    } finally {
      await damaged.close();
      await damagedLog.close();
      driver.stop();
    }
  });

  it('tell a member that was removed while it was away', async () => {
    state.applyConfChange(1, 1, { ...conf, voters: [1] }, new Map());
    expect(await peers.admit({ cluster: 7, id: 2, nonce: 'y', logVersion: LOG_VERSION })).toMatch(
      /this member was removed from the cluster/,
    );
  });

  it('know a member that runs on an older copy of its data directory', async () => {
    const peer = { cluster: 7, id: 2, nonce: 'y' };
    type Starts = readonly (readonly [number, string])[];
    const admit = (...starts: Starts) => peers.admit({ ...peer, starts });
    expect(await admit([1, 'a'])).toBeUndefined();
    expect(await admit([1, 'a'], [2, 'b'], [3, 'c'])).toBeUndefined();
    expect(await admit([1, 'a'], [2, 'b'])).toContain('an older copy of its data directory');
    // It counts as far as the one that was seen, and further, but it is not the same.
    expect(await admit([1, 'a'], [2, 'b'], [3, 'x'])).toContain('an older copy');
    expect(await admit([1, 'a'], [2, 'b'], [3, 'x'], [4, 'y'])).toContain('an older copy');
    expect(await admit([3, 'c'], [4, 'd'])).toBeUndefined();
    // A release that does not tell.
    expect(await peers.admit(peer)).toBeUndefined();
  });

  it('keep nothing of a snapshot that an earlier leader sent', async () => {
    await start(driverIn(5));
    await peers.onSnapshot(2, snapshotOf(3));
    expect(readdirSync(dataDir).filter((name) => name.startsWith('state'))).toEqual(['state']);
    expect(state.visible.revision).toBe(0);
  });

  /** A snapshot that is brought to its end, and one that comes to a stop amid it. */
  async function wholeAndStopping() {
    const chunks: Buffer[] = [];
    for await (const chunk of snapshotOf(5)) chunks.push(chunk);
    let stopped: () => void = nothing;
    const hasStopped = new Promise<void>((resolve) => (stopped = resolve));
    async function* stopping(): AsyncGenerator<Buffer> {
      yield* chunks.slice(0, 2);
      stopped();
      await new Promise<never>(nothing);
    }
    async function* whole(): AsyncGenerator<Buffer> {
      yield* chunks;
    }
    return { whole, stopping, hasStopped };
  }

  it('leave a snapshot that came to a stop when its sender begins again', async () => {
    const driver = driverIn(5);
    await start(driver);
    const { whole, stopping, hasStopped } = await wholeAndStopping();
    const first = peers.onSnapshot(2, stopping()).catch((error: unknown) => String(error));
    await hasStopped;
    await expect(peers.onSnapshot(3, stopping())).rejects.toThrow('another snapshot is being received');
    await peers.onSnapshot(2, whole());
    expect(await first).toContain('its sender has begun again');
    await state.whenVisible(1);
    expect(state.visible).toMatchObject({ revision: 1, appliedIndex: 1 });
    driver.stop();
  });

  it('take the last of several that wait because their sender begins again and again', async () => {
    const driver = driverIn(5);
    await start(driver);
    const { whole, stopping, hasStopped } = await wholeAndStopping();
    const broken = [peers.onSnapshot(2, stopping())];
    await hasStopped;
    broken.push(peers.onSnapshot(2, stopping()));
    const reasons = Promise.all(broken.map((each) => each.catch((error: unknown) => String(error))));
    await peers.onSnapshot(2, whole());
    for (const reason of await reasons) expect(reason).toContain('its sender has begun again');
    await state.whenVisible(1);
    expect(state.visible).toMatchObject({ revision: 1, appliedIndex: 1 });
    driver.stop();
  });

  it('leave a snapshot of one that led before for that of the leader', async () => {
    const driver = driverIn(5);
    await start(driver);
    const { whole, stopping, hasStopped } = await wholeAndStopping();
    const first = peers.onSnapshot(3, stopping()).catch((error: unknown) => String(error));
    await hasStopped;
    driver.step([{ ...HEAD, type: 'heartbeat', term: 5, context: '' }]);
    driver.pump();
    await peers.onSnapshot(2, whole());
    expect(await first).toContain('interrupted by the leader');
    await state.whenVisible(1);
    expect(state.visible).toMatchObject({ revision: 1, appliedIndex: 1 });
    driver.stop();
  });

  it('leave a snapshot that is still being confirmed for that of the leader', async () => {
    const driver = driverIn(5);
    await start(driver);
    let hasCome: () => void = nothing;
    const isThere = new Promise<void>((resolve) => (hasCome = resolve));
    // Whole, but the other voter does not answer: it is waited for.
    async function* unconfirmed(): AsyncGenerator<Buffer> {
      yield* snapshotOf(5, conf);
      hasCome();
    }
    const first = peers.onSnapshot(3, unconfirmed()).catch((error: unknown) => String(error));
    await isThere;
    driver.step([{ ...HEAD, type: 'heartbeat', term: 5, context: '' }]);
    driver.pump();
    await peers.onSnapshot(2, snapshotOf(5));
    expect(await first).toContain('interrupted by the leader');
    await state.whenVisible(1);
    expect(state.visible).toMatchObject({ revision: 1, appliedIndex: 1 });
    driver.stop();
  });

  it('install a snapshot of the leader', async () => {
    const driver = driverIn(5);
    await start(driver);
    await peers.onSnapshot(2, snapshotOf(5));
    await state.whenVisible(1);
    expect(state.visible).toMatchObject({ revision: 1, appliedIndex: 1 });
    expect(said.filter((text) => text.startsWith('warn: a snapshot'))).toEqual([
      'warn: a snapshot is taken although too few members could confirm it',
    ]);
    driver.stop();
  });

  it('keep nothing of a snapshot that the log has overtaken meanwhile', async () => {
    applyOne(state, 5);
    const driver = driverIn(5);
    await start(driver);
    // What it is of is committed here already.
    driver.step([{ ...HEAD, type: 'heartbeat', term: 5, context: '' }]);
    const commit = vi.spyOn(driver, 'status').mockReturnValue({ ...driver.status(), commit: 1 });
    await peers.onSnapshot(2, snapshotOf(5));
    commit.mockRestore();
    expect(readdirSync(dataDir).filter((name) => name.startsWith('state'))).toEqual(['state']);
    driver.stop();
  });
});
