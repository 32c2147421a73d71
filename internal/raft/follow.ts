import { allMembers, fromConfState } from './confchange/members.js';
import type { Core } from './core.js';
import { LostLogError } from './invariant.js';
import { NEED_SNAPSHOT } from './message.js';
import type { Message } from './types.js';

/** AppendEntries (Raft paper, figure 2). */
export function onAppend(core: Core, m: Message): void {
  const { log } = core;
  if (core.members.incoming.size === 0) {
    // We have just joined. The log alone does not say who was a member before its first entry: only a snapshot does.
    core.sendAfterAppend('appendResp', m.from, { reject: true, index: m.index, context: NEED_SNAPSHOT });
    return;
  }
  // Nothing is added behind a snapshot before it is installed; the leader will ask again.
  if (log.pendingSnapshot !== undefined) return;
  if (m.index < log.committed) {
    // All of it may be compacted here; what is committed agrees in any case.
    core.sendAfterAppend('appendResp', m.from, { index: log.committed });
    return;
  }
  const lastNew = log.tryAppend(m.index, m.logTerm, m.entries, m.commit);
  if (lastNew !== undefined) {
    core.sendAfterAppend('appendResp', m.from, { index: lastNew });
    return;
  }
  const hint = log.agreementHint(Math.min(m.index, log.lastIndex), m.logTerm);
  core.sendAfterAppend('appendResp', m.from, {
    reject: true,
    index: m.index,
    rejectHint: hint.index,
    logTerm: hint.term,
  });
}

/** The answer needs no disk: it only says that we heard this leader in this term. */
export function onHeartbeat(core: Core, m: Message): void {
  if (m.commit > core.log.lastIndex) throw new LostLogError(core.id, m.commit, core.log.lastIndex);
  core.log.commitTo(m.commit);
  core.send('heartbeatResp', m.from, { context: m.context });
}

/** A snapshot whose data the driver holds ready (Raft paper, figure 13). Ready.snapshot says whether it is wanted. */
export function onSnapshot(core: Core, m: Message): void {
  if (m.snapshot !== undefined) restore(core, m.snapshot);
  // Also of one that waits to be installed: then the log ends with it.
  core.sendAfterAppend('appendResp', m.from, { index: core.log.committed });
}

function restore(core: Core, snapshot: NonNullable<Message['snapshot']>): void {
  const { log } = core;
  if (snapshot.index <= log.committed) return;
  if (log.matches(snapshot.index, snapshot.term)) {
    log.commitTo(snapshot.index); // We have all of it already.
    return;
  }
  const members = fromConfState(snapshot.confState);
  // A snapshot in which we do not occur was meant for someone else.
  if (!allMembers(members).includes(core.id)) return;
  log.restore(snapshot);
  core.members = members;
}
