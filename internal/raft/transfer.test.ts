import { describe, expect, it } from 'vitest';
import { confState, TestCluster } from './cluster.testkit.js';
import { encodeConfChange } from './confchange/codec.js';
import { DEFAULT_RAFT_SETTINGS } from './config.js';
import { MemoryLog } from './memory.testkit.js';
import { message } from './message.js';
import { Raft } from './raft.js';

describe('leadership transfer (dissertation, 3.10)', () => {
  it('hands over at once to a member that is up to date, in spite of the lease', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    expect(c.raft(1).transferLeader(3)).toBe('started');
    c.settle();
    expect(c.leader()).toBe(3);
    expect(c.raft(1).status()).toMatchObject({ role: 'follower', leader: 3, term: 2 });
  });

  it('first brings a lagging member up to date', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.deliver = (m) => m.to !== 3;
    for (let i = 0; i < 20; i += 1) c.propose(1, `v${i}`);
    c.settle();
    c.deliver = () => true;
    c.raft(1).transferLeader(3);
    c.tick(3);
    expect(c.leader()).toBe(3);
    expect(c.applied(3)).toHaveLength(20);
  });

  it('refuses proposals meanwhile and gives up after an election timeout', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.deliver = (m) => m.type !== 'timeoutNow';
    c.raft(1).transferLeader(2);
    c.settle();
    expect(c.propose(1, 'x')).toEqual({ status: 'dropped', reason: 'transferring' });
    c.tick(10);
    expect(c.raft(1).status()).toMatchObject({ role: 'leader', transferee: 0 });
    expect(c.propose(1, 'x').status).toBe('accepted');
  });

  it('gives up as soon when the same member is asked for again and again', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.deliver = (m) => m.type !== 'timeoutNow';
    for (let i = 0; i < 10; i += 1) {
      expect(c.raft(1).transferLeader(2)).toBe('started');
      c.tick(1);
    }
    expect(c.raft(1).status()).toMatchObject({ role: 'leader', transferee: 0 });
    expect(c.propose(1, 'x').status).toBe('accepted');
  });

  it('takes no election timeout when votes tell of a change of the membership that is not applied yet', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.tick(3);
    // 2 has the change, and does not know that it is committed.
    c.deliver = (m) => m.to !== 2 || m.type !== 'append' || m.entries.length > 0;
    c.raft(1).proposeConfChange({ transition: 'auto', steps: [{ type: 'addLearner', id: 9 }], context: '' });
    c.settle();
    expect(c.raft(1).status().commit).toBeGreaterThan(c.raft(2).status().commit);
    c.deliver = () => true;
    c.raft(1).transferLeader(2);
    c.settle();
    expect(c.raft(2).status()).toMatchObject({ role: 'leader', confState: { learners: [9] } });
  });

  it('goes to voters only', () => {
    const c = new TestCluster([1, 2], [3]);
    c.elect(1);
    expect(c.raft(1).transferLeader(3)).toBe('notVoter');
    expect(c.raft(1).transferLeader(9)).toBe('notVoter');
    expect(c.raft(1).transferLeader(1)).toBe('alreadyLeader');
    expect(c.raft(2).transferLeader(2)).toBe('forwarded');
  });
});

describe('a transfer that goes wrong', () => {
  const conf = confState([1, 2, 3]);
  const one = (id: number): { readonly raft: Raft; readonly log: MemoryLog } => {
    const log = new MemoryLog({ index: 0, term: 0, confState: conf });
    return { raft: new Raft({ ...DEFAULT_RAFT_SETTINGS, id, applied: 0, confState: conf }, log, () => 0.5), log };
  };

  it('does not end a follower that is about to install a snapshot', () => {
    const { raft } = one(2);
    raft.step(message('snapshot', 1, 2, 3, { snapshot: { index: 10, term: 3, confState: conf } }));
    raft.ready();
    raft.step(message('timeoutNow', 1, 2, 3));
    expect(raft.status()).toMatchObject({ role: 'follower', term: 3 });
  });

  it('does not keep a leader in office that nobody hears, however often it is asked', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.deliver = () => false;
    for (let i = 0; i < 40; i += 1) {
      if (i % 5 === 0) c.raft(1).transferLeader(i % 2 === 0 ? 2 : 3);
      c.raft(1).tick();
      c.settle();
    }
    expect(c.raft(1).status().role).not.toBe('leader');
  });

  const change = { transition: 'auto', steps: [{ type: 'addLearner', id: 9 }], context: '' } as const;
  const entry = { term: 1, index: 1, type: 'confChange', data: encodeConfChange(change) } as const;
  /** Carries out what is to be done; the number of changes that were applied. */
  const work = (raft: Raft, log: MemoryLog): number => {
    let applied = 0;
    while (raft.hasReady()) {
      const ready = raft.ready();
      log.append(ready.entries);
      for (const each of ready.committedEntries) {
        if (each.type === 'confChange') raft.applyConfChange(each);
        applied += 1;
      }
      raft.advance();
    }
    return applied;
  };

  it('is forgotten by who was to take over and hears of another leader', () => {
    const { raft, log } = one(2);
    raft.step(message('append', 1, 2, 1, { entries: [entry] }));
    work(raft, log);
    raft.step(message('timeoutNow', 1, 2, 1));
    expect(raft.status()).toMatchObject({ role: 'candidate', term: 2 });
    raft.step(message('voteResp', 3, 2, 2, { reject: true, commit: 1, rejectHint: 1 }));
    expect(raft.status()).toMatchObject({ role: 'follower', term: 2, leader: 0 });
    raft.step(message('heartbeat', 3, 2, 2, { commit: 1 }));
    expect(work(raft, log)).toBe(1);
    expect(raft.status()).toMatchObject({ role: 'follower', term: 2, leader: 3 });
  });

  it('is forgotten by who was to take over and could not within an election timeout', () => {
    const { raft, log } = one(2);
    raft.step(message('append', 1, 2, 1, { entries: [entry], commit: 1 }));
    raft.step(message('timeoutNow', 1, 2, 1));
    for (let i = 0; i < 10; i += 1) {
      raft.step(message('heartbeat', 1, 2, 1, { commit: 1 }));
      raft.tick();
    }
    // The change is applied at last; the leader has long gone on.
    expect(work(raft, log)).toBe(1);
    expect(raft.status()).toMatchObject({ role: 'follower', term: 1 });
  });
});
