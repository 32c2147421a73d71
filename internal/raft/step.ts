import type { Core } from './core.js';
import { leaseForbids, learnCommit, onTimeoutNow, onVoteRequest, onVoteResponse, ownCommit } from './election.js';
import { onAppend, onHeartbeat, onSnapshot } from './follow.js';
import { invariant } from './invariant.js';
import { onHeartbeatResponse } from './lead.js';
import { onPropose, onProposeResponse } from './propose.js';
import { onReadIndex, onReadIndexResponse } from './reads.js';
import { onAppendResponse, onSnapshotReport, onUnreachable } from './replicate.js';
import { becomeFollower } from './roles.js';
import { onTransferLeader } from './transfer.js';
import type { Message, MessageType } from './types.js';

/** Takes in one message: settle whose term it is, then let its family's file deal with it. */
export function step(core: Core, m: Message): void {
  if (isVoting(m)) learnCommit(core, m);
  if (m.term === 0) dispatch[m.type](core, m);
  else if (m.term > core.term) stepNewer(core, m);
  else if (m.term < core.term) stepOlder(core, m);
  else dispatch[m.type](core, m);
}

/** A newer term ends ours (Raft paper, 5.1), except where the message only asks or answers what would be. */
function stepNewer(core: Core, m: Message): void {
  const isRequest = m.type === 'vote' || m.type === 'preVote';
  if (isRequest && leaseForbids(core, m)) return;
  const hypothetical = m.type === 'preVote' || (m.type === 'preVoteResp' && !m.reject);
  if (!hypothetical) {
    const { electionElapsed } = core;
    becomeFollower(core, m.term, isFromLeader(m) ? m.from : 0);
    // Only a leader, or a vote given, buys time (paper, 5.2 and figure 2). Otherwise a member that cannot win but has a
    // fast clock keeps those from campaigning who could.
    if (m.type === 'vote') core.electionElapsed = electionElapsed;
  }
  dispatch[m.type](core, m);
}

/** A member of an older term: tell it ours where it would otherwise be stuck. */
function stepOlder(core: Core, m: Message): void {
  if (isFromLeader(m) && (core.config.checkQuorum || core.config.preVote)) {
    // Our term is newer because we campaigned while cut off; its followers' lease keeps us from winning. Let it step down.
    core.sendAfterAppend('appendResp', m.from);
  } else if (m.type === 'preVote') {
    core.sendAfterAppend('preVoteResp', m.from, { reject: true, ...ownCommit(core) });
  }
}

function isVoting(m: Message): boolean {
  return m.type === 'vote' || m.type === 'preVote' || m.type === 'voteResp' || m.type === 'preVoteResp';
}

function isFromLeader(m: Message): boolean {
  return m.type === 'append' || m.type === 'heartbeat' || m.type === 'snapshot';
}

/** What only a follower of the sender may handle: anyone else in this term follows it first. */
function followed(handle: (core: Core, m: Message) => void): (core: Core, m: Message) => void {
  return (core, m) => {
    invariant(core.role !== 'leader', () => `two leaders in term ${core.term}: ${core.id} and ${m.from}`);
    if (core.role === 'follower') {
      core.electionElapsed = 0;
      // Another than the one that asked to be replaced, or the first of this term: it does not want to go.
      if (core.leader !== m.from) core.summonedTicks = 0;
      core.leader = m.from;
      core.hurried = false;
    } else {
      becomeFollower(core, m.term, m.from);
    }
    handle(core, m);
  };
}

function asLeader(handle: (core: Core, m: Message) => void): (core: Core, m: Message) => void {
  return (core, m) => {
    if (core.role === 'leader') handle(core, m);
  };
}

const dispatch: Readonly<Record<MessageType, (core: Core, m: Message) => void>> = {
  preVote: onVoteRequest,
  vote: onVoteRequest,
  preVoteResp: onVoteResponse,
  voteResp: onVoteResponse,
  append: followed(onAppend),
  heartbeat: followed(onHeartbeat),
  snapshot: followed(onSnapshot),
  appendResp: asLeader(onAppendResponse),
  heartbeatResp: asLeader(onHeartbeatResponse),
  timeoutNow: onTimeoutNow,
  propose: onPropose,
  proposeResp: onProposeResponse,
  readIndex: onReadIndex,
  readIndexResp: onReadIndexResponse,
  transferLeader: onTransferLeader,
  unreachable: (core, m) => onUnreachable(core, m.from),
  snapshotStatus: (core, m) => onSnapshotReport(core, m.from, !m.reject),
};
