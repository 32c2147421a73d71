import type { Core } from './core.js';
import { isVoter } from './confchange/members.js';
import { sendTimeoutNow } from './timeoutnow.js';
import { sendAppend } from './replicate.js';
import type { Message, NodeId } from './types.js';

export type TransferResult = 'started' | 'forwarded' | 'noLeader' | 'notVoter' | 'alreadyLeader';

/**
 * Hands leadership to a voter (dissertation, 3.10): bring it up to date, then tell it to campaign at once. Proposals
 * are refused meanwhile; after an election timeout without success they are taken again.
 */
export function transferLeader(core: Core, to: NodeId): TransferResult {
  if (core.role !== 'leader') {
    if (core.leader === 0) return 'noLeader';
    core.forward('transferLeader', core.leader, { context: String(to) });
    return 'forwarded';
  }
  if (to === core.id) return 'alreadyLeader';
  const peer = core.progress.get(to);
  if (peer === undefined || !isVoter(core.members, to)) return 'notVoter';
  if (core.transferee === to) return 'started';
  core.transferee = to;
  // Not the time since the last quorum check: a leader that nobody hears must not stay one by being asked to go.
  core.transferElapsed = 0;
  if (peer.match === core.log.lastIndex) sendTimeoutNow(core, to);
  else sendAppend(core, to, peer, true);
  return 'started';
}

/** A member passed on the wish for a transfer. */
export function onTransferLeader(core: Core, m: Message): void {
  if (core.role === 'leader') transferLeader(core, Number(m.context));
}
