import { describe, expect, it } from 'vitest';
import { confState, TestCluster } from './cluster.testkit.js';
import { DEFAULT_RAFT_SETTINGS } from './config.js';
import { MemoryLog } from './memory.testkit.js';
import { message } from './message.js';
import { Raft } from './raft.js';
import type { Entry, Ready } from './types.js';

const entry = (term: number, index: number): Entry => ({ term, index, type: 'normal', data: new Uint8Array([1]) });

/** Writes a Ready to the disk, without sending or applying anything. */
function persist(c: TestCluster, id: number): Ready {
  const ready = c.raft(id).ready();
  c.node(id).log.append(ready.entries);
  return ready;
}

describe('Ready', () => {
  it('lets appends leave before the leader has persisted them, acknowledgements only after', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.propose(1, 'x');
    const leader = c.raft(1).ready();
    expect(leader.entries).toHaveLength(1);
    expect(leader.messages.map((m) => m.type)).toEqual(['append', 'append']);
    c.raft(2).step(leader.messages[0] ?? message('append', 1, 2, 1));
    const follower = c.raft(2).ready();
    expect(follower.entries).toHaveLength(1);
    expect(follower.messages).toEqual([]);
    expect(follower.messagesAfterAppend.map((m) => m.type)).toEqual(['appendResp']);
  });

  it('counts the leader itself only once its disk has the entry', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.propose(1, 'x');
    persist(c, 1);
    c.raft(1).step(message('appendResp', 2, 1, 1, { index: 2 }));
    expect(c.raft(1).status().commit).toBe(1);
    c.raft(1).advance();
    expect(c.raft(1).status().commit).toBe(2);
  });

  it('commits without the leader when the others are faster', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.propose(1, 'x');
    c.raft(1).ready();
    for (const from of [2, 3]) c.raft(1).step(message('appendResp', from, 1, 1, { index: 2 }));
    expect(c.raft(1).status()).toMatchObject({ commit: 2, persisted: 1 });
  });

  it('takes no more than the bound while its own disk stands still, though the others commit', () => {
    const c = new TestCluster([1, 2, 3], [], { maxUncommittedBytes: 1_000 });
    c.elect(1);
    c.propose(1, 'x'.repeat(600));
    persist(c, 1);
    for (const from of [2, 3]) c.raft(1).step(message('appendResp', from, 1, 1, { index: 2 }));
    expect(c.raft(1).status()).toMatchObject({ commit: 2, persisted: 1 });
    expect(c.propose(1, 'x'.repeat(600))).toEqual({ status: 'overloaded' });
    c.raft(1).advance();
    expect(c.propose(1, 'x'.repeat(600))).toMatchObject({ status: 'accepted' });
  });

  it('lets heartbeats and their answers leave while the disk is busy', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.propose(1, 'x');
    c.raft(1).ready();
    expect(c.raft(1).hasReady()).toBe(false);
    c.raft(1).tick();
    expect(
      c
        .raft(1)
        .takeMessages()
        .map((m) => m.type),
    ).toEqual(['heartbeat', 'heartbeat']);

    c.raft(2).step(message('append', 1, 2, 1, { index: 1, logTerm: 1, entries: [entry(1, 2)] }));
    c.raft(2).ready();
    c.raft(2).step(message('append', 1, 2, 1, { index: 2, logTerm: 1, entries: [entry(1, 3)] }));
    c.raft(2).step(message('heartbeat', 1, 2, 1));
    expect(
      c
        .raft(2)
        .takeMessages()
        .map((m) => m.type),
    ).toEqual(['heartbeatResp']);
  });

  it('counts nothing as persisted that was overwritten while it was being written', () => {
    const c = new TestCluster([1, 2, 3]);
    c.raft(1).step(message('append', 2, 1, 1, { entries: [entry(1, 1), entry(1, 2)] }));
    persist(c, 1);
    c.raft(1).step(message('append', 3, 1, 2, { index: 1, logTerm: 1, entries: [entry(2, 2)] }));
    c.raft(1).advance();
    expect(c.raft(1).status().persisted).toBe(0);
    expect(
      c
        .raft(1)
        .ready()
        .entries.map((e) => [e.index, e.term]),
    ).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('holds back a snapshot that arrives while entries that it covers are being applied', () => {
    const c = new TestCluster([1, 2, 3]);
    c.raft(1).step(message('append', 2, 1, 1, { entries: [entry(1, 1), entry(1, 2)], commit: 2 }));
    const ready = c.raft(1).ready();
    expect(ready.committedEntries).toHaveLength(2);
    const snapshot = { index: 10, term: 1, confState: confState([1, 2]) };
    c.raft(1).step(message('snapshot', 2, 1, 1, { snapshot }));
    expect(c.raft(1).status().confState.voters).toEqual([1, 2, 3]);
    c.raft(1).advance();
    expect(c.raft(1).status()).toMatchObject({ commit: 10, applied: 2, confState: { voters: [1, 2] } });
    expect(c.raft(1).ready().snapshot).toEqual(snapshot);
    c.raft(1).advance();
    expect(c.raft(1).status().applied).toBe(10);
  });

  it('says when a write need not be flushed: only the commit index moved', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.raft(2).step(message('append', 1, 2, 1, { index: 1, logTerm: 1, entries: [entry(1, 2)] }));
    expect(persist(c, 2).mustSync).toBe(true);
    c.raft(2).advance();
    c.raft(2).step(message('heartbeat', 1, 2, 1, { commit: 2 }));
    const ready = c.raft(2).ready();
    expect(ready.hardState).toMatchObject({ commit: 2 });
    expect(ready.mustSync).toBe(false);
  });

  it('hands out committed entries in portions', () => {
    const c = new TestCluster([1], [], { maxCommittedBytesPerReady: 100 });
    c.tick(1);
    for (let i = 0; i < 10; i += 1) c.propose(1, 'x'.repeat(50));
    c.work(c.node(1));
    const portion = c.raft(1).ready();
    expect(portion.committedEntries.map((e) => e.index)).toEqual([2]);
    c.raft(1).advance();
    expect(c.raft(1).hasReady()).toBe(true);
  });

  it('is not due on a replica that begins with an empty disk', () => {
    const log = new MemoryLog({ index: 0, term: 0, confState: confState([1, 2, 3], [4]) });
    const raft = new Raft({ ...DEFAULT_RAFT_SETTINGS, id: 1, applied: 0 }, log, () => 0);
    expect(raft.hasReady()).toBe(false);
    expect(raft.status()).toMatchObject({ role: 'follower', term: 0, vote: 0, leader: 0, commit: 0, peers: [] });
    expect(raft.confState).toEqual(confState([1, 2, 3], [4]));
  });

  it('holds what was due when it was made, whatever comes in meanwhile', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(1);
    c.propose(1, 'x');
    const ready = c.raft(1).ready();
    c.propose(1, 'y');
    expect(ready.entries.map(({ index }) => index)).toEqual([2]);
    c.raft(1).advance();
    expect(
      c
        .raft(1)
        .ready()
        .entries.map(({ index }) => index),
    ).toEqual([3]);
  });

  it('is flushed when a term or a vote is in it, though no entry is', () => {
    const c = new TestCluster([1, 2, 3]);
    c.raft(1).step(message('voteResp', 2, 1, 5, { reject: true }));
    const term = c.raft(1).ready();
    expect(term).toMatchObject({ entries: [], hardState: { term: 5, vote: 0 }, mustSync: true });
    c.raft(1).advance();
    expect(c.raft(1).hasReady()).toBe(false);
    c.raft(1).step(message('vote', 2, 1, 5));
    expect(c.raft(1).ready()).toMatchObject({ entries: [], hardState: { term: 5, vote: 2 }, mustSync: true });
  });

  it('is flushed when a snapshot is in it', () => {
    const c = new TestCluster([1, 2, 3]);
    c.raft(1).step(message('heartbeat', 2, 1, 1));
    const before = c.raft(1).ready();
    expect('snapshot' in before).toBe(false);
    c.raft(1).advance();
    const snapshot = { index: 10, term: 1, confState: confState([1, 2]) };
    c.raft(1).step(message('snapshot', 2, 1, 1, { snapshot }));
    const ready = c.raft(1).ready();
    expect(ready).toMatchObject({ snapshot, mustSync: true, entries: [] });
    // The member can be asked no further before it is installed.
    c.raft(1).step(message('append', 2, 1, 1, { index: 10, logTerm: 1, entries: [entry(1, 11)] }));
    c.raft(1).advance();
    expect(c.raft(1).hasReady()).toBe(false);
  });

  it('makes the own vote count that was on its way to disk with it, and no later one', () => {
    const c = new TestCluster([1]);
    c.raft(1).ready();
    c.raft(1).campaign();
    c.raft(1).advance();
    expect(c.raft(1).status().role).toBe('candidate');
    c.raft(1).ready();
    c.raft(1).advance();
    expect(c.raft(1).status().role).toBe('leader');
  });

  it('is made, and carried out, one after the other', () => {
    const c = new TestCluster([1, 2, 3]);
    expect(() => c.raft(1).advance()).toThrow('advance() without ready()');
    c.raft(1).ready();
    expect(() => c.raft(1).ready()).toThrow('ready() called again before advance()');
  });

  it('has nothing to do with messages for others', () => {
    const c = new TestCluster([1, 2, 3]);
    c.raft(1).step(message('heartbeat', 2, 9, 5));
    c.raft(1).step(message('heartbeat', 1, 1, 5));
    expect(c.raft(1).hasReady()).toBe(false);
    expect(c.raft(1).term).toBe(0);
  });

  it('comes with a short way to what a status tells', () => {
    const c = new TestCluster([1, 2, 3]);
    c.elect(2);
    const raft = c.raft(1);
    const { term, commit, id, leader, vote, role, confState: members } = raft.status();
    expect([raft.term, raft.commit, raft.id, raft.leader]).toEqual([term, commit, id, leader]);
    expect([term, commit, leader]).toEqual([1, 1, 2]);
    expect([raft.vote, raft.role, raft.confState]).toEqual([vote, role, members]);
    expect([raft.termAt(0), raft.termAt(1), raft.termAt(2)]).toEqual([0, 1, undefined]);
  });
});
