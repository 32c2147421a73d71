import type { Patch } from './bugs.js';

/** A deliberate mistake that a test beside the code finds: no schedule of the simulator comes upon it soon enough for CI. */
export interface TestedBug extends Patch {
  /** What it breaks. */
  readonly about: string;
  /** The test that fails with it: file under internal/, and title as it stands there. */
  readonly test: { readonly file: string; readonly title: string };
}

/** As BUGS. Whoever changes one, or its test, puts the bug into the source once and sees the test fail. */
export const TESTED_BUGS: readonly TestedBug[] = [
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
    test: {
      file: 'replica/driver.test.ts',
      title: 'the only voter answers reads by itself when it has applied all of its log, and not while it does',
    },
  },
  {
    name: 'votes-do-not-tell-the-commit',
    about: 'after a membership change nobody can be elected (seed 265 of an early version of this simulator)',
    file: 'raft/step.ts',
    find: 'if (isVoting(m)) learnCommit(core, m);',
    replace: 'if (isVoting(m) && m.term < 0) learnCommit(core, m);',
    test: {
      file: 'raft/election.test.ts',
      title: 'tell of what is committed, also where no vote is given: who remains after a change may not know',
    },
  },
  {
    name: 'ack-the-end-of-the-log',
    about: 'a follower acknowledges all that it holds, where it only knows that what is committed agrees',
    file: 'raft/follow.ts',
    find: "core.sendAfterAppend('appendResp', m.from, { index: log.committed });",
    replace: "core.sendAfterAppend('appendResp', m.from, { index: log.lastIndex });",
    test: { file: 'raft/replicate.test.ts', title: 'acknowledges what is known to agree, and not all that is held' },
  },
  {
    name: 'campaign-before-conf-applied',
    about: 'a candidate counts votes by a membership that is replaced already',
    file: 'raft/election.ts',
    find: '  if (hasUnappliedConfChange(core)) return;\n  if (kind',
    replace: '  if (kind',
    test: {
      file: 'raft/membership.test.ts',
      title: 'does not let a member campaign that has a committed change still to apply',
    },
  },
  {
    name: 'vote-forgotten-by-reseed',
    about: 'who takes a copy of the state has a second vote in the term that it has voted in',
    file: 'replica/reseed.ts',
    find: ': { term, vote };',
    replace: ': { term, vote: vote * 0 };',
    test: { file: 'replica/reseed.test.ts', title: 'keeps its vote: %s' },
  },
  {
    name: 'sole-voter-though-joint',
    about: 'the only new voter of a joint membership takes itself to be alone',
    file: 'raft/core.ts',
    find: 'incoming.has(this.id) && (outgoing.size === 0 || isOnly(outgoing, this.id));',
    replace: 'incoming.has(this.id) && outgoing.size >= 0;',
    test: {
      file: 'raft/reads.test.ts',
      title: 'are not confirmed by one voter alone while the members before still count',
    },
  },
  {
    name: 'overlay-outlives-the-state',
    about: 'what was applied and not committed is seen on top of a state that has taken the place of the one below',
    file: 'store/state.ts',
    find: `    this.#halted = false;
    this.#layer = new Layer();`,
    replace: '    this.#halted = false;',
    test: { file: 'store/snapshot.test.ts', title: 'travels as a snapshot; a damaged or cut one is refused' },
  },
  {
    name: 'reset-log-outside-of-the-facts',
    about: 'the log begins behind a snapshot before it is noted where the state is that was taken from it',
    file: 'replica/log.ts',
    find: `      placeRecord('reset', index, term),
      ...Object.entries(facts).map(([name, value]) => factRecord(name, value)),
      ...(hardState === undefined ? [] : [hardStateRecord(hardState)]),
    ]);
`,
    replace: `      placeRecord('reset', index, term),
      ...(hardState === undefined ? [] : [hardStateRecord(hardState)]),
    ]);
    await this.putFacts(facts);
`,
    test: {
      file: 'replica/wal/wal.test.ts',
      title: 'begins behind a snapshot and names the directory of its state in one step, wherever the power fails',
    },
  },
  {
    name: 'a-damaged-replica-is-no-witness',
    about: 'others that share one lineage can confirm no copy for a replica that is damaged, for ever (seed 469)',
    file: 'replica/reseed.ts',
    find: 'if (wish === DAMAGED) await vouchForOthers(',
    replace: "if (wish === 'never') await vouchForOthers(",
    test: {
      file: 'replica/peers.test.ts',
      title: 'hear from a damaged replica that what they have is right, before it asks them for a copy',
    },
  },
  {
    name: 'who-was-summoned-gives-up',
    about: 'a hand-over right after a change of the membership costs an election timeout',
    file: 'raft/election.ts',
    find: '  core.summonedTicks = summonedTicks;\n',
    replace: '',
    test: {
      file: 'raft/transfer.test.ts',
      title: 'takes no election timeout when votes tell of a change of the membership that is not applied yet',
    },
  },
  {
    name: 'a-summons-outlives-its-leader',
    about: 'who was asked to take over unseats a later leader, which has not asked for that',
    file: 'raft/step.ts',
    find: 'if (core.leader !== m.from) core.summonedTicks = 0;',
    replace: '',
    test: { file: 'raft/transfer.test.ts', title: 'is forgotten by who was to take over and hears of another leader' },
  },
  {
    name: 'a-refused-write-goes-along',
    about: 'a write that was told to be refused is done all the same, with others of its entry (seed 4316)',
    file: 'replica/proposals.ts',
    find: 'if (sent || late.length === 0) continue;',
    replace: 'if (!sent || late.length === 0) continue;',
    test: {
      file: 'replica/proposals.test.ts',
      title: 'is not done with others of its entry, which nobody had taken yet, when it was told to be refused',
    },
  },
  {
    name: 'a-snapshot-that-waits-is-waited-for',
    about: 'the leader has to wait until nobody confirms a snapshot of one that led before, 5 s for each (seed 3093)',
    file: 'replica/peers.ts',
    find: 'before.stop.abort(new Error(reason));',
    replace: '',
    test: {
      file: 'replica/peers.test.ts',
      title: 'leave a snapshot that is still being confirmed for that of the leader',
    },
  },
  {
    name: 'who-was-removed-is-noted',
    about: 'a member that is removed just when its data directory is to be noted is a member again (seed 50508)',
    file: 'replica/membership.ts',
    find: 'return now !== undefined && now.nonce === undefined;',
    replace: 'return now?.nonce === undefined;',
    test: {
      file: 'replica/membership-rules.test.ts',
      title: 'that is removed while its data directory is to be noted is a member no more',
    },
  },
  {
    name: 'a-former-leader-refuses',
    about: 'who was replaced as leader refuses wishes for the membership by what it knew then (seed 60106)',
    file: 'replica/membership.ts',
    find: 'await this.#options.confirm(CONFIRM_MS);',
    replace: 'await Promise.resolve(CONFIRM_MS);',
    test: {
      file: 'replica/membership-rules.test.ts',
      title: 'does not refuse by the membership of its time, for its answer would be taken as the last word',
    },
  },
  {
    name: 'a-removal-is-told-too-early',
    about:
      'a voter is told to be removed, and loses its disk, while the only other one still needs its vote (seed 97674)',
    file: 'replica/carry-out.ts',
    find: "if (request.op !== 'remove') {",
    replace: 'if (request.op.length > 0) {',
    test: {
      file: 'replica/carry-out.test.ts',
      title: 'a removal is not told as done before somebody leads without who was removed',
    },
  },
];
