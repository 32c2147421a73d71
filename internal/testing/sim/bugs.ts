import type { Profile } from './options.js';

/** A change of the product's source: `find`, which occurs once in `file` (under internal/), becomes `replace`. */
export interface Patch {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A deliberate mistake. */
export interface Bug extends Patch {
  /** What it breaks, and where the world has seen it. */
  readonly about: string;
  /** The kind of run that shows it most. */
  readonly profile: Profile;
  /** Seeds from 1 on within which the simulator must find it. */
  readonly seedsMax: number;
  /** One that found it when that was measured last (`npm run sim -- --bug all`). Any change of the product may move it. */
  readonly foundAt: number;
}

/**
 * Proof that the simulator can fail. Each is a mistake that someone has made, or could: a change of a line or two of
 * the product, which the simulator must find. A bug that no longer fits the source fails its test.
 */
export const BUGS: readonly Bug[] = [
  {
    name: 'vote-before-fsync',
    about: 'a vote leaves before it is on disk: after a crash a second one is given in the same term',
    file: 'raft/election.ts',
    find: 'core.sendAfterAppend(answer, m.from, ownCommit(core), m.term);',
    replace: `if (m.type === 'vote') core.send(answer, m.from, ownCommit(core));
    else core.sendAfterAppend(answer, m.from, ownCommit(core), m.term);`,
    profile: 'elections',
    seedsMax: 1000,
    foundAt: 167,
  },
  {
    name: 'acknowledge-before-fsync',
    about: 'a follower acknowledges entries that a loss of power can still take (etcd#14370)',
    file: 'raft/follow.ts',
    find: "core.sendAfterAppend('appendResp', m.from, { index: lastNew });",
    replace: "core.send('appendResp', m.from, { index: lastNew });",
    profile: 'disks',
    seedsMax: 300,
    foundAt: 86,
  },
  {
    name: 'leader-counts-itself-before-fsync',
    about: 'a leader commits with an own copy that is not on disk (etcd#14370, one replica)',
    file: 'replica/driver.ts',
    find: 'if (ready.mustSync) return this.#log.append(entries, hardState);',
    replace: `if (ready.mustSync && ready.role !== 'leader') return this.#log.append(entries, hardState);
    if (ready.mustSync) void this.#log.append(entries, hardState);`,
    profile: 'disks',
    seedsMax: 300,
    foundAt: 43,
  },
  {
    name: 'vote-forgotten-on-restart',
    about: 'the vote is not part of what is stored (paper, figure 2)',
    file: 'replica/log.ts',
    find: 'row.writeDoubleBE(state.vote, 11);',
    replace: 'row.writeDoubleBE(0, 11);',
    profile: 'elections',
    seedsMax: 2000,
    foundAt: 715,
  },
  {
    name: 'commit-old-term-by-counting',
    about: 'an entry of an older term is committed because a majority holds it (paper, figure 8)',
    file: 'raft/replicate.ts',
    find: 'if (index <= log.committed || log.term(index) !== core.term) return false;',
    replace: 'if (index <= log.committed) return false;',
    profile: 'deposed',
    seedsMax: 2000,
    foundAt: 647,
  },
  {
    name: 'vote-for-a-stale-log',
    about: 'a candidate without the committed entries is elected (paper, 5.4.1)',
    file: 'raft/log.ts',
    find: 'return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex);',
    replace: 'return lastTerm >= 0 && lastIndex >= 0;',
    profile: 'membership',
    seedsMax: 300,
    foundAt: 22,
  },
  {
    name: 'vote-twice',
    about: 'two candidates get a vote in one term (paper, 5.2)',
    file: 'raft/election.ts',
    find: '(core.vote === 0 && core.leader === 0) ||',
    replace: 'core.leader === 0 ||',
    profile: 'elections',
    seedsMax: 1000,
    foundAt: 11,
  },
  {
    name: 'heartbeat-commits-too-much',
    about: 'a heartbeat carries the commit index beyond what the follower is known to hold',
    file: 'raft/heartbeat.ts',
    find: 'commit: Math.min(peer.match, core.log.committed),',
    replace: 'commit: peer.match >= 0 ? core.log.committed : 0,',
    profile: 'membership',
    seedsMax: 300,
    foundAt: 12,
  },
  {
    name: 'late-append-truncates',
    about: 'an old append that arrives late cuts off entries acknowledged since (paper, figure 2, step 3)',
    file: 'raft/log.ts',
    find: 'const conflict = entries.findIndex((e) => !this.matches(e.index, e.term));',
    replace: 'const conflict = entries.length > 0 ? 0 : -1;',
    profile: 'reads',
    seedsMax: 300,
    foundAt: 47,
  },
  {
    name: 'old-terms-are-heard',
    about: 'a deposed leader is still obeyed (paper, 5.1)',
    file: 'raft/step.ts',
    find: 'else if (m.term < core.term) stepOlder(core, m);',
    replace: 'else if (m.term < core.term && m.term < 0) stepOlder(core, m);',
    profile: 'deposed',
    seedsMax: 300,
    foundAt: 23,
  },
  {
    name: 'read-without-asking-the-quorum',
    about: 'a leader that was replaced without noticing answers reads (dissertation, 6.4)',
    file: 'raft/reads.ts',
    find: '  else if (core.isSoleVoter) answer(core, { context, from, index: core.log.committed, round: 0 });\n  else core.reads',
    replace:
      '  else if (core.id > 0) answer(core, { context, from, index: core.log.committed, round: 0 });\n  else core.reads',
    profile: 'deposed',
    seedsMax: 300,
    foundAt: 54,
  },
  {
    name: 'reads-share-a-round-already-sent',
    about: 'a read waits for a round of heartbeats that was sent before it, and for ever if that is answered already',
    file: 'raft/readqueue.ts',
    find: 'this.#pending.push({ context, from, index, round: this.round + 1 });',
    replace: 'this.#pending.push({ context, from, index, round: Math.max(1, this.round) });',
    profile: 'reads',
    seedsMax: 300,
    foundAt: 20,
  },
  {
    name: 'read-before-the-own-term',
    about: 'a new leader answers reads before it knows what the last one committed (etcd#7331)',
    file: 'raft/reads.ts',
    find: 'if (!core.termOpened) core.reads.addEarly(context, from);',
    replace: 'if (core.reads.full) core.reads.addEarly(context, from);',
    profile: 'deposed',
    seedsMax: 1000,
    foundAt: 42,
  },
  {
    name: 'read-before-apply',
    about: 'a read is answered when it is confirmed, not when its index is applied',
    file: 'replica/reads.ts',
    find: 'if (state.index <= this.#options.visibleIndex()) this.#resolveAll(round.waiters);',
    replace: 'if (state.index <= Number.MAX_SAFE_INTEGER) this.#resolveAll(round.waiters);',
    profile: 'reads',
    seedsMax: 300,
    foundAt: 20,
  },
  {
    name: 'joint-commit-by-the-new-half',
    about: 'while joint, the new voters alone decide what is committed (dissertation, 4.3)',
    file: 'raft/quorum/joint.ts',
    find: 'return Math.min(incoming, majorityIndex(voters.outgoing, acked));',
    replace: 'return incoming;',
    profile: 'membership',
    seedsMax: 1000,
    foundAt: 25,
  },
  {
    name: 'joint-election-by-the-new-half',
    about: 'while joint, the new voters alone elect (dissertation, 4.3)',
    file: 'raft/quorum/joint.ts',
    find: 'const outgoing = majorityVote(voters.outgoing, votes);',
    replace: 'const outgoing = majorityVote(voters.incoming, votes);',
    profile: 'membership',
    seedsMax: 1000,
    foundAt: 90,
  },
  {
    name: 'membership-change-without-own-term',
    about: 'a change is proposed while an earlier one is not settled (Ongaro on raft-dev, 2015)',
    file: 'raft/propose.ts',
    find: "if (core.pendingConfIndex > core.log.applied || !core.termOpened) return 'confChangePending';",
    replace: '',
    profile: 'membership',
    seedsMax: 1000,
    foundAt: 2,
  },
  {
    name: 'sole-leader-reads-too-early',
    about: 'the last voter answers reads from a state that is not visible yet (seed 56 of an early version)',
    file: 'replica/driver.ts',
    find: `      this.#state.visible.appliedIndex >= commit &&
      confState.voters.length === 1 &&
      confState.votersOutgoing.length === 0 &&
      confState.learners.length === 0;`,
    replace: `      commit >= 0 &&
      confState.voters.length === 1 &&
      confState.votersOutgoing.length === 0;`,
    profile: 'alone',
    seedsMax: 1000,
    foundAt: 810,
  },
  {
    name: 'applied-index-outside-the-data',
    about: 'the applied index is stored in a transaction of its own (etcd#13766, 3.5.0 to 3.5.2)',
    file: 'store/state.ts',
    find: `    const write = (): void => {
      for (const { table`,
    replace: `    this.#environment.batch(() => void this.#tables.meta.put(META_KEY, meta)).catch(() => undefined);
    const write = (): void => {
      for (const { table`,
    profile: 'disks',
    seedsMax: 300,
    foundAt: 10,
  },
  {
    name: 'torn-transactions',
    about: 'a storage engine without atomic transactions (what overlappingSync must never become)',
    file: 'testing/sim/disk.ts',
    find: 'tornTransactions = false;',
    replace: 'tornTransactions = true;',
    profile: 'disks',
    seedsMax: 300,
    foundAt: 150,
  },
  {
    name: 'log-compacted-beyond-the-durable-state',
    about: 'entries are forgotten that the state has applied but not flushed',
    file: 'replica/housekeeping.ts',
    find: 'const durable = Math.min(state.durableIndex, applied);',
    replace: 'const durable = applied; void state;',
    profile: 'alone',
    seedsMax: 1000,
    foundAt: 34,
  },
  {
    name: 'proposal-applied-again',
    about: 'an entry that was sent twice takes effect twice',
    file: 'store/machine.ts',
    find: 'if (proposal.seq <= last) return undefined;',
    replace: 'if (proposal.seq < last) return undefined;',
    profile: 'deposed',
    seedsMax: 300,
    foundAt: 32,
  },
  {
    name: 'unknown-told-as-refused',
    about: 'a write whose outcome is not known is reported as certainly not done',
    file: 'replica/proposals.ts',
    find: 'this.#reject(item, new UnavailableError(message, sent));',
    replace: 'this.#reject(item, new UnavailableError(message, false));',
    profile: 'deposed',
    seedsMax: 1000,
    foundAt: 23,
  },
  {
    name: 'expiry-by-the-own-clock',
    about: 'a replica computes something from its own clock while applying: replicas diverge',
    file: 'store/machine.ts',
    find: 'op.ttlSeconds <= 0 ? 0 : time + op.ttlSeconds * 1000;',
    replace: 'op.ttlSeconds <= 0 ? 0 : Date.now() + op.ttlSeconds * 1000;',
    profile: 'reads',
    seedsMax: 300,
    foundAt: 20,
  },
  {
    name: 'watch-not-stopped-by-compaction',
    about: 'a watch that compaction has overtaken skips events instead of ending (etcd#17529)',
    file: 'replica/backend.ts',
    find: '    if (after < this.compactRevision) throw new CompactedError(after, this.compactRevision);\n    if (after >= this.revision) return [];',
    replace: '    if (after >= this.revision) return [];',
    profile: 'mixed',
    seedsMax: 1000,
    foundAt: 28,
  },
  {
    name: 'bookmark-ahead-of-events',
    about: 'the revision that readers and bookmarks see runs ahead of the data (etcd#15220)',
    file: 'store/state.ts',
    find: `  get visible(): MetaHead {
    return this.#visible;`,
    replace: `  get visible(): MetaHead {
    return this.#meta;`,
    profile: 'disks',
    seedsMax: 300,
    foundAt: 10,
  },
  {
    name: 'snapshot-keeps-the-old-membership',
    about: 'a replica restored from a snapshot goes on with the membership that it had',
    file: 'raft/follow.ts',
    find: 'core.members = members;',
    replace: 'void members;',
    profile: 'membership',
    seedsMax: 1500,
    foundAt: 12,
  },
  {
    name: 'watches-not-rebased-after-a-snapshot',
    about: 'a watch goes on after a snapshot although the history before it is gone',
    file: 'store/state.ts',
    find: `    this.#visible = { ...this.#meta };
    this.#durableIndex = this.#meta.appliedIndex;
    this.#overlay.clear();`,
    replace: `    this.#visible = { ...this.#meta, compactRevision: this.#visible.compactRevision };
    this.#durableIndex = this.#meta.appliedIndex;
    this.#overlay.clear();`,
    profile: 'membership',
    seedsMax: 2000,
    foundAt: 282,
  },
  {
    name: 'differing-state-goes-unnoticed',
    about: 'the replicas do not compare their states (etcd 3.5.0 to 3.5.2: for months)',
    file: 'replica/verify.ts',
    find: 'const verdict = judge(witnesses, voters);',
    replace: "const verdict: Verdict = { kind: 'unknown' };",
    profile: 'differing',
    seedsMax: 300,
    foundAt: 15,
  },
  {
    name: 'the-leader-is-taken-to-be-right',
    about: 'when the states differ, not the majority but the leader decides whose is wrong',
    file: 'replica/verify.ts',
    find: 'const verdict = judge(witnesses, voters);',
    replace: `const verdict: Verdict = { kind: 'differs', right: own, lineages: voters.length };`,
    profile: 'differing',
    seedsMax: 300,
    foundAt: 27,
  },
  {
    name: 'a-disputed-state-is-given-away',
    about: 'a leader gives away its state although another voter has another, and nobody asks that one',
    file: 'replica/confirm.ts',
    find: 'if (claim.revision === 0) return true;',
    replace: 'if (claim.revision >= 0) return true;',
    profile: 'differing',
    seedsMax: 1000,
    foundAt: 397,
  },
  {
    name: 'a-founder-does-not-wait-for-all',
    about: 'a founder that lost its disk and one that never ran found the cluster anew, beside acknowledged writes',
    file: 'replica/peers.ts',
    find: 'if (identity.members.every(([id]) => isThere(id)))',
    replace: 'if (identity.members.filter(([id]) => isThere(id)).length > identity.members.length / 2)',
    profile: 'trust',
    seedsMax: 1000,
    foundAt: 260,
  },
  {
    name: 'an-older-copy-is-believed',
    about: 'a member whose disk was put back as it was has forgotten votes and acknowledgements, and nobody notices',
    file: 'replica/acquaintance.ts',
    find: 'if (isOlder(peer.starts ?? [], before?.start)) {',
    replace: 'if (isOlder([], before?.start)) {',
    profile: 'trust',
    seedsMax: 1000,
    foundAt: 339,
  },
  {
    name: 'strangers-change-the-membership',
    about: 'who asks for a change of the membership is not asked who it is',
    file: 'replica/peers.ts',
    find: "if (from === undefined && request.op !== 'join') {",
    replace: "if (from === undefined && request.op === 'space') {",
    profile: 'trust',
    seedsMax: 1000,
    foundAt: 15,
  },
  {
    name: 'quarantine-without-reseed',
    about: 'a replica whose state was found wrong comes back with it',
    file: 'replica/reseed.ts',
    find: "if (wish === '') return;",
    replace: 'if (wish.length >= 0) return;',
    profile: 'differing',
    seedsMax: 300,
    foundAt: 15,
  },
  {
    name: 'copied-state-with-an-older-term',
    about:
      'a replica takes a copy of a later term than it remembers (seed 27 of this simulator, when it began to re-seed)',
    file: 'replica/reseed.ts',
    find: 'const kept = meta.term > term ?',
    replace: 'const kept = meta.term < 0 ?',
    profile: 'differing',
    seedsMax: 1000,
    foundAt: 27,
  },
  {
    name: 'message-of-a-later-release-is-refused',
    about: 'while releases are mixed, what the later one adds makes the earlier one deaf',
    file: 'replica/wire.ts',
    find: 'if (type === undefined) return undefined;',
    replace: "if (type === undefined) throw new Error('a message of an unknown type');",
    profile: 'mixed',
    seedsMax: 300,
    foundAt: 7,
  },
  {
    name: 'votes-do-not-tell-the-commit',
    about: 'after a membership change nobody can be elected (seed 265 of an early version of this simulator)',
    file: 'raft/step.ts',
    find: 'if (isVoting(m)) learnCommit(core, m);',
    replace: 'if (isVoting(m) && m.term < 0) learnCommit(core, m);',
    profile: 'membership',
    seedsMax: 1500,
    foundAt: 274,
  },
  {
    name: 'late-answers-confirm-reads',
    about: 'answers to heartbeats sent before a read was asked for confirm it (etcd#20418)',
    file: 'raft/lead.ts',
    find: "const round = m.context === '' ? 0 : Number(m.context);",
    replace: 'const { round } = core.reads;',
    profile: 'reads',
    seedsMax: 1000,
    foundAt: 234,
  },
];

/** Throws with the names that there are. */
export function findBug(name: string): Bug {
  const bug = BUGS.find((b) => b.name === name);
  if (bug === undefined) throw new Error(`no bug is named ${name}; there are: ${BUGS.map((b) => b.name).join(', ')}`);
  return bug;
}
