import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Packr } from 'msgpackr';
import { afterEach, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { encodeProposal } from '../store/command.js';
import { StateStore } from '../store/state.js';
import { diverge, lead, put } from './state.testkit.js';
import { Verifier, type VerifyRequest } from './verify.js';

let cluster: TestCluster | undefined;
afterEach(() => cluster?.close());

it.each(['a follower', 'the leader'])(
  '%s whose state differs stops, and takes a copy of the others at its next start',
  { timeout: 60_000 },
  async (who) => {
    const fatal: string[] = [];
    const c = await startCluster({
      size: 3,
      unsafeNoTls: true,
      config: { onFatal: (error) => fatal.push(error.message) },
    });
    cluster = c;
    await put(c.replica(0), 'a/1', 'x');
    await Promise.all(c.running().map(async (replica) => replica.backend.readBarrier()));
    const bad = ((await c.leader()) + 1) % 3;
    await c.stop(bad);
    await diverge(c, bad, 'a/1');
    const damaged = await c.start(bad);
    await damaged.ready();
    if (who === 'the leader') await lead(c, bad);
    const good = (bad + 1) % 3;
    await put(c.replica(good), 'a/2', 'y');
    await until(() => fatal.length > 0);
    expect(fatal).toEqual([expect.stringContaining('differs from that of the others at revision')]);
    expect(c.running().map((replica) => replica.status().differences)).toContain(1);
    await c.stop(bad);
    await put(c.replica(good), 'a/3', 'z');
    const again = await c.start(bad);
    await again.ready();
    expect(again.backend.get('a/1')?.value.toString()).toBe('x');
    expect(again.backend.get('a/3')?.value.toString()).toBe('z');
    expect(again.status().stateHash).toBe(c.replica(good).status().stateHash);
    await put(again, 'a/4', 'w');
  },
);

describe('what the leader compares', () => {
  const directories: string[] = [];
  const states: StateStore[] = [];
  afterEach(async () => {
    await Promise.all(states.splice(0).map((state) => state.close()));
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
  });

  interface Member {
    readonly state: StateStore;
    readonly verifier: Verifier;
    readonly said: string[];
    /** Revisions at which it was told that it differs. */
    readonly diverged: number[];
  }

  /** A member of a cluster of the voters 1, 2 and 3 and the learner 4, after the same three writes. */
  function member(id: number, ask: (to: number, payload: Buffer) => Promise<Buffer>): Member {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-verify-'));
    directories.push(directory);
    const state = new StateStore({
      path: directory,
      conf: { voters: [1, 2, 3], learners: [4], votersOutgoing: [], learnersNext: [], autoLeave: false },
      members: new Map(),
      lineage: `${id}-own`,
      onVisible: () => undefined,
      onDurable: () => undefined,
      onDiskFull: () => undefined,
      onFatal: (error) => {
        throw error;
      },
    });
    states.push(state);
    const said: string[] = [];
    const diverged: number[] = [];
    const verifier = new Verifier({
      id,
      state,
      ask,
      onDiverged: (revision) => diverged.push(revision),
      say: (level, text) => void (level === 'error' && said.push(text)),
    });
    return { state, verifier, said, diverged };
  }

  /** `rows` spoils what the rows of a member add up to, and leaves the hash of the changes as it is. */
  async function compared(spoil: (member: Member, id: number) => void, replies = true): Promise<Member[]> {
    const packr = new Packr({ useRecords: false, int64AsType: 'number' });
    const members: Member[] = [];
    for (let id = 1; id <= 4; id++) {
      members.push(
        member(id, (to, payload) => {
          const answer = members[to - 1]?.verifier.answer(packr.unpack(payload) as VerifyRequest);
          if (replies || answer === undefined) return Promise.resolve(answer ?? Buffer.alloc(0));
          // An earlier release knows of the changes only.
          const { hash } = packr.unpack(answer) as { hash: string };
          return Promise.resolve(packr.pack({ hash }));
        }),
      );
    }
    for (const [i, each] of members.entries()) {
      for (let index = 1; index <= 3; index++) {
        if (index === 3) spoil(each, i + 1);
        const txn = {
          compares: [],
          ops: [{ type: 'put', key: 'a/1', value: Buffer.from('x'), revisionAt: -1 } as const],
        };
        const proposal = { proposer: 1, seq: index, time: 0, commands: [{ kind: 'txn', txn } as const] };
        each.state.applyEntry(index, 1, encodeProposal(proposal));
      }
    }
    members[0]?.verifier.mark();
    await members[0]?.verifier.compare();
    return members;
  }
  const loseRow = (bad: number) => (each: Member, id: number) => {
    if (id === bad) each.state.meta.sums.liveA ^= 1;
  };

  it('finds nothing in equal states', async () => {
    const members = await compared(() => undefined);
    expect(members.map(({ diverged }) => diverged)).toEqual([[], [], [], []]);
    expect(members[0]?.verifier.differences).toBe(0);
  });

  it.each([1, 2, 4])('is the rows as well as the changes, of voters and learners: member %i', async (bad) => {
    const members = await compared(loseRow(bad));
    expect(members.map(({ diverged }) => diverged)).toEqual([1, 2, 3, 4].map((id) => (id === bad ? [3] : [])));
  });

  it('is the changes alone where a member runs an earlier release', async () => {
    const rows = await compared(loseRow(2), false);
    expect(rows.map(({ diverged }) => diverged)).toEqual([[], [], [], []]);
    const changes = await compared(
      (each, id) => void (id === 2 && Object.assign(each.state.meta, { hashA: 1 })),
      false,
    );
    expect(changes.map(({ diverged }) => diverged)).toEqual([[], [3], [], []]);
  });

  it('a learner is no part of the majority', async () => {
    const members = await compared((each, id) => (each.state.meta.sums.liveA = id === 1 || id === 4 ? 1 : id));
    expect(members.map(({ diverged }) => diverged)).toEqual([[], [], [], []]);
    expect(members[0]?.said).toContainEqual(expect.stringContaining('no majority has the same state'));
  });
});
