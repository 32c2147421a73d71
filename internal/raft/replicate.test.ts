import { describe, expect, it } from 'vitest';
import { TestCluster } from './cluster.testkit.js';
import { message } from './message.js';
import type { Entry, Message } from './types.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const entry = (term: number, index: number, text: string): Entry => ({
  term,
  index,
  type: 'normal',
  data: bytes(text),
});

describe('replication', () => {
  it('overwrites what a deposed leader could not commit (paper, 5.3)', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.deliver = (m) => m.from !== 1 && m.to !== 1;
    c.propose(1, 'lost 1', 'lost 2', 'lost 3');
    c.settle();
    for (const id of [2, 3]) c.restart(id);
    c.elect(2);
    c.propose(2, 'won');
    c.settle();
    c.deliver = () => true;
    c.tick(5);
    for (const id of [1, 2, 3]) expect(c.applied(id)).toEqual(['won']);
    expect(c.node(1).log.entriesHeld.map((e) => e.term)).toEqual([1, 2, 2]);
  });

  it('commits an entry of an older term only under one of its own (paper, 5.4.2, figure 8)', () => {
    const c = new TestCluster([1, 2, 3, 4, 5]);
    // Figure 8 (c): 1 wrote index 2 in term 2 to itself and 2; 5 wrote its own in term 3; 1 leads again in term 4.
    const old = [entry(1, 1, ''), entry(2, 2, 'old')];
    for (const id of [1, 2]) {
      c.node(id).log.append(old);
      c.node(id).log.hardState = { term: 3, vote: 0, commit: 1 };
      c.restart(id);
    }
    for (const id of [3, 4]) {
      c.node(id).log.append(old.slice(0, 1));
      c.node(id).log.hardState = { term: 3, vote: 0, commit: 1 };
      c.restart(id);
    }
    // The old entry reaches a majority (1, 2, 3) in term 4, the entry of term 4 itself only 1.
    c.deliver = (m) => m.to !== 5 && !(m.type === 'append' && m.entries.some((e) => e.term === 4));
    c.elect(1);
    c.raft(1).step(message('appendResp', 2, 1, 4, { index: 2 }));
    c.raft(1).step(message('appendResp', 3, 1, 4, { index: 2 }));
    c.settle();
    expect(c.raft(1).status()).toMatchObject({ role: 'leader', term: 4, commit: 1 });
    c.raft(1).step(message('appendResp', 2, 1, 4, { index: 3 }));
    c.raft(1).step(message('appendResp', 3, 1, 4, { index: 3 }));
    expect(c.raft(1).status().commit).toBe(3);
  });

  it('acknowledges what is known to agree, and not all that is held', () => {
    const c = new TestCluster([1, 2, 3]);
    const held = [1, 2, 3, 4, 5].map((index) => entry(1, index, `${index}`));
    c.node(2).log.append(held);
    c.node(2).log.hardState = { term: 1, vote: 0, commit: 0 };
    c.restart(2);
    // A candidate tells that 2 is committed; what stands behind that was never sent by this leader.
    c.raft(2).step(message('vote', 3, 2, 2, { index: 5, logTerm: 1, commit: 2, rejectHint: 1 }));
    c.settle();
    c.sent.length = 0;
    c.raft(2).step(message('append', 3, 2, 2, { index: 1, logTerm: 1, entries: held.slice(1, 2), commit: 2 }));
    c.settle();
    expect(c.sent.filter(({ type }) => type === 'appendResp')).toMatchObject([{ reject: false, index: 2 }]);
  });

  it('finds where two long logs part in one round per term, not per entry (paper, 5.3, last paragraphs)', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.deliver = (m) => m.from !== 1 && m.to !== 1;
    for (let i = 0; i < 500; i += 1) c.propose(1, `lost ${i}`);
    c.settle();
    for (const id of [2, 3]) c.restart(id);
    c.elect(2);
    for (let i = 0; i < 500; i += 1) c.propose(2, `won ${i}`);
    c.settle();
    c.sent.length = 0;
    c.deliver = () => true;
    c.tick(4);
    expect(c.applied(1)).toHaveLength(500);
    expect(c.sent.filter((m) => m.type === 'appendResp' && m.reject).length).toBeLessThanOrEqual(3);
  });

  it('asks a member no faster than heartbeats leave that rejects what it has acknowledged', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.propose(1, 'a');
    c.settle();
    // 3 loses what it has said it holds, and rejects every append from then on.
    c.deliver = (m) => m.from !== 3 && m.to !== 3;
    c.raft(1).reportUnreachable(3);
    c.sent.length = 0;
    const asked = (): number => c.sent.filter((m) => m.type === 'append' && m.to === 3).length;
    for (let i = 0; i < 20; i += 1) {
      c.raft(1).step(message('appendResp', 3, 1, 1, { reject: true, index: 2, rejectHint: 1, logTerm: 1 }));
      c.settle();
    }
    expect(asked()).toBe(0);
    c.raft(1).step(message('heartbeatResp', 3, 1, 1));
    c.settle();
    expect(asked()).toBe(1);
  });

  it('stops at the bound on messages in flight and goes on when they are acknowledged', () => {
    const c = new TestCluster([1, 2], [], { maxInflightMessages: 3, maxSizePerMessageBytes: 1 });
    c.elect(1);
    c.sent.length = 0;
    c.deliver = (m) => m.type !== 'append';
    for (let i = 0; i < 10; i += 1) {
      c.propose(1, `v${i}`);
      c.settle();
    }
    expect(c.sent.filter((m) => m.type === 'append' && m.entries.length > 0)).toHaveLength(3);
    c.deliver = () => true;
    c.tick(5);
    expect(c.applied(2)).toHaveLength(10);
  });

  it('stops at the bound on bytes in flight', () => {
    const c = new TestCluster([1, 2], [], { maxInflightBytes: 2500, maxSizePerMessageBytes: 1000 });
    c.elect(1);
    c.sent.length = 0;
    c.deliver = (m) => m.type !== 'append';
    for (let i = 0; i < 10; i += 1) {
      c.propose(1, 'x'.repeat(900));
      c.settle();
    }
    expect(c.sent.filter((m) => m.type === 'append' && m.entries.length > 0)).toHaveLength(3);
  });

  it('refuses proposals beyond the bound on uncommitted bytes, and takes them again once the rest is committed', () => {
    const c = new TestCluster([1, 2, 3], [], { maxUncommittedBytes: 1000 });
    c.elect(1);
    c.deliver = () => false;
    expect(c.propose(1, 'x'.repeat(5000)).status).toBe('accepted'); // A single large one always gets through.
    expect(c.propose(1, 'y')).toEqual({ status: 'overloaded' });
    c.settle();
    c.deliver = () => true;
    c.tick(3);
    expect(c.propose(1, 'y').status).toBe('accepted');
  });

  it('tells the follower that forwarded a proposal when the leader refuses it', () => {
    const c = new TestCluster([1, 2, 3], [], { maxUncommittedBytes: 1000 });
    c.elect(1);
    c.deliver = (m) => m.type !== 'append';
    c.propose(1, 'x'.repeat(5000));
    c.raft(2).propose([bytes('y')], 'p1');
    c.settle();
    expect(c.node(2).refusals).toEqual([{ kind: 'proposal', context: 'p1', reason: 'overloaded' }]);
  });

  it('notices a lost append at the next heartbeat', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.deliver = (m) => !(m.type === 'append' && m.to === 3);
    c.propose(1, 'a');
    c.settle();
    expect(c.applied(3)).toEqual([]);
    c.deliver = () => true;
    c.tick(2);
    expect(c.applied(3)).toEqual(['a']);
  });

  it('sends a snapshot to who needs compacted entries, and goes on from the log behind it', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.deliver = (m) => m.to !== 3;
    for (let i = 0; i < 10; i += 1) c.propose(1, `v${i}`);
    c.settle();
    const one = c.node(1);
    one.log.compact({ index: one.applied, term: 1, confState: one.conf });
    c.propose(1, 'behind it');
    c.settle();
    c.deliver = () => true;
    c.tick(3);
    expect(c.node(3).log.snapshot.index).toBeGreaterThanOrEqual(11);
    c.propose(1, 'after it');
    c.settle();
    expect(c.applied(3)).toEqual(c.applied(1));
    expect(c.applied(3)).toHaveLength(12);
    expect(
      c
        .raft(1)
        .status()
        .peers.find((p) => p.id === 3),
    ).toMatchObject({ state: 'replicate', match: 13 });
  });

  it('probes a member until it has answered, and again after it could not be reached', () => {
    const c = new TestCluster([1, 2, 3]);
    const states = () =>
      c
        .raft(1)
        .status()
        .peers.filter((p) => p.id !== 1)
        .map((p) => p.state);
    c.deliver = (m) => m.type !== 'append';
    c.elect(1);
    expect(states()).toEqual(['probe', 'probe']);
    c.deliver = () => true;
    c.tick(2);
    expect(states()).toEqual(['replicate', 'replicate']);
    c.raft(1).reportUnreachable(3);
    expect(states()).toEqual(['replicate', 'probe']);
    c.tick(2);
    expect(states()).toEqual(['replicate', 'replicate']);
  });

  it('is told by a follower that has compacted what is sent again that it has it', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.propose(1, 'a');
    c.propose(1, 'b');
    c.settle();
    const old = c.sent.find(({ type, to, index }) => type === 'append' && to === 3 && index === 1);
    if (old === undefined) throw new Error('nothing was sent to 3');
    const three = c.node(3);
    three.log.compact({ index: three.applied, term: 1, confState: three.conf });
    c.restart(3);
    c.sent.length = 0;
    three.raft.step(old);
    c.settle();
    const [answer] = c.sent.filter(({ type, from }) => type === 'appendResp' && from === 3);
    expect(answer).toMatchObject({ reject: false, index: three.applied });
  });

  it('tries again after a snapshot that failed', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.deliver = (m) => m.to !== 3;
    c.propose(1, 'v');
    c.settle();
    const one = c.node(1);
    one.log.compact({ index: one.applied, term: 1, confState: one.conf });
    c.deliver = (m) => m.type !== 'snapshot';
    c.tick(3);
    expect(
      c
        .raft(1)
        .status()
        .peers.find((p) => p.id === 3)?.state,
    ).toBe('snapshot');
    c.deliver = () => true;
    c.raft(1).reportSnapshot(3, false);
    c.tick(3);
    expect(c.raft(3).status().commit).toBe(2);
  });

  it('goes on behind a snapshot that was sent, and sends one that failed again', () => {
    const afterReport = (ok: boolean): Partial<Message> | undefined => {
      const c = new TestCluster([1, 2, 3]);
      c.elect(1);
      c.deliver = (m) => m.to !== 3;
      c.propose(1, 'v');
      c.settle();
      const one = c.node(1);
      one.log.compact({ index: one.applied, term: 1, confState: one.conf });
      c.deliver = (m) => m.type !== 'snapshot';
      c.tick(3);
      c.sent.length = 0;
      c.raft(1).reportSnapshot(3, ok);
      c.deliver = (m) => m.type !== 'snapshot' && m.type !== 'append';
      c.tick(1);
      return c.sent.find((m) => m.to === 3 && m.type !== 'heartbeat');
    };
    expect(afterReport(true)).toMatchObject({ type: 'append', index: 2 });
    expect(afterReport(false)).toMatchObject({ type: 'snapshot', snapshot: { index: 2 } });
  });

  it('answers an acknowledgement with nothing when all is sent and nothing was committed by it', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.propose(1, 'v');
    c.settle();
    c.sent.length = 0;
    c.propose(1, 'w');
    c.settle();
    const appends = c.sent.filter(({ type }) => type === 'append');
    // The entry, and that it is committed, to each.
    expect(appends.map(({ to, entries }) => [to, entries.length])).toEqual([
      [2, 1],
      [3, 1],
      [2, 0],
      [3, 0],
    ]);
  });

  it('stops a replica whose disk lost what it had acknowledged, with a sentence that says what to do', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.propose(1, 'v');
    c.settle();
    c.node(3).log.entriesHeld = [];
    c.node(3).log.hardState = { term: 1, vote: 0, commit: 0 };
    c.node(3).applied = 0;
    c.restart(3);
    expect(() => c.tick(2)).toThrow(/Remove member 3 .* join this machine again as a new member/);
  });

  it('says no more than a heartbeat to members that have everything, as often as it is set', () => {
    const c = new TestCluster([1, 2], [], { heartbeatTicks: 3 });
    c.elect(1);
    c.sent.length = 0;
    c.tick(9, [1]);
    expect(c.sent.map(({ type }) => type)).toEqual(
      Array.from({ length: 3 }, () => ['heartbeat', 'heartbeatResp']).flat(),
    );
  });

  it('makes no snapshot for a member that is gone', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.deliver = (m) => m.to !== 3 && m.from !== 3;
    for (let i = 0; i < 10; i += 1) c.propose(1, `v${i}`);
    c.tick(25);
    const one = c.node(1);
    one.log.compact({ index: one.applied, term: 1, confState: one.conf });
    c.raft(1).reportUnreachable(3);
    c.propose(1, 'behind it');
    c.tick(5);
    expect(c.sent.filter(({ type }) => type === 'snapshot')).toEqual([]);
    c.deliver = () => true;
    c.tick(5);
    expect(c.sent.filter(({ type }) => type === 'snapshot')).toHaveLength(1);
    expect(c.applied(3)).toHaveLength(11);
  });

  it('sends a snapshot to who holds nothing at all when the log begins later', () => {
    const c = new TestCluster([1, 2, 3]);
    c.deliver = (m) => m.to !== 3 && m.from !== 3;
    c.elect(1);
    for (let i = 0; i < 10; i += 1) c.propose(1, `v${i}`);
    c.settle();
    const one = c.node(1);
    one.log.compact({ index: one.applied, term: 1, confState: one.conf });
    c.deliver = () => true;
    c.tick(3);
    expect(c.node(3).log.snapshot.index).toBe(11);
    expect(c.applied(3)).toHaveLength(10);
  });

  it('goes back to no snapshot that is older than the log, and takes none whose entries it holds', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    for (const text of ['a', 'b', 'c']) c.propose(1, text);
    c.settle();
    const three = c.node(3);
    three.log.compact({ index: 4, term: 1, confState: three.conf });
    c.restart(3);
    c.sent.length = 0;
    const snapshot = (index: number): void => {
      const meta = { index, term: 1, confState: three.conf };
      three.raft.step(message('snapshot', 1, 3, 1, { snapshot: meta }));
    };
    snapshot(2);
    c.deliver = () => false;
    c.settle();
    expect(three.raft.status()).toMatchObject({ commit: 4, lastIndex: 4 });
    // Held, but not known to be committed.
    three.raft.step(message('append', 1, 3, 1, { index: 4, logTerm: 1, entries: [entry(1, 5, 'd')], commit: 4 }));
    snapshot(5);
    const ready = three.raft.ready();
    expect([ready.snapshot, ready.hardState?.commit]).toEqual([undefined, 5]);
    expect(ready.messagesAfterAppend.map(({ type, index }) => [type, index])).toEqual([
      ['appendResp', 5],
      ['appendResp', 5],
    ]);
  });
});
