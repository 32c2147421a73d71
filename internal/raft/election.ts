import { allVoters, toConfState } from './confchange/members.js';
import type { Core } from './core.js';
import { CAMPAIGN_TRANSFER } from './message.js';
import { jointVote } from './quorum/joint.js';
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate } from './roles.js';
import type { Message, NodeId } from './types.js';

const SCAN_BYTES = 1024 * 1024;
/** After the leader's death, what each voter has to win an election before the next one stands. */
const HURRIED_TURN_TICKS = 4;

/** Starts an election if this replica may stand in one. */
export function campaign(core: Core, kind: 'usual' | 'transfer'): void {
  if (core.role === 'leader' || !core.promotable) return;
  // With a committed membership change not yet applied we would count votes by a membership already replaced.
  if (hasUnappliedConfChange(core)) return;
  if (kind === 'usual' && core.config.preVote) askPreVotes(core);
  else askVotes(core, kind);
}

function askPreVotes(core: Core): void {
  becomePreCandidate(core);
  if (core.hurried) askAgainSoon(core);
  core.votes.set(core.id, true);
  sendPreVotes(core, allVoters(core.members));
  askLearners(core);
  tally(core);
}

/**
 * What a learner answers does not count, but says what it knows to be committed: of two voters one may have been removed,
 * and gone, before the other heard so, which then waits for a vote of the one that is gone (seed 20722 of the simulator).
 */
function askLearners(core: Core): void {
  sendPreVotes(core, toConfState(core.members).learners);
}

function sendPreVotes(core: Core, ids: readonly NodeId[]): void {
  const { lastIndex, lastTerm } = core.log;
  for (const id of ids) {
    if (id === core.id) continue;
    // The term asked for is the one that a real campaign would open.
    core.sendAfterAppend('preVote', id, { index: lastIndex, logTerm: lastTerm, ...ownCommit(core) }, core.term + 1);
  }
}

function askVotes(core: Core, kind: 'usual' | 'transfer'): void {
  becomeCandidate(core);
  const context = kind === 'transfer' ? CAMPAIGN_TRANSFER : '';
  for (const id of allVoters(core.members)) {
    if (id === core.id) continue;
    const { lastIndex, lastTerm } = core.log;
    // After append: a candidate that forgot its term in a crash could win the same term twice with different entries.
    core.sendAfterAppend('vote', id, { index: lastIndex, logTerm: lastTerm, context, ...ownCommit(core) });
  }
  if (!core.config.preVote) askLearners(core);
}

/** The own vote is on disk (called from `advance`). */
export function countOwnVote(core: Core): void {
  core.votes.set(core.id, true);
  tally(core);
}

export function onVoteResponse(core: Core, m: Message): void {
  const isOurs = m.type === 'voteResp' ? core.role === 'candidate' : core.role === 'preCandidate';
  if (!isOurs) return;
  // A grant of a pre-vote names the term we asked about; one for an earlier question says nothing.
  if (m.type === 'preVoteResp' && !m.reject && m.term !== core.term + 1) return;
  if (!core.votes.has(m.from)) core.votes.set(m.from, !m.reject);
  tally(core);
}

function tally(core: Core): void {
  const result = jointVote(core.members, core.votes);
  if (result === 'lost') becomeFollower(core, core.term, 0);
  else if (result === 'won' && core.role === 'preCandidate') askVotes(core, 'usual');
  else if (result === 'won') becomeLeader(core);
}

/** What we know to be committed, as votes and their answers tell it. */
export function ownCommit(core: Core): { readonly commit: number; readonly rejectHint: number } {
  const { committed } = core.log;
  return { commit: committed, rejectHint: core.log.term(committed) ?? 0 };
}

/**
 * Votes and their answers say what their sender knows to be committed, whatever its term: where our log holds the same
 * entry it is committed here too. Without this a membership change can end all elections: the voters that remain may not
 * know that it is committed, and those who know (and have longer logs, so that they refuse to vote) are voters no more.
 */
