import { CATCH_UP_MESSAGE_BYTES, CATCH_UP_WINDOW_BYTES } from './catchup.js';
import type { Core } from './core.js';
import { entriesBytes } from './entry.js';
import { NEED_SNAPSHOT } from './message.js';
import { jointIndex } from './quorum/joint.js';
import type { Progress } from './progress/progress.js';
import { releaseEarlyReads } from './reads.js';
import type { Entry, Message, NodeId } from './types.js';
import { sendTimeoutNow } from './timeoutnow.js';

/**
 * Before messages leave: sends every member what it has not been sent. Many proposals or acknowledgements that came in
 * before make one append per member.
 */
export function flushAppends(core: Core): void {
  const wanted = core.broadcast;
  if (wanted === 'nothing') return;
  core.broadcast = 'nothing';
  for (const [id, peer] of core.progress) if (id !== core.id) sendAppend(core, id, peer, wanted === 'commit');
}

/**
 * Sends one append message to a member unless its flow is stopped. With `evenIfEmpty` false, only when there are
 * entries. Falls back to a snapshot when what the member needs is compacted. True when something was sent.
 */
export function sendAppend(core: Core, to: NodeId, peer: Progress, evenIfEmpty: boolean): boolean {
  if (peer.isPaused) return false;
  const { log, config } = core;
  const prevIndex = peer.next - 1;
  const prevTerm = log.term(prevIndex);
  if (prevTerm === undefined || peer.next < log.firstIndex) return sendSnapshot(core, to, peer);
  const behind = isBehind(core, to, peer);
  if (behind && !core.catchUp.allows) return false;
  let entries: readonly Entry[] = [];
  // With a full pipeline an empty append still goes out, so that a lost one is noticed.
  const full = peer.inflights.full || (behind && peer.inflights.bytes >= CATCH_UP_WINDOW_BYTES);
  if (peer.state !== 'replicate' || !full) {
    const most = config.maxSizePerMessageBytes;
    entries = log.slice(peer.next, log.lastIndex + 1, behind ? Math.min(most, CATCH_UP_MESSAGE_BYTES) : most);
  }
  if (entries.length === 0 && !evenIfEmpty) return false;
  core.send('append', to, { index: prevIndex, logTerm: prevTerm, entries, commit: log.committed });
  const bytes = entriesBytes(entries);
  peer.sent(entries.length, bytes);
  if (behind) {
    core.catchUp.spend(bytes);
    if (peer.inflights.bytes >= CATCH_UP_WINDOW_BYTES) peer.paused = true;
  }
  return true;
}

/** Was what the member is sent next committed without it? One that leadership goes to is waited for, and never behind. */
function isBehind(core: Core, id: NodeId, peer: Progress): boolean {
  return peer.state === 'replicate' && peer.next <= core.log.committed && id !== core.transferee;
}

/** Leader, at each tick: there is a new budget for those behind. */
export function feedThoseBehind(core: Core): void {
  for (const [id, peer] of core.progress) {
    if (id !== core.id && isBehind(core, id, peer)) while (sendAppend(core, id, peer, false));
  }
}

function sendSnapshot(core: Core, to: NodeId, peer: Progress): boolean {
  // A member that is gone would only cost us the snapshot.
  if (!peer.recentActive) return false;
  const snapshot = core.log.snapshotMeta();
  peer.becomeSnapshot(snapshot.index);
  core.send('snapshot', to, { snapshot });
  return true;
}

/**
 * Commits what a quorum has persisted, entries of this term only (Raft paper, 5.4.2: an older entry is committed by a
 * newer one above it, never by counting). True when the commit index moved.
 */
export function maybeCommit(core: Core): boolean {
  const { log } = core;
  const index = jointIndex(core.members, (id) => core.progress.get(id)?.match ?? 0);
  if (index <= log.committed || log.term(index) !== core.term) return false;
  log.commitTo(index);
  freeUncommitted(core);
  core.broadcast = 'commit';
  if (!core.termOpened) {
    core.termOpened = true;
    releaseEarlyReads(core);
  }
  return true;
}

/** Leader: our own log is on disk up to here. */
export function acknowledgeOwn(core: Core): void {
  const own = core.progress.get(core.id);
  if (own?.acknowledge(core.log.persisted) === true) maybeCommit(core);
  freeUncommitted(core);
}

/** What others have committed while our own disk stands still is held in memory, too, and counts until it is written. */
function freeUncommitted(core: Core): void {
  core.uncommitted.freeUpTo(Math.min(core.log.committed, core.log.persisted));
}

/** Leader: a member answered an append (or a snapshot). */
export function onAppendResponse(core: Core, m: Message): void {
  const peer = core.progress.get(m.from);
  if (peer === undefined) return; // Removed meanwhile.
  peer.recentActive = true;
  if (m.reject) onRejected(core, m, peer);
  else onAccepted(core, m, peer);
}

function onRejected(core: Core, m: Message, peer: Progress): void {
  if (m.context === NEED_SNAPSHOT) {
    if (peer.state !== 'snapshot' && core.log.snapshotMeta().index > 0) sendSnapshot(core, m.from, peer);
    return;
  }
  // The hint is where the follower's log can agree with ours at the latest; skip our own later terms as well.
  const hint =
    m.logTerm > 0 ? core.log.agreementHint(Math.min(m.rejectHint, core.log.lastIndex), m.logTerm).index : m.rejectHint;
  if (!peer.rejected(m.index, hint)) return;
  if (peer.state === 'replicate') peer.becomeProbe();
  sendAppend(core, m.from, peer, true);
}

function onAccepted(core: Core, m: Message, peer: Progress): void {
  const wasPaused = peer.isPaused;
  const isNews = peer.acknowledge(m.index);
  if (!isNews && !(peer.state === 'probe' && peer.match === m.index)) return;
  if (peer.state === 'probe') peer.becomeReplicate();
  else if (peer.state === 'replicate') peer.inflights.freeUpTo(m.index);
  else if (peer.match + 1 >= core.log.firstIndex) {
    // Caught up enough to go on from the log, whether or not the snapshot's own report has come.
    peer.becomeProbe();
    peer.becomeReplicate();
  }
  if (!maybeCommit(core) && wasPaused) sendAppend(core, m.from, peer, true);
  // The acknowledgement may have made room for several messages.
  if (peer.state === 'replicate') while (sendAppend(core, m.from, peer, false));
  if (m.from === core.transferee && peer.match === core.log.lastIndex) sendTimeoutNow(core, m.from);
}

/** The transport cannot reach a member: pipelining into the void would only have to be taken back. */
export function onUnreachable(core: Core, id: NodeId): void {
  const peer = core.progress.get(id);
  if (core.role === 'leader' && peer?.state === 'replicate') peer.becomeProbe();
}

/** The driver's word on a snapshot that it streamed. Either way wait for a sign of life before the next append. */
export function onSnapshotReport(core: Core, id: NodeId, ok: boolean): void {
  const peer = core.progress.get(id);
  if (core.role !== 'leader' || peer?.state !== 'snapshot') return;
  if (!ok) peer.pendingSnapshot = 0;
  peer.becomeProbe();
  peer.paused = true;
}
