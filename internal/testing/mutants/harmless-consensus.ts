import type { Argued } from './harmless.js';

const argued = (file: string, why: string, ...breaks: readonly (readonly [text: string, to: string])[]): Argued[] =>
  breaks.map(([text, replacement]) => ({ file, text, replacement, why }));

const SHORT_CUT = 'a short cut: what follows comes to the same';

/** Of `raft` and `transport`. */
export const HARMLESS_CONSENSUS: readonly Argued[] = [
  ...argued(
    'internal/raft/core.ts',
    'a replica begins with becomeFollower, which sets it',
    ["role: Role = 'follower';", '""'],
    ['hurried = false;', 'true'],
    ['termOpened = false;', 'true'],
    ["broadcast: 'nothing' | 'entries' | 'commit' = 'nothing';", '""'],
  ),
  ...argued(
    'internal/raft/heartbeat.ts',
    'round 0 confirms no read, and what is no number confirms none',
    ["context: core.reads.round === 0 ? '' : String(core.reads.round),", 'false'],
    ["context: core.reads.round === 0 ? '' : String(core.reads.round),", '"Stryker was here!"'],
  ),
  ...argued('internal/raft/lead.ts', 'no text is the number 0', [
    "const round = m.context === '' ? 0 : Number(m.context);",
    'false',
  ]),
  ...argued('internal/raft/lead.ts', 'the same round is noted again', [
    'if (round > peer.ackedRound) {',
    'round >= peer.ackedRound',
  ]),
  ...argued(
    'internal/raft/log.ts',
    SHORT_CUT,
    ['if (rest <= 0) return stored;', 'false'],
    ['if (rest <= 0) return stored;', 'rest < 0'],
    ['const rest = bytesMax - entriesBytes(stored);', 'bytesMax + entriesBytes(stored)'],
    ['if (index <= this.committed) return;', 'index < this.committed'],
    ['if (conflict >= 0) this.append(conflict === 0 ? entries : entries.slice(conflict));', 'false'],
  ),
  ...argued(
    'internal/raft/quorum/majority.ts',
    'only whether an array is made for it',
    ['const sorted = n <= SMALL ? scratch : new Float64Array(n);', 'false'],
    ['const sorted = n <= SMALL ? scratch : new Float64Array(n);', 'n < SMALL'],
  ),
  ...argued(
    'internal/raft/quorum/majority.ts',
    'no index is below the 0 that is found before the first, and equal ones may stand in any order',
    ['while (at > 0 && (sorted[at - 1] ?? 0) > value) {', 'true'],
    ['while (at > 0 && (sorted[at - 1] ?? 0) > value) {', 'at >= 0'],
    ['while (at > 0 && (sorted[at - 1] ?? 0) > value) {', '(sorted[at - 1] ?? 0) >= value'],
  ),
  ...argued('internal/raft/quorum/joint.ts', SHORT_CUT, ['if (voters.outgoing.size === 0) return incoming;', 'false']),
  ...argued(
    'internal/raft/progress/inflights.ts',
    'the bound on bytes is positive: nothing in flight is below it',
    ['return this.count >= this.messagesMax || (this.count > 0 && this.bytes >= this.bytesMax);', 'true'],
    ['return this.count >= this.messagesMax || (this.count > 0 && this.bytes >= this.bytesMax);', 'this.count >= 0'],
  ),
  ...argued(
    'internal/raft/readqueue.ts',
    SHORT_CUT,
    ['return n === 0 ? [] : this.#pending.splice(0, n);', 'false'],
    [
      'while (n < this.#pending.length && (this.#pending[n]?.round ?? 0) <= round) n += 1;',
      'n <= this.#pending.length',
    ],
    ['while (n < this.#pending.length && (this.#pending[n]?.round ?? 0) <= round) n += 1;', 'this.#pending[n].round'],
  ),
  ...argued(
    'internal/raft/raft.ts',
    'what is done without need changes nothing: it is empty, or the same again',
    ['if (messages.length > 0) core.messages = [];', 'true'],
    ['if (messages.length > 0) core.messages = [];', 'messages.length >= 0'],
    ['if (moved) this.#hardState = hardState;', 'true'],
    ['if (done.snapshotIndex > 0) log.snapshotPersisted(done.snapshotIndex);', 'true'],
    ['if (done.snapshotIndex > 0) log.snapshotPersisted(done.snapshotIndex);', 'done.snapshotIndex >= 0'],
    ['if (done.persistedIndex > 0) log.persistedTo(done.persistedIndex, done.persistedTerm);', 'true'],
    [
      'if (done.persistedIndex > 0) log.persistedTo(done.persistedIndex, done.persistedTerm);',
      'done.persistedIndex >= 0',
    ],
    ['if (done.appliedIndex > log.applied) log.appliedTo(done.appliedIndex);', 'done.appliedIndex >= log.applied'],
    ['if (deferred.length > 0) {', 'true'],
    ['if (deferred.length > 0) {', 'deferred.length >= 0'],
  ),
  ...argued(
    'internal/raft/reads.ts',
    SHORT_CUT,
    ['if (core.reads.size === 0) return;', 'false'],
    ['else if (core.isSoleVoter) answer(core, { context, from, index: core.log.committed, round: 0 });', 'false'],
    ['if (core.isSoleVoter) answer(core, { context, from, index: core.log.committed, round: 0 });', 'false'],
  ),
  ...argued('internal/raft/reads.ts', 'a leader keeps the progress of every voter', [
    'const round = jointIndex(core.members, (id) => core.progress.get(id)?.ackedRound ?? 0);',
    'core.progress.get(id).ackedRound',
  ]),
  ...argued('internal/raft/raft.ts', 'a text is a message for nobody', [
    'this.#deferred = [];',
    '["Stryker was here"]',
  ]),
  ...argued(
    'internal/raft/unstable.ts',
    'below it only the term of a snapshot just before it is known: nothing is cut, and it stays as it is',
    ['if (index < this.offset || this.term(index) !== term) return;', 'false'],
  ),
  ...argued('internal/raft/follow.ts', 'at the commit index every snapshot agrees with the log', [
    'if (snapshot.index <= log.committed) return;',
    'snapshot.index < log.committed',
  ]),
  ...argued('internal/raft/election.ts', 'a vote of a newer term has made that term ours', [
    "core.vote === m.from || (core.vote === 0 && core.leader === 0) || (m.type === 'preVote' && m.term > core.term);",
    'true',
  ]),
  ...argued('internal/raft/propose.ts', 'a proposal of nothing appends nothing, of whatever type', [
    "const type = m.entries[0]?.type ?? 'normal';",
    '""',
  ]),
  ...argued('internal/transport/link.ts', 'the timer is cleared when the stream is up, and when it closes', [
    'if (this.#stream !== stream || this.#up || this.#closed) return;',
    'false',
  ]),
  ...argued(
    'internal/transport/link.ts',
    'said in the log only',
    ["const reason = error?.details ?? 'the stream ended';", '""'],
    ["if (wasUp) log('info', `lost the connection to member ${id} at ${address}: ${reason}`);", 'true'],
  ),
  ...argued('internal/transport/link.ts', 'a new client where the one there is would do', [
    'if (tls() !== this.#tls || pongMs(this.#tookMs) !== this.#pongMs) {',
    'true',
  ]),
];