export function learnCommit(core: Core, m: Message): void {
  if (core.role === 'leader' || m.commit <= core.log.committed || !core.log.matches(m.commit, m.rejectHint)) return;
  core.log.commitTo(m.commit);
  if (core.role === 'follower' || !hasUnappliedConfChange(core)) return;
  // A campaign under a membership that we now know to be replaced is over. Who was asked to take over stands again when
  // that is applied: a leader that hands over right after a change has gone already, and would be missed for a timeout.
  const { summonedTicks } = core;
  becomeFollower(core, core.term, 0);
  core.summonedTicks = summonedTicks;
}

/**
 * Does a live leader's lease forbid this (pre-)vote (dissertation, 6.2 and 4.2.3)? It protects a working leader from
 * removed members and from members cut off from it alone.
 */
export function leaseForbids(core: Core, m: Message): boolean {
  return (
    core.config.checkQuorum &&
    m.context !== CAMPAIGN_TRANSFER &&
    core.leader !== 0 &&
    core.electionElapsed < core.config.electionTicks
  );
}

/** RequestVote and its preliminary (Raft paper, figure 2; dissertation, 9.6). */
export function onVoteRequest(core: Core, m: Message): void {
  const answer = m.type === 'vote' ? 'voteResp' : 'preVoteResp';
  const free =
    core.vote === m.from || (core.vote === 0 && core.leader === 0) || (m.type === 'preVote' && m.term > core.term);
  if (free && core.log.isUpToDate(m.index, m.logTerm)) {
    // The answer names the term asked about: for a pre-vote that is not ours.
    core.sendAfterAppend(answer, m.from, ownCommit(core), m.term);
    if (m.type === 'vote') {
      core.electionElapsed = 0;
      core.vote = m.from;
    }
  } else {
    core.sendAfterAppend(answer, m.from, { reject: true, ...ownCommit(core) });
    // It cannot win, and we may: it is our turn.
    if (core.hurried && free) campaignWithin(core, 1);
  }
}

/**
 * The driver has evidence that the leader's process is dead (connection refused): forget it, so that others may be
 * voted for, and campaign within a few ticks, when it is our turn. If the evidence was wrong, PreVote keeps the leader in office.
 */
export function hurry(core: Core): void {
  if (core.role !== 'follower' || core.leader === 0) return;
  // One after the other, by id: two who stand at once split the votes, and then both wait for an election timeout.
  const successors = allVoters(core.members).filter((id) => id !== core.leader);
  const turn = successors.indexOf(core.id);
  core.leader = 0;
  core.hurried = true;
  campaignWithin(core, 1 + Math.max(turn, 0) * HURRIED_TURN_TICKS);
}

/** Who has not noticed yet that the leader is dead does not even answer a pre-vote (`leaseForbids`). */
function askAgainSoon(core: Core): void {
  campaignWithin(core, HURRIED_TURN_TICKS + Math.floor(core.random() * HURRIED_TURN_TICKS));
}

function campaignWithin(core: Core, ticks: number): void {
  core.electionElapsed = Math.max(core.electionElapsed, core.electionTimeout - ticks);
}

function hasUnappliedConfChange(core: Core): boolean {
  const { log } = core;
  let next = log.applied + 1;
  while (next <= log.committed) {
    const page = log.slice(next, log.committed + 1, SCAN_BYTES);
    if (page.some((e) => e.type === 'confChange')) return true;
    next += page.length;
  }
  return false;
}

/** A leader that asked us to take over (dissertation, 3.10). */
export function onTimeoutNow(core: Core): void {
  // Who is about to install a snapshot cannot lead, and its log says nothing of what is applied.
  if (core.role !== 'follower' || !core.promotable) return;
  if (!hasUnappliedConfChange(core)) campaign(core, 'transfer');
  // Waiting, or a candidate: kept until the campaign is won, or another leader or term is heard of.
  core.summonedTicks = core.config.electionTicks;
}

/** Entries were applied: a campaign that waited for that begins. */
export function campaignIfSummoned(core: Core): void {
  if (core.summonedTicks === 0 || core.role !== 'follower') return;
  const left = core.summonedTicks;
  core.summonedTicks = 0;
  onTimeoutNow(core);
  // Waiting on does not begin anew.
  core.summonedTicks = Math.min(core.summonedTicks, left);
}
