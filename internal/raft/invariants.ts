import { checked } from './confchange/changer.js';
import { allMembers, isVoter } from './confchange/members.js';
import type { Core } from './core.js';
import { invariant } from './invariant.js';

/** Throws InvariantError when the replica's state contradicts itself. Cheap enough for every step of a simulation. */
export function checkInvariants(core: Core): void {
  const { log } = core;
  const pending = log.pendingSnapshot;
  invariant(log.applied <= log.committed, 'applied beyond committed');
  invariant(log.committed <= log.lastIndex, 'committed beyond the end of the log');
  invariant(pending !== undefined || log.firstIndex - 1 <= log.applied, 'log purged beyond applied');
  invariant(core.term >= log.lastTerm, 'log holds an entry of a future term');
  checked(core.members);
  if (core.role === 'leader') checkLeader(core);
  else invariant(core.progress.size === 0 && core.reads.size === 0, 'only a leader tracks progress and reads');
  if (core.role === 'candidate') invariant(core.vote === core.id, 'a candidate votes for itself');
  if (core.role === 'preCandidate' || core.role === 'candidate')
    invariant(core.leader === 0, 'a candidate has no leader');
}

function checkLeader(core: Core): void {
  invariant(core.leader === core.id, 'a leader follows itself');
  invariant(isVoter(core.members, core.id), 'a leader is a voter');
  const ids = allMembers(core.members);
  invariant(ids.length === core.progress.size, 'progress and membership differ');
  for (const id of ids) {
    const peer = core.progress.get(id);
    invariant(peer !== undefined, () => `no progress for member ${id}`);
    invariant(peer.match < peer.next, () => `member ${id}: match ${peer.match} not below next ${peer.next}`);
    invariant(peer.match <= core.log.lastIndex, () => `member ${id} acknowledged ${peer.match}, beyond our log`);
    invariant(peer.inflights.count <= core.config.maxInflightMessages, () => `member ${id}: pipeline over its bound`);
  }
  const own = core.progress.get(core.id);
  invariant(own !== undefined && own.match <= core.log.persisted, 'own acknowledgement ahead of the disk');
}
