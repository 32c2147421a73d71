import { describe, expect, it } from 'vitest';
import { TestCluster } from './cluster.testkit.js';
import { message } from './message.js';
import type { Message } from './types.js';

describe('linearizable reads (dissertation, 6.4)', () => {
  it('wait until the leader has committed an entry of its own term (etcd#7331)', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.propose(1, 'a');
    c.settle();
    // 2 leads, but its opening entry does not get through.
    for (const id of [1, 2, 3]) c.restart(id);
    c.deliver = (m) => m.type !== 'append';
    c.elect(2);
    expect(c.raft(2).status()).toMatchObject({ role: 'leader', termOpened: false });
    c.raft(2).readIndex('early');
    c.tick(2);
    expect(c.node(2).reads).toEqual([]);
    c.deliver = () => true;
    c.tick(2);
    expect(c.node(2).reads).toEqual([{ index: 3, context: 'early' }]);
  });

  it('are not confirmed by one voter alone while the members before still count', () => {
    const c = new TestCluster([], [], { checkQuorum: false });
    const joint = { voters: [1], learners: [], votersOutgoing: [1, 2, 3], learnersNext: [], autoLeave: false };
    for (const id of [1, 2, 3]) c.add(id, joint);
    c.elect(1);
    c.propose(1, 'a');
    c.settle();
    c.raft(1).readIndex('together');
    c.settle();
    expect(c.node(1).reads).toMatchObject([{ context: 'together' }]);
    c.deliver = () => false;
    c.raft(1).readIndex('alone');
    c.tick(3, [1]);
    expect(c.node(1).reads).toMatchObject([{ context: 'together' }]);
  });

  it('are not confirmed by a leader that was replaced without noticing', () => {
    const c = new TestCluster([1, 2, 3], [], { checkQuorum: false });
    c.elect(1);
    c.deliver = (m) => m.from !== 1 && m.to !== 1;
    c.elect(2);
    c.propose(2, 'newer');
    c.settle();
    expect(c.raft(1).status().role).toBe('leader');
    c.raft(1).readIndex('stale');
    c.tick(5);
    expect(c.node(1).reads).toEqual([]);
    c.deliver = () => true;
    c.tick(5);
    expect(c.node(1).reads).toEqual([]);
    expect(c.node(1).refusals).toEqual([{ kind: 'read', context: 'stale', reason: 'noLeader' }]);
  });

  it('are not confirmed by a late answer to an earlier round (etcd#20418)', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    const late: Message[] = [];
    c.deliver = (m) => {
      if (m.type === 'heartbeatResp') late.push(m);
      return m.type !== 'heartbeatResp';
    };
    c.raft(1).readIndex('first');
    c.settle();
    c.raft(1).readIndex('second');
    c.deliver = () => false;
    c.settle();
    for (const m of late) c.raft(1).step(m);
    c.settle();
    expect(c.node(1).reads.map((r) => r.context)).toEqual(['first']);
  });

  it('share one heartbeat round when they come in before one Ready', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.sent.length = 0;
    for (let i = 0; i < 50; i += 1) c.raft(1).readIndex(`r${i}`);
    c.settle();
    expect(c.sent.filter((m) => m.type === 'heartbeat')).toHaveLength(2);
    expect(c.node(1).reads).toHaveLength(50);
  });

  it('are confirmed by a later heartbeat when the round itself was lost', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.deliver = () => false;
    c.raft(1).readIndex('r');
    c.settle();
    c.deliver = () => true;
    c.tick(1);
    expect(c.node(1).reads.map((r) => r.context)).toEqual(['r']);
  });

  it('see a write that was acknowledged before they were asked for, on any replica', () => {
    const c = new TestCluster([1, 2, 3], [4]);
    c.elect(1);
    for (const id of [1, 2, 3, 4]) {
      c.propose(1, `w${id}`);
      c.settle();
      const commit = c.raft(1).status().commit;
      c.raft(id).readIndex(`r${id}`);
      c.settle();
      expect(c.node(id).reads).toEqual([{ index: commit, context: `r${id}` }]);
    }
  });

  it('are refused to who takes for the leader one that leads no more', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.deliver = (m) => m.to !== 2 || m.from === 2;
    c.raft(1).transferLeader(3);
    c.settle();
    expect(c.leader()).toBe(3);
    c.deliver = (m) => m.to !== 2 || m.type === 'readIndexResp';
    c.raft(2).readIndex('lost');
    c.settle();
    expect(c.node(2).reads).toEqual([]);
    expect(c.node(2).refusals).toEqual([{ kind: 'read', context: 'lost', reason: 'noLeader' }]);
  });

  it('are refused beyond the bound', () => {
    const c = new TestCluster([1, 2, 3], [], { maxPendingReads: 2 });
    c.elect(1);
    c.deliver = (m) => m.type !== 'heartbeatResp';
    expect(c.raft(1).readIndex('a').status).toBe('accepted');
    expect(c.raft(1).readIndex('b').status).toBe('accepted');
    expect(c.raft(1).readIndex('c')).toEqual({ status: 'dropped', reason: 'overloaded' });
    c.raft(2).readIndex('d');
    c.settle();
    expect(c.node(2).refusals).toEqual([{ kind: 'read', context: 'd', reason: 'overloaded' }]);
  });

  it('are refused where no leader is known', () => {
    const c = new TestCluster([1, 2, 3]);
    expect(c.raft(1).readIndex('r')).toEqual({ status: 'dropped', reason: 'noLeader' });
    c.elect(2);
    expect(c.raft(1).readIndex('r')).toEqual({ status: 'accepted' });
  });

  it('are refused beyond the bound while they wait for the first entry of a term, too', () => {
    const c = new TestCluster([1, 2, 3], [], { maxPendingReads: 2 });
    c.deliver = (m) => m.type !== 'append';
    c.elect(1);
    expect(['a', 'b', 'c'].map((context) => c.raft(1).readIndex(context).status)).toEqual([
      'accepted',
      'accepted',
      'dropped',
    ]);
  });

  it('that waited for the first entry of a term need a quorum like others', () => {
    const c = new TestCluster([1, 2, 3]);
    c.deliver = (m) => m.type !== 'append' && m.type !== 'heartbeatResp';
    c.elect(1);
    c.raft(1).readIndex('early');
    c.deliver = (m) => m.type !== 'heartbeatResp';
    c.raft(1).reportUnreachable(2);
    c.raft(1).step(message('heartbeatResp', 2, 1, 1));
    c.settle();
    expect(c.raft(1).status().termOpened).toBe(true);
    expect(c.node(1).reads).toEqual([]);
    c.deliver = () => true;
    c.tick(1);
    expect(c.node(1).reads).toEqual([{ index: 1, context: 'early' }]);
  });

  it('need nobody else where there is nobody else, also before the first entry is on disk', () => {
    const c = new TestCluster([1]);
    c.raft(1).campaign();
    c.work(c.node(1));
    expect(c.raft(1).status()).toMatchObject({ role: 'leader', termOpened: false });
    c.raft(1).readIndex('early');
    expect(c.node(1).reads).toEqual([]);
    c.settle();
    expect(c.node(1).reads).toEqual([{ index: 1, context: 'early' }]);
    c.raft(1).readIndex('later');
    expect(c.raft(1).ready().readStates).toEqual([{ index: 1, context: 'later' }]);
  });

  it('are confirmed however late an answer to an earlier round comes', () => {
    const c = new TestCluster([1, 2, 3, 4, 5]);
    c.elect(1);
    c.deliver = () => false;
    for (const context of ['first', 'second']) {
      c.raft(1).readIndex(context);
      c.settle();
    }
    const answer = (from: number, round: string): void => {
      c.raft(1).step(message('heartbeatResp', from, 1, 1, { context: round }));
      c.settle();
    };
    answer(2, '2');
    answer(2, '1');
    expect(c.node(1).reads).toEqual([]);
    answer(9, '2'); // A stranger counts for nothing.
    expect(c.node(1).reads).toEqual([]);
    answer(3, '2');
    expect(c.node(1).reads.map(({ context }) => context)).toEqual(['first', 'second']);
  });
});
