import { describe, expect, it } from 'vitest';
import { TestCluster } from './cluster.testkit.js';

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
