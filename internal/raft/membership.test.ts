import { describe, expect, it } from 'vitest';
import { confState, TestCluster } from './cluster.testkit.js';
import { message } from './message.js';
import type { ConfChange, ConfChangeStep } from './types.js';

const change = (...steps: ConfChangeStep[]): ConfChange => ({ transition: 'auto', steps, context: '' });
const NOBODY = confState([]);

describe('membership (dissertation, chapter 4)', () => {
  it('grows from one to three and shrinks again, with writes in between', () => {
    const c = new TestCluster([1]);
    c.tick(1);
    c.propose(1, 'a');
    for (const id of [2, 3]) {
      c.add(id, NOBODY);
      expect(c.raft(1).proposeConfChange(change({ type: 'addLearner', id })).status).toBe('accepted');
      c.tick(3);
      expect(c.raft(1).proposeConfChange(change({ type: 'addVoter', id })).status).toBe('accepted');
      c.tick(3);
      c.propose(1, `with ${id}`);
      c.tick(2);
    }
    for (const id of [1, 2, 3]) {
      expect(c.applied(id)).toEqual(['a', 'with 2', 'with 3']);
      expect(c.node(id).conf).toEqual(confState([1, 2, 3]));
    }
    for (const id of [2, 3]) {
      c.raft(1).proposeConfChange(change({ type: 'remove', id }));
      c.tick(3);
    }
    c.propose(1, 'alone');
    c.settle();
    expect(c.node(1).conf).toEqual(confState([1]));
    expect(c.applied(1).at(-1)).toBe('alone');
  });

  it('gives who has just joined a snapshot: the log alone does not say who was a member before it', () => {
    const c = new TestCluster([1]);
    c.tick(1);
    c.propose(1, 'a');
    c.add(2, NOBODY);
    c.raft(1).proposeConfChange(change({ type: 'addLearner', id: 2 }));
    c.tick(3);
    expect(c.sent.filter(({ type, to }) => type === 'snapshot' && to === 2)).toHaveLength(1);
    expect(c.node(2).conf).toEqual(confState([1], [2]));
  });

  it('is not changed by a snapshot that was meant for another', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    const snapshot = { index: 100, term: 1, confState: confState([1, 2]) };
    c.raft(3).step(message('snapshot', 1, 3, 1, { snapshot }));
    c.settle();
    expect(c.node(3).log.snapshot.index).toBe(0);
    expect(c.node(3).conf).toEqual(confState([1, 2, 3]));
    c.propose(1, 'goes on');
    c.settle();
    expect(c.applied(3)).toEqual(['goes on']);
  });

  it('leaves nobody alone to decide while the members before still count', () => {
    const c = new TestCluster([]);
    c.add(1, { voters: [1], learners: [], votersOutgoing: [1, 2, 3], learnersNext: [], autoLeave: true });
    c.elect(1);
    c.tick(30);
    expect(c.raft(1).status().role).not.toBe('leader');
    const sole = new TestCluster([]);
    sole.add(1, { voters: [1], learners: [], votersOutgoing: [1], learnersNext: [], autoLeave: false });
    sole.elect(1);
    expect(sole.raft(1).status().role).toBe('leader');
  });

  it('is led on by the voter with the longest log when the leader is removed', () => {
    const c = new TestCluster([1, 2, 3, 4]);
    c.elect(1);
    c.deliver = ({ to, type }) => to !== 2 || type !== 'append';
    c.propose(1, 'not on 2');
    c.settle();
    c.raft(1).proposeConfChange(change({ type: 'remove', id: 1 }));
    c.settle();
    expect(c.sent.filter(({ type }) => type === 'timeoutNow').map(({ to }) => to)).toEqual([3]);
    expect(c.leader()).toBe(3);
  });

  it.each([true, false])(
    'is told by a learner that the other of two voters is removed and gone (preVote %s)',
    (preVote) => {
      const c = new TestCluster([1, 2], [3], { preVote });
      c.elect(1);
      // 2 has the change, and does not hear that it is committed; nor that it is to take over.
      c.deliver = ({ to, type, entries }) => to !== 2 || (type === 'append' && entries.length > 0);
      c.raft(1).proposeConfChange(change({ type: 'remove', id: 1 }));
      c.settle();
      expect([2, 3].map((id) => c.node(id).conf.voters)).toEqual([[1, 2], [2]]);
      c.deliver = ({ from, to }) => from !== 1 && to !== 1;
      c.tick(60, [2, 3]);
      expect(c.raft(2).status().role).toBe('leader');
      c.propose(2, 'goes on');
      c.settle();
      expect(c.applied(3)).toEqual(['goes on']);
    },
  );

  it('swaps two voters through a joint configuration that leaves itself', () => {
    const c = new TestCluster([1, 2, 3]);
    c.add(4, NOBODY);
    c.add(5, NOBODY);
    c.elect(1);
    const swap = change(
      { type: 'remove', id: 2 },
      { type: 'remove', id: 3 },
      { type: 'addVoter', id: 4 },
      { type: 'addVoter', id: 5 },
    );
    expect(c.raft(1).proposeConfChange(swap).status).toBe('accepted');
    c.tick(5);
    for (const id of [1, 4, 5]) expect(c.node(id).conf).toEqual(confState([1, 4, 5]));
    c.deliver = (m) => ![2, 3].includes(m.to);
    c.propose(1, 'by the new ones');
    c.settle();
    expect(c.applied(5)).toEqual(['by the new ones']);
  });

  it('needs both majorities while joint (4.3)', () => {
    const c = new TestCluster([1, 2, 3]);
    for (const id of [4, 5]) c.add(id, NOBODY);
    c.elect(1);
    const steps: ConfChangeStep[] = [
      { type: 'addVoter', id: 4 },
      { type: 'addVoter', id: 5 },
      { type: 'remove', id: 2 },
      { type: 'remove', id: 3 },
    ];
    c.raft(1).proposeConfChange({ transition: 'explicit', steps, context: '' });
    c.tick(5);
    expect(c.raft(1).status().confState).toMatchObject({ voters: [1, 4, 5], votersOutgoing: [1, 2, 3] });
    const commit = c.raft(1).status().commit;
    c.deliver = (m) => ![2, 3].includes(m.to);
    c.propose(1, 'x');
    c.settle();
    expect(c.raft(1).status().commit).toBe(commit);
    c.deliver = () => true;
    c.tick(3);
    expect(c.raft(1).status().commit).toBe(commit + 1);
    c.raft(1).proposeConfChange({ transition: 'auto', steps: [], context: '' });
    c.tick(3);
    expect(c.node(5).conf).toEqual(confState([1, 4, 5]));
  });

  it('allows one change at a time, and none before the leader has committed an entry of its term (raft-dev, 2015)', () => {
    const c = new TestCluster([1, 2, 3]);
    c.deliver = (m) => m.type !== 'append';
    c.elect(1);
    const add4 = change({ type: 'addVoter', id: 4 });
    expect(c.raft(1).proposeConfChange(add4)).toEqual({ status: 'dropped', reason: 'confChangePending' });
    c.deliver = () => true;
    c.tick(3);
    expect(c.raft(1).proposeConfChange(add4).status).toBe('accepted');
    expect(c.raft(1).proposeConfChange(add4)).toEqual({ status: 'dropped', reason: 'confChangePending' });
  });

  it('refuses a change that would leave no voter', () => {
    const c = new TestCluster([1]);
    c.tick(1);
    expect(c.raft(1).proposeConfChange(change({ type: 'remove', id: 1 }))).toEqual({
      status: 'dropped',
      reason: 'confChangeInvalid',
    });
  });

  it('lets a removed leader step down and the others go on (4.2.2)', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.raft(1).proposeConfChange(change({ type: 'remove', id: 1 }));
    c.settle();
    expect(c.raft(1).status().role).toBe('follower');
    expect([2, 3]).toContain(c.leader()); // At once, not after an election timeout.
    expect(c.node(2).conf).toEqual(confState([2, 3]));
  });

  it('is not disturbed by a removed member that does not know it (4.2.3)', () => {
    const c = new TestCluster([1, 2, 3, 4]);
    c.elect(1);
    c.deliver = (m) => m.to !== 4;
    c.raft(1).proposeConfChange(change({ type: 'remove', id: 4 }));
    c.tick(3);
    c.tick(200);
    expect(c.raft(1).status()).toMatchObject({ role: 'leader', term: 1 });
    expect(c.raft(2).status()).toMatchObject({ leader: 1, term: 1 });
  });

  it('does not let a member campaign that has a committed change still to apply', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.raft(1).proposeConfChange(change({ type: 'addLearner', id: 4 }));
    c.settle();
    const two = c.node(2);
    two.applied = 1; // Its state machine went back to an older durable state, as a crash may leave it.
    two.conf = confState([1, 2, 3]);
    c.restart(2);
    c.raft(2).campaign();
    expect(c.raft(2).status().role).toBe('follower');
    c.settle();
    expect(c.node(2).conf.learners).toEqual([4]);
    c.raft(2).campaign();
    expect(c.raft(2).status().role).toBe('preCandidate');
  });

  it('lets the remaining voters learn from the others that the change which made them so is committed', () => {
    // As the simulator found it (seed 265): 1 and 3 became learners, know it, and have longer logs than the one voter, 2,
    // which does not know it and needs their votes under the old membership.
    const c = new TestCluster([1, 2, 3]);
    c.elect(3);
    c.deliver = (m) => m.to !== 2;
    c.raft(3).proposeConfChange({
      transition: 'implicit',
      steps: [
        { type: 'addLearner', id: 1 },
        { type: 'addLearner', id: 3 },
      ],
      context: '',
    });
    c.settle();
    // 2 gets the entries, but not the word that the last one is committed.
    c.deliver = (m) => m.to !== 2 || (m.type === 'append' && m.entries.some((e) => e.type === 'confChange'));
    c.propose(3, 'more');
    c.tick(12);
    c.deliver = () => true;
    for (const id of [1, 2, 3]) c.restart(id);
    c.tick(60);
    expect(c.leader()).toBe(2);
    for (const id of [1, 2, 3]) expect(c.node(id).conf).toEqual(confState([2], [1, 3]));
  });

  it('ends a transfer to a member that is removed, and no other', () => {
    for (const to of [3, 2]) {
      const c = new TestCluster([1, 2, 3]);
      c.elect(1);
      c.deliver = (m) => m.type !== 'timeoutNow';
      c.raft(1).proposeConfChange(change({ type: 'remove', id: 3 }));
      c.raft(1).transferLeader(to);
      c.settle();
      expect(c.node(1).conf).toEqual(confState([1, 2]));
      expect(c.raft(1).status().transferee).toBe(to === 3 ? 0 : 2);
    }
  });

  it('feeds a new member at once', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.add(4, NOBODY);
    c.raft(1).proposeConfChange(change({ type: 'addLearner', id: 4 }));
    c.settle();
    expect(c.node(4).conf).toEqual(confState([1, 2, 3], [4]));
    expect(c.raft(1).status().peers.at(-1)).toMatchObject({ id: 4, isLearner: true, state: 'replicate', match: 2 });
  });

  it('is led on by a voter, not by a learner, when the leader is removed', () => {
    const c = new TestCluster([2, 3, 4], [1]);
    c.elect(2);
    c.raft(2).proposeConfChange(change({ type: 'remove', id: 2 }));
    c.settle();
    expect(c.sent.filter(({ type }) => type === 'timeoutNow').map(({ to }) => to)).toEqual([3]);
  });
});
