import { describe, expect, it } from 'vitest';
import { confState, TestCluster } from './cluster.testkit.js';
import { encodeConfChange } from './confchange/codec.js';
import { InvariantError } from './invariant.js';
import { message } from './message.js';
import type { ConfChange, Entry } from './types.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const add = (id: number): ConfChange => ({ transition: 'auto', steps: [{ type: 'addLearner', id }], context: '' });

function led(overrides: ConstructorParameters<typeof TestCluster>[2] = {}): TestCluster {
  const c = new TestCluster([1, 2, 3], [], overrides);
  c.elect(1);
  return c;
}

describe('a follower whose proposal the leader refuses is told why:', () => {
  it('the leader hands over', () => {
    const c = led();
    c.deliver = (m) => m.type !== 'timeoutNow';
    c.raft(1).transferLeader(3);
    c.propose(2, 'x');
    c.settle();
    expect(c.node(2).refusals).toEqual([{ kind: 'proposal', context: '', reason: 'transferring' }]);
  });

  it('another membership change is under way, or this one is not possible', () => {
    const c = led();
    const removeAll = [1, 2, 3].map((id) => ({ type: 'remove' as const, id }));
    c.raft(2).proposeConfChange({ transition: 'auto', steps: removeAll, context: '' });
    c.settle();
    c.deliver = (m) => m.type !== 'append';
    c.raft(2).proposeConfChange(add(4), 'first');
    c.raft(2).proposeConfChange(add(5), 'second');
    c.settle();
    expect(c.node(2).refusals).toEqual([
      { kind: 'proposal', context: '', reason: 'confChangeInvalid' },
      { kind: 'proposal', context: 'second', reason: 'confChangePending' },
    ]);
  });

  it('it leads no more', () => {
    const c = led();
    c.restart(1);
    c.raft(2).propose([bytes('x')], 'p');
    c.settle();
    expect(c.node(2).refusals).toEqual([{ kind: 'proposal', context: 'p', reason: 'noLeader' }]);
    expect(c.applied(1)).toEqual([]);
  });

  it('a later release has a reason that this one does not know', () => {
    const c = led();
    c.raft(2).step(message('proposeResp', 1, 2, 0, { context: 'p', reject: true, rejectHint: 99 }));
    c.settle();
    expect(c.node(2).refusals).toEqual([{ kind: 'proposal', context: 'p', reason: 'noLeader' }]);
  });
});

describe('a leader', () => {
  const entry = (data: Uint8Array, type: Entry['type'] = 'confChange'): Entry => ({ term: 0, index: 0, type, data });
  const forwarded = (c: TestCluster, entries: readonly Entry[]): void => {
    c.raft(1).step(message('propose', 2, 1, 0, { entries, context: 'p' }));
    c.settle();
  };

  it('takes one membership change at a time, and none that it cannot read', () => {
    const c = led();
    const change = entry(encodeConfChange(add(4)));
    forwarded(c, [change, change]);
    expect(c.node(2).refusals).toMatchObject([{ reason: 'confChangeInvalid' }]);
    expect(c.raft(1).status().lastIndex).toBe(1);
    expect(() => forwarded(c, [entry(bytes('{"v":2}'))])).toThrow(InvariantError);
  });

  it('has nothing to do for a proposal of nothing', () => {
    const c = led();
    c.raft(2).propose([]);
    c.settle();
    expect(c.node(2).refusals).toEqual([]);
    expect(c.raft(1).status().lastIndex).toBe(1);
  });

  it('takes no change but the one that leaves it while the membership is joint', () => {
    const c = led();
    c.raft(1).proposeConfChange({ ...add(4), transition: 'explicit' });
    c.settle();
    expect(c.raft(1).proposeConfChange(add(5))).toEqual({ status: 'dropped', reason: 'confChangePending' });
    const leave: ConfChange = { transition: 'auto', steps: [], context: '' };
    expect(c.raft(1).proposeConfChange(leave).status).toBe('accepted');
    c.settle();
    expect(c.node(1).conf).toEqual(confState([1, 2, 3], [4]));
    expect(c.raft(1).proposeConfChange(leave)).toEqual({ status: 'dropped', reason: 'confChangeInvalid' });
  });

  it('takes membership changes beyond the bound on proposals, and nothing else', () => {
    const c = led({ maxUncommittedBytes: 1_000 });
    c.deliver = (m) => m.type !== 'append';
    c.propose(1, 'x'.repeat(2_000));
    expect(c.propose(1, '', 'x')).toEqual({ status: 'overloaded' });
    expect(c.raft(1).proposeConfChange(add(4)).status).toBe('accepted');
    expect(c.raft(1).status().lastIndex).toBe(3);
  });

  it('takes 64 MiB of proposals that are not committed yet, unless it is told otherwise', () => {
    const c = led();
    const mib = (count: number): Uint8Array[] => [new Uint8Array(count * 1024 * 1024)];
    expect(c.raft(1).propose(mib(40)).status).toBe('accepted');
    expect(c.raft(1).propose(mib(23)).status).toBe('accepted');
    expect(c.raft(1).propose(mib(1))).toEqual({ status: 'overloaded' });
  });

  it('counts its own log like that of the others', () => {
    const c = led();
    c.propose(1, 'x', 'y');
    const own = (): unknown =>
      c
        .raft(1)
        .status()
        .peers.find(({ id }) => id === 1);
    expect(own()).toMatchObject({ match: 1, next: 4 });
    c.settle();
    expect(own()).toMatchObject({ match: 3, next: 4, recentActive: true });
  });
});
