import { describe, expect, it } from 'vitest';
import { TestCluster } from './cluster.testkit.js';

describe('Raft', () => {
  it('elects one leader of three and replicates what it proposes', () => {
    const c = new TestCluster([1, 2, 3]);
    c.tick(30);
    const leader = c.leader();
    expect(leader).not.toBe(0);
    expect(c.propose(leader, 'a', 'b')).toEqual({ status: 'accepted', forwarded: false });
    c.settle();
    for (const id of [1, 2, 3]) expect(c.applied(id)).toEqual(['a', 'b']);
  });

  it('lets a single member lead and commit at the first tick', () => {
    const c = new TestCluster([1]);
    c.tick(1);
    expect(c.leader()).toBe(1);
    c.propose(1, 'x');
    c.settle();
    expect(c.applied(1)).toEqual(['x']);
    expect(c.raft(1).readIndex('r')).toEqual({ status: 'accepted' });
    c.settle();
    expect(c.node(1).reads).toEqual([{ index: 2, context: 'r' }]);
  });

  it('takes proposals, reads and transfers on a follower', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    expect(c.propose(2, 'via 2')).toEqual({ status: 'accepted', forwarded: true });
    c.settle();
    expect(c.applied(3)).toEqual(['via 2']);
    c.raft(3).readIndex('r1');
    c.settle();
    expect(c.node(3).reads).toEqual([{ index: 2, context: 'r1' }]);
    c.raft(2).transferLeader(3);
    c.settle();
    expect(c.leader()).toBe(3);
    expect(c.raft(1).status().leader).toBe(3);
  });

  it('makes one append message per follower of many proposals before one Ready', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.sent.length = 0;
    for (let i = 0; i < 100; i += 1) c.propose(1, `v${i}`);
    c.settle();
    const withEntries = c.sent.filter((m) => m.type === 'append' && m.entries.length > 0);
    expect(withEntries.map((m) => m.entries.length)).toEqual([100, 100]);
    expect(c.applied(3)).toHaveLength(100);
  });

  it('keeps log and term over restarts of every member', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.propose(1, 'kept');
    c.settle();
    for (const id of [1, 2, 3]) c.restart(id);
    c.elect(2);
    c.propose(2, 'more');
    c.settle();
    for (const id of [1, 2, 3]) expect(c.applied(id)).toEqual(['kept', 'more']);
    expect(c.raft(1).status().term).toBe(2);
  });
});

describe('settings that cannot work', () => {
  it.each([
    [{ electionTicks: 1, heartbeatTicks: 1 }, 'raft electionTicks must be greater than heartbeatTicks'],
    [{ id: 0 }, 'raft id must be a positive integer, not 0'],
    [{ electionTicks: 0 }, 'raft electionTicks must be a positive integer, not 0'],
    [{ heartbeatTicks: -1 }, 'raft heartbeatTicks must be a positive integer, not -1'],
    [{ maxSizePerMessageBytes: 0 }, 'raft maxSizePerMessageBytes must be a positive integer, not 0'],
    [{ maxInflightMessages: NaN }, 'raft maxInflightMessages must be a positive integer, not NaN'],
    [{ maxInflightBytes: 0.5 }, 'raft maxInflightBytes must be a positive integer, not 0.5'],
    [{ maxUncommittedBytes: 0 }, 'raft maxUncommittedBytes must be a positive integer, not 0'],
    [{ catchUpBytesPerTick: 0 }, 'raft catchUpBytesPerTick must be a positive integer, not 0'],
    [{ applied: -1 }, 'raft applied must be an index, not -1'],
    [{ applied: 0.5 }, 'raft applied must be an index, not 0.5'],
  ])('are told: %o', (settings, message) => {
    expect(() => new TestCluster([1], [], settings)).toThrow(message);
  });
});
