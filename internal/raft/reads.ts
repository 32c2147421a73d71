import { broadcastHeartbeat } from './heartbeat.js';
import type { Core } from './core.js';
import { jointIndex } from './quorum/joint.js';
import type { PendingRead } from './readqueue.js';
import type { Message, NodeId, RefusalReason } from './types.js';

export type ReadResult =
  | { readonly status: 'accepted' }
  | { readonly status: 'dropped'; readonly reason: RefusalReason };

/** Asks for a linearizable read on behalf of this replica. */
export function readIndex(core: Core, context: string): ReadResult {
  if (core.role === 'leader') return leaderRead(core, context, core.id);
  if (core.leader === 0) return { status: 'dropped', reason: 'noLeader' };
  core.forward('readIndex', core.leader, { context });
  return { status: 'accepted' };
}

/** A member forwarded a read to us. */
export function onReadIndex(core: Core, m: Message): void {
  const result: ReadResult =
    core.role === 'leader' ? leaderRead(core, m.context, m.from) : { status: 'dropped', reason: 'noLeader' };
  if (result.status === 'dropped') refuseRead(core, m.context, m.from, result.reason);
}

/** The leader answered a read that we forwarded. */
export function onReadIndexResponse(core: Core, m: Message): void {
  // No term check: the index was confirmed after the request was made, and the context names that request only.
  if (!m.reject) core.readStates.push({ index: m.index, context: m.context });
  else core.refusals.push({ kind: 'read', context: m.context, reason: m.rejectHint === 1 ? 'overloaded' : 'noLeader' });
}

function leaderRead(core: Core, context: string, from: NodeId): ReadResult {
  if (core.reads.full) return { status: 'dropped', reason: 'overloaded' };
  // Until an entry of our own term is committed we cannot know all that earlier leaders committed (dissertation, 6.4).
  if (!core.termOpened) core.reads.addEarly(context, from);
  else if (core.isSoleVoter) answer(core, { context, from, index: core.log.committed, round: 0 });
  else core.reads.add(context, from, core.log.committed);
  return { status: 'accepted' };
}

/** The first entry of our term is committed: reads that waited for that go on. */
export function releaseEarlyReads(core: Core): void {
  for (const { context, from } of core.reads.takeEarly()) {
    if (core.isSoleVoter) answer(core, { context, from, index: core.log.committed, round: 0 });
    else core.reads.add(context, from, core.log.committed);
  }
}

/** Before a Ready: one heartbeat round for all reads that came in since the last one. */
export function startReadRound(core: Core): void {
  if (core.role !== 'leader' || !core.reads.needsRound) return;
  core.reads.round += 1;
  const own = core.progress.get(core.id);
  if (own !== undefined) own.ackedRound = core.reads.round;
  broadcastHeartbeat(core);
  confirmReads(core); // A sole voter needs no answer.
}

/** A member answered the heartbeat of a round: reads of rounds that a quorum has answered may be served. */
export function confirmReads(core: Core): void {
  if (core.reads.size === 0) return;
  const round = jointIndex(core.members, (id) => core.progress.get(id)?.ackedRound ?? 0);
  for (const read of core.reads.takeConfirmed(round)) answer(core, read);
}

/** We lead no more: whoever waits hears so, and asks again. */
export function dropReads(core: Core): void {
  for (const { context, from } of core.reads.clear()) refuseRead(core, context, from, 'noLeader');
}

function answer(core: Core, read: PendingRead): void {
  if (read.from === core.id) core.readStates.push({ index: read.index, context: read.context });
  else core.forward('readIndexResp', read.from, { index: read.index, context: read.context });
}

function refuseRead(core: Core, context: string, from: NodeId, reason: RefusalReason): void {
  if (from === core.id) core.refusals.push({ kind: 'read', context, reason });
  else core.forward('readIndexResp', from, { context, reject: true, rejectHint: reason === 'overloaded' ? 1 : 0 });
}
