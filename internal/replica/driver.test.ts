import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { encodeProposal } from '../store/command.js';
import { StateStore } from '../store/state.js';
import { Driver } from './driver.js';
import { LogStore } from './log.js';
import { DiskWatch, SLOW_DISK_LIMITS } from './slow-disk.js';

const conf = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const fail = (error: Error): void => {
  throw error;
};
const nothing = (): void => undefined;

it('the only voter answers reads by itself when it has applied all of its log, and not while it does', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-driver-'));
  const log = await LogStore.open({
    path: join(directory, 'wal'),
    stateMeta: () => ({ index: 0, term: 0, confState: conf }),
    onDiskFull: nothing,
  });
  let driver: Driver | undefined;
  const seen: { readonly leads: boolean; readonly alone: boolean; readonly applied: number }[] = [];
  const state = new StateStore({
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
  try {
    // Many times what is applied at once: as after a crash, when the state is behind the log.
    const value = Buffer.alloc(1_000, 'x');
    const entries = Array.from({ length: 40 }, (_, i) => {
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
      raft: { ...limits, ...settings, maxCommittedBytesPerReady: 1_000, id: 1, applied: 0, hardState },
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
    while (!driver.soleLeader || state.visible.appliedIndex <= entries.length) {
      driver.tick();
      await new Promise((resolve) => setImmediate(resolve));
    }
    // The last one opens the term.
    expect(driver.status()).toMatchObject({ term: 2, commit: entries.length + 1 });
    // It led before that, with a state that was older than what it had committed.
    expect(seen.filter(({ leads, applied }) => leads && applied < entries.length)).not.toEqual([]);
    expect(seen.filter(({ alone, applied }) => alone && applied <= entries.length)).toEqual([]);
    driver.stop();
  } finally {
    await state.close();
    await log.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
