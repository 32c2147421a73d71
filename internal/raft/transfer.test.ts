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
  const one = (id: number): Raft => {
    const log = new MemoryLog({ index: 0, term: 0, confState: conf });
    return new Raft({ ...DEFAULT_RAFT_SETTINGS, id, applied: 0, confState: conf }, log, () => 0.5);
  };

  it('does not end a follower that is about to install a snapshot', () => {
    const raft = one(2);
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

  it('is forgotten by who was to take over and could not within an election timeout', () => {
    const raft = one(2);
    const change = { transition: 'auto', steps: [{ type: 'addLearner', id: 9 }], context: '' } as const;
    const entry = { term: 1, index: 1, type: 'confChange', data: encodeConfChange(change) } as const;
    raft.step(message('append', 1, 2, 1, { entries: [entry], commit: 1 }));
    raft.step(message('timeoutNow', 1, 2, 1));
    for (let i = 0; i < 10; i += 1) {
      raft.step(message('heartbeat', 1, 2, 1, { commit: 1 }));
      raft.tick();
    }
    // The change is applied at last; the leader has long gone on.
    let applied = 0;
    while (raft.hasReady()) {
      const ready = raft.ready();
      for (const each of ready.committedEntries) {
        raft.applyConfChange(each);
        applied += 1;
      }
      raft.advance();
    }
    expect(applied).toBe(1);
    expect(raft.status()).toMatchObject({ role: 'follower', term: 1 });
  });
});
