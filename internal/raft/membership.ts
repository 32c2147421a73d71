import { changeMembers } from './confchange/apply.js';
import { decodeConfChange, encodeConfChange } from './confchange/codec.js';
import { allMembers, isVoter, type Members, toConfState } from './confchange/members.js';
import type { Core } from './core.js';
import { invariant } from './invariant.js';
import { appendOwn } from './propose.js';
import { confirmReads } from './reads.js';
import { flushAppends, maybeCommit } from './replicate.js';
import { becomeFollower } from './roles.js';
import { sendTimeoutNow } from './timeoutnow.js';
import type { ConfState, Entry, NodeId } from './types.js';

/** A committed membership change takes effect. The driver stores the result with the applied index. */
export function applyConfChange(core: Core, entry: Entry): ConfState {
  invariant(entry.type === 'confChange', 'applyConfChange wants a confChange entry');
  switchMembers(core, changeMembers(core.members, decodeConfChange(entry.data)));
  return toConfState(core.members);
}

function switchMembers(core: Core, members: Members): void {
  core.members = members;
  if (core.role !== 'leader') return;
  if (!isVoter(members, core.id)) {
    stepDown(core);
    return;
  }
  syncProgress(core);
  if (core.transferee !== 0 && !isVoter(members, core.transferee)) core.transferee = 0;
  // The quorum may have become easier to reach, and new members want to be fed.
  maybeCommit(core);
  confirmReads(core);
  if (core.broadcast === 'nothing') core.broadcast = 'entries';
}

/** Removed or made a learner: the others go on under one of theirs (dissertation, 4.2.2), who need not wait to notice. */
function stepDown(core: Core): void {
  syncProgress(core);
  core.broadcast = 'commit';
  flushAppends(core);
  let transferee: NodeId = 0;
  let best = -1;
  for (const [id, peer] of core.progress) {
    if (!isVoter(core.members, id) || !peer.recentActive || peer.match <= best || peer.state === 'snapshot') continue;
    transferee = id;
    best = peer.match;
  }
  if (transferee !== 0) sendTimeoutNow(core, transferee);
  becomeFollower(core, core.term, 0);
}

function syncProgress(core: Core): void {
  const ids = allMembers(core.members);
  for (const id of core.progress.keys()) if (!ids.includes(id)) core.progress.delete(id);
  for (const id of ids) {
    let peer = core.progress.get(id);
    if (peer === undefined) {
      peer = core.newProgress(Math.max(core.log.lastIndex, 1));
      peer.recentActive = true; // It has had no chance to answer yet.
      core.progress.set(id, peer);
    }
    peer.isLearner = core.members.learners.has(id);
  }
}

/** Leader: once the change that entered an implicit joint configuration is applied, propose to leave it. */
export function maybeAutoLeave(core: Core): void {
  if (core.role !== 'leader' || !core.members.autoLeave || core.log.applied < core.pendingConfIndex) return;
  appendOwn(core, 'confChange', [encodeConfChange({ transition: 'auto', steps: [], context: '' })]);
  core.pendingConfIndex = core.log.lastIndex;
}
