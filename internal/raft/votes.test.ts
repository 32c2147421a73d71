import { describe, expect, it } from 'vitest';
import { confState, TestCluster } from './cluster.testkit.js';
import { encodeConfChange } from './confchange/codec.js';
import { DEFAULT_RAFT_SETTINGS, type RaftConfig } from './config.js';
import { MemoryLog } from './memory.testkit.js';
import { message } from './message.js';
import { Raft } from './raft.js';
import type { Entry, Message, MessageType } from './types.js';

const conf = confState([1, 2, 3]);
const CHANGE = encodeConfChange({ transition: 'auto', steps: [{ type: 'addLearner', id: 9 }], context: '' });
const normal = (term: number, index: number): Entry => ({ term, index, type: 'normal', data: new Uint8Array(1) });
const change = (term: number, index: number): Entry => ({ term, index, type: 'confChange', data: CHANGE });

/** Member 2 of three, on its own: what it is told is in the test, and its election timeout is 15 ticks. */
class Member {
  readonly log = new MemoryLog({ index: 0, term: 0, confState: conf });
  readonly raft: Raft;
  /** What it sent, but appends. */
  sent: Message[] = [];

  constructor(settings: Partial<RaftConfig> = {}) {
    const config = { ...DEFAULT_RAFT_SETTINGS, id: 2, applied: 0, confState: conf, ...settings };
    this.raft = new Raft(config, this.log, () => 0.5);
  }

  /** Persists and sends what is due; applies nothing. */
  work(): this {
    while (this.raft.hasReady()) {
      const ready = this.raft.ready();
      this.log.append(ready.entries);
      this.sent.push(...[...ready.messages, ...ready.messagesAfterAppend].filter(({ type }) => type !== 'append'));
      // Entries that are handed out are not applied: no test here needs it.
      if (ready.committedEntries.length > 0) return this;
      this.raft.advance();
    }
    return this;
  }

  tell(type: MessageType, from: number, term: number, fields: Parameters<typeof message>[4] = {}): this {
    this.raft.step(message(type, from, 2, term, fields));
    return this.work();
  }

  tick(ticks = 1): this {
    for (let i = 0; i < ticks; i += 1) this.raft.tick();
    return this.work();
  }

  /** What it said since the last time it was asked: type, to whom, and whether it refuses. */
  said(): string[] {
    const said = this.sent.map(({ type, to, reject }) => `${type} ${to}${reject ? ' no' : ''}`);
    this.sent = [];
    return said;
  }

  get role(): string {
    return this.raft.status().role;
  }
}

describe('a candidate', () => {
  it('asks in vain, or wins, once each has answered', () => {
    const candidate = (): Member => {
      const m = new Member({ preVote: false }).tick(15);
      expect([m.role, m.said()]).toEqual(['candidate', ['vote 1', 'vote 3']]);
      return m;
    };
    expect(candidate().tell('voteResp', 1, 1).role).toBe('leader');
    expect(candidate().tell('voteResp', 1, 1, { reject: true }).role).toBe('candidate');
    const lost = candidate().tell('voteResp', 1, 1, { reject: true }).tell('voteResp', 3, 1, { reject: true });
    expect(lost.role).toBe('follower');
    // The first word counts.
    expect(candidate().tell('voteResp', 1, 1, { reject: true }).tell('voteResp', 1, 1).role).toBe('candidate');
  });

  it('is not elected by answers to another question', () => {
    const candidate = new Member({ preVote: false }).tick(15);
    expect(candidate.tell('preVoteResp', 1, 2).tell('preVoteResp', 1, 1).role).toBe('candidate');
    const asking = new Member().tick(15);
    expect([asking.role, asking.raft.status().term]).toEqual(['preCandidate', 0]);
    expect(asking.said()).toEqual(['preVote 1', 'preVote 3']);
    // Neither a vote, nor a pre-vote for a term that it did not ask about.
    asking.raft.step(message('voteResp', 1, 2, 0));
    expect(asking.tell('preVoteResp', 1, 2).role).toBe('preCandidate');
    expect(asking.tell('preVoteResp', 1, 1).role).toBe('candidate');
    const follower = new Member().tell('heartbeat', 1, 1);
    expect(follower.tell('voteResp', 1, 1).tell('voteResp', 3, 1).tell('preVoteResp', 3, 2).role).toBe('follower');
    const refused = new Member().tell('heartbeat', 1, 1).tick(15);
    expect(refused.tell('preVoteResp', 1, 1, { reject: true }).role).toBe('preCandidate');
    expect(refused.tell('preVoteResp', 3, 1, { reject: true }).role).toBe('follower');
  });

  it('waits for its own vote to be on disk before it opens another term', () => {
    const m = new Member({ preVote: false });
    for (let i = 0; i < 15; i += 1) m.raft.tick();
    m.raft.ready();
    for (let i = 0; i < 100; i += 1) m.raft.tick();
    expect(m.raft.status()).toMatchObject({ role: 'candidate', term: 1 });
    m.raft.advance();
    m.tick(15);
    expect(m.raft.status()).toMatchObject({ role: 'candidate', term: 2 });
  });

  it('says whose wish it is that it stands, and what it knows to be committed', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.raft(1).transferLeader(2);
    c.settle();
    const votes = c.sent.filter(({ type }) => type === 'vote').map(({ from, context }) => [from, context]);
    expect(votes).toEqual([
      [1, ''],
      [1, ''],
      [2, 'transfer'],
      [2, 'transfer'],
    ]);
    const known = { commit: 1, rejectHint: 1 };
    expect(c.sent.filter(({ type, from }) => type === 'vote' && from === 2)).toMatchObject([known, known]);
    expect(c.sent.filter(({ type, to }) => type === 'voteResp' && to === 2)).toMatchObject([known, known]);
  });

  it('is no candidate when it leads, and not again when it is asked to be', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.elect(1);
    expect(c.raft(1).status()).toMatchObject({ role: 'leader', term: 1 });
    const candidate = new Member({ preVote: false }).tick(15).tell('timeoutNow', 1, 1);
    expect(candidate.raft.status()).toMatchObject({ role: 'candidate', term: 1 });
  });

  it('does not stand with a membership change among what is committed and not yet applied', () => {
    const m = new Member();
    m.tell('append', 1, 1, { entries: [normal(1, 1), change(1, 2)], commit: 2 });
    m.raft.campaign();
    expect(m.role).toBe('follower');
  });

  it('asks again after an election timeout, and soon when the leader is known to be dead', () => {
    const m = new Member().tick(15);
    expect(m.said()).toHaveLength(2);
    expect(m.tick(14).said()).toEqual([]);
    expect(m.tick().said()).toEqual(['preVote 1', 'preVote 3']);
    const hurried = new Member().tell('heartbeat', 1, 1);
    hurried.raft.hurry();
    hurried.said();
    expect(hurried.tick().said()).toEqual(['preVote 1', 'preVote 3']);
    expect(hurried.tick(5).said()).toEqual([]);
    expect(hurried.tick().said()).toEqual(['preVote 1', 'preVote 3']);
  });

  it('is not put off by word that the first term may begin when it has', () => {
    const m = new Member().tick(14);
    m.raft.openFirstTerm();
    expect(m.tick().role).toBe('preCandidate');
  });

  it('stands in its turn: the second successor five ticks after the death of the leader', () => {
    const m = new Member().tell('heartbeat', 3, 1);
    m.raft.hurry();
    // 1 comes first.
    expect(m.tick(4).role).toBe('follower');
    expect(m.tick().role).toBe('preCandidate');
  });

  it('is not hurried by the death of a leader that nobody is', () => {
    const m = new Member();
    m.raft.hurry();
    expect(m.tick(14).role).toBe('follower');
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.raft(1).hurry();
    expect(c.raft(1).status()).toMatchObject({ role: 'leader', leader: 1 });
  });
});

