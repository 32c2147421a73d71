import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { encodeProposal } from '../store/command.js';
import { StateStore } from '../store/state.js';
import { Driver } from './driver.js';
import { LogStore } from './log.js';
import { DiskWatch, SLOW_DISK_LIMITS } from './slow-disk.js';

const MIB = 1024 * 1024;
const conf = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const fail = (error: Error): void => {
  throw error;
};
const nothing = (): void => undefined;
let directory = '';
let log: LogStore;
let state: StateStore;
let driver: Driver | undefined;
/** How things were each time that readers saw more. */
let seen: { readonly leads: boolean; readonly alone: boolean; readonly applied: number }[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-driver-'));
  [driver, seen] = [undefined, []];
  log = await LogStore.open({
    path: join(directory, 'wal'),
    stateMeta: () => ({ index: 0, term: 0, confState: conf }),
    onDiskFull: nothing,
  });
  state = new StateStore({
    path: join(directory, 'state'),
    conf,
    members: new Map(),
    onVisible: () => {
      driver?.onVisible();
      if (driver === undefined) return;
      seen.push({ leads: driver.leads, alone: driver.soleLeader, applied: state.visible.appliedIndex });
    },
    onDurable: nothing,
    onDiskFull: nothing,
    onFatal: fail,
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  driver?.stop();
  await state.close();
  await log.close();
  rmSync(directory, { recursive: true, force: true });
});

/** The only voter's driver, as after a crash: its log holds so many committed entries that the state has not applied. */
async function behind(count: number, bytes: number, maxCommittedBytesPerReady: number): Promise<Driver> {
  const value = Buffer.alloc(bytes, 'x');
  const entries = Array.from({ length: count }, (_, i) => {
    const txn = { compares: [], ops: [{ type: 'put', key: `a/${i}`, value, revisionAt: -1 } as const] };
    const proposal = { proposer: 9, seq: i + 1, time: 0, commands: [{ kind: 'txn', txn } as const] };
    return { index: i + 1, term: 1, type: 'normal' as const, data: encodeProposal(proposal) };
  });
  const hardState = { term: 1, vote: 1, commit: entries.length };
  await log.append(entries, hardState);
  const limits = { maxSizePerMessageBytes: 1000, maxInflightMessages: 1, maxInflightBytes: 1000 };
  const settings = {
    electionTicks: 10,
    heartbeatTicks: 1,
    maxUncommittedBytes: 1000,
    preVote: true,
    checkQuorum: true,
  };
  driver = new Driver({
    raft: { ...limits, ...settings, maxCommittedBytesPerReady, id: 1, applied: 0, hardState },
    id: 1,
    log,
    state,
    outbox: { send: nothing, setMembers: nothing },
    installer: undefined,
    disks: new DiskWatch(SLOW_DISK_LIMITS),
    onDamagedEntry: fail,
    onFatal: fail,
    onLeader: nothing,
    onConfChange: nothing,
    onConfChangeRefused: nothing,
  });
  return driver;
}

it('the only voter answers reads by itself when it has applied all of its log, and not while it does', async () => {
  // Many times what is applied at once.
  const behindBy = 40;
  const d = await behind(behindBy, 1_000, 1_000);
  while (!d.soleLeader || state.visible.appliedIndex <= behindBy) {
    d.tick();
    await new Promise((resolve) => setImmediate(resolve));
  }
  // The last one opens the term.
  expect(d.status()).toMatchObject({ term: 2, commit: behindBy + 1 });
  // It led before that, with a state that was older than what it had committed.
  expect(seen.filter(({ leads, applied }) => leads && applied < behindBy)).not.toEqual([]);
  expect(seen.filter(({ alone, applied }) => alone && applied <= behindBy)).toEqual([]);
});

it('what is behind is applied in turns of 1 MiB, between which others have their turn', async () => {
  const d = await behind(70, 50_000, 100_000);
  const applied: number[] = [];
  while (state.meta.appliedIndex < 70) {
    const before = state.meta.appliedIndex;
    d.pump();
    applied.push(state.meta.appliedIndex - before);
    // The next turn comes by itself.
    if (applied.length === 3) break;
    await Promise.resolve();
  }
  // A Ready holds one entry or two.
  for (const count of applied) expect([count >= 20, count <= 22]).toEqual([true, true]);
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(state.meta.appliedIndex).toBe(70);
});

it('no more is applied while 64 MiB of it are not in LMDB yet', async () => {
  const d = await behind(2, 1_000, 100_000);
  const pending = vi.spyOn(state, 'pendingBytes', 'get').mockReturnValue(64 * MIB);
  d.pump();
  expect(state.meta.appliedIndex).toBe(0);
  pending.mockReturnValue(64 * MIB - 1);
  d.pump();
  expect(state.meta.appliedIndex).toBe(2);
});
