import { allMembers } from './confchange/members.js';
import type { Core } from './core.js';
import { invariant } from './invariant.js';
import { appendOwn } from './propose.js';
import { dropReads } from './reads.js';
import type { NodeId } from './types.js';

const EMPTY = new Uint8Array(0);

/** Follows `leader` (0: not known yet) in `term`. */
export function becomeFollower(core: Core, term: number, leader: NodeId): void {
  reset(core, term);
  core.role = 'follower';
  core.leader = leader;
}

/** Asks around before raising the term: neither term nor vote change (dissertation, 9.6). */
export function becomePreCandidate(core: Core): void {
  invariant(core.role !== 'leader', 'a leader cannot become a candidate');
  const { hurried } = core;
  reset(core, core.term);
  core.hurried = hurried;
  core.role = 'preCandidate';
}

/** Opens a new term and votes for itself; the own vote counts once it is on disk (see `Raft.advance`). */
export function becomeCandidate(core: Core): void {
  invariant(core.role !== 'leader', 'a leader cannot become a candidate');
  reset(core, core.term + 1);
  core.role = 'candidate';
  core.vote = core.id;
}

/** Won the election: opens the term with an empty entry (Raft paper, section 8). */
export function becomeLeader(core: Core): void {
  invariant(core.role === 'candidate', `a ${core.role} cannot become leader`);
  reset(core, core.term);
  core.role = 'leader';
  core.leader = core.id;
  core.termOpened = false;
  for (const id of allMembers(core.members)) {
    const peer = core.newProgress(core.log.lastIndex + 1);
    peer.isLearner = core.members.learners.has(id);
    core.progress.set(id, peer);
  }
  const own = core.progress.get(core.id);
  invariant(own !== undefined, 'a replica that is no member won an election');
  own.match = core.log.persisted;
  own.recentActive = true;
  own.becomeReplicate();
  own.next = core.log.lastIndex + 1;
  // There may be a membership change among the entries not yet applied: none may be proposed before it is.
  core.pendingConfIndex = core.log.lastIndex;
  appendOwn(core, 'normal', [EMPTY]);
}

function reset(core: Core, term: number): void {
  invariant(term >= core.term, () => `term would go back from ${core.term} to ${term}`);
  if (term !== core.term) {
    core.term = term;
    core.vote = 0;
  }
  core.leader = 0;
  core.electionElapsed = 0;
  core.heartbeatElapsed = 0;
  core.transferElapsed = 0;
  core.drawElectionTimeout();
  core.summonedTicks = 0;
  core.hurried = false;
  core.votes.clear();
  core.progress.clear();
  core.uncommitted.reset();
  core.catchUp.reset();
  core.transferee = 0;
  core.pendingConfIndex = 0;
  core.termOpened = false;
  core.broadcast = 'nothing';
  dropReads(core);
}