describe('a voter', () => {
  it('keeps its lease for an election timeout after it heard of the leader', () => {
    const m = new Member().tell('heartbeat', 1, 1).tick(9);
    m.said();
    expect(m.tell('preVote', 3, 2).said()).toEqual([]);
    expect(m.tick().tell('preVote', 3, 2).said()).toEqual(['preVoteResp 3']);
  });

  it('has no lease where no leader looks after its quorum', () => {
    const m = new Member({ checkQuorum: false }).tell('heartbeat', 1, 1);
    m.said();
    expect(m.tell('preVote', 3, 2).said()).toEqual(['preVoteResp 3']);
  });

  it('has no vote for another while it follows a leader of this term, or has given it', () => {
    const follower = new Member().tell('heartbeat', 1, 1);
    follower.said();
    expect(follower.tell('vote', 3, 1).said()).toEqual(['voteResp 3 no']);
    const voter = new Member().tell('vote', 3, 1);
    expect(voter.said()).toEqual(['voteResp 3']);
    expect(voter.tell('preVote', 1, 1).said()).toEqual(['preVoteResp 1 no']);
    expect(voter.tell('preVote', 1, 2).said()).toEqual(['preVoteResp 1']);
  });

  it('gives nothing away with the answer to a pre-vote, neither its vote nor time', () => {
    const m = new Member().tick(14).tell('preVote', 3, 1);
    expect(m.said()).toEqual(['preVoteResp 3']);
    expect(m.raft.status()).toMatchObject({ vote: 0, term: 0 });
    expect(m.tick().role).toBe('preCandidate');
    // A vote that was given buys time.
    expect(new Member().tick(14).tell('vote', 3, 1).tick(14).role).toBe('follower');
  });

  it('does not stand because another cannot win, unless the leader is dead', () => {
    const m = new Member().tell('append', 1, 1, { entries: [normal(1, 1)] });
    for (let i = 0; i < 10; i += 1) m.raft.tick();
    expect(m.tell('preVote', 3, 2).tick().role).toBe('follower');
  });
});

describe('what is said to be committed', () => {
  it('is believed where the own log holds the same', () => {
    const m = new Member().tell('append', 1, 1, { entries: [normal(1, 1), normal(1, 2)] });
    m.tell('voteResp', 3, 1, { commit: 2, rejectHint: 9 });
    expect(m.raft.status()).toMatchObject({ commit: 0, leader: 1 });
    m.raft.step(message('voteResp', 3, 2, 1, { commit: 2, rejectHint: 1 }));
    expect(m.raft.status()).toMatchObject({ commit: 2, leader: 1 });
    m.raft.step(message('voteResp', 3, 2, 1, { commit: 1, rejectHint: 1 }));
    expect(m.raft.status().commit).toBe(2);
  });

  it('is counted by a leader itself', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.deliver = () => false;
    c.propose(1, 'x');
    c.settle();
    c.raft(1).step(message('vote', 2, 1, 1, { commit: 2, rejectHint: 1 }));
    expect(c.raft(1).status().commit).toBe(1);
  });

  it.each([
    ['a membership change', change(1, 1), 'follower'],
    ['a write', normal(1, 1), 'preCandidate'],
  ])('and %s leaves a campaign under the membership before it a %s', (_what, entry, role) => {
    const m = new Member().tell('append', 1, 1, { entries: [entry] }).tick(15);
    expect(m.role).toBe('preCandidate');
    m.raft.step(message('preVoteResp', 3, 2, 1, { reject: true, commit: 1, rejectHint: 1 }));
    expect(m.role).toBe(role);
  });
});
