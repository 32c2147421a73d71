import { checked } from './confchange/changer.js';
import { allMembers, isVoter, type Members } from './confchange/members.js';
import type { Core } from './core.js';
import { invariant } from './invariant.js';
import type { NodeId } from './types.js';

/** Throws InvariantError when the replica's state contradicts itself. Cheap enough for every step of a simulation. */
export function checkInvariants(core: Core): void {
  const { log } = core;
  const pending = log.pendingSnapshot;
  invariant(log.applied <= log.committed, 'applied beyond committed');
  invariant(log.committed <= log.lastIndex, 'committed beyond the end of the log');
  invariant(pending !== undefined || log.firstIndex - 1 <= log.applied, 'log purged beyond applied');
  invariant(core.term >= log.lastTerm, 'log holds an entry of a future term');
  checkMembers(core.members);
  if (core.role === 'leader') checkLeader(core);
  else invariant(core.progress.size === 0 && core.reads.size === 0, 'only a leader tracks progress and reads');
  if (core.role === 'candidate') invariant(core.vote === core.id, 'a candidate votes for itself');
  if (core.role === 'preCandidate' || core.role === 'candidate')
    invariant(core.leader === 0, 'a candidate has no leader');
}

/** Throws ConfChangeError when the sets contradict each other; says how many members there are. */
function checkMembers(members: Members): { readonly size: number } {
  let known = CHECKED.get(members);
  if (known === undefined) CHECKED.set(members, (known = { size: allMembers(checked(members)).length }));
  return known;
}
/** A membership is a value: one look at each is enough. */
const CHECKED = new WeakMap<Members, { readonly size: number }>();

function isMember(members: Members, id: NodeId): boolean {
  return isVoter(members, id) || members.learners.has(id);
}

function checkLeader(core: Core): void {
  invariant(core.leader === core.id, 'a leader follows itself');
  invariant(isVoter(core.members, core.id), 'a leader is a voter');
  const { size } = checkMembers(core.members);
  invariant(size === core.progress.size, 'progress and membership differ');
  for (const [id, peer] of core.progress) {
    invariant(isMember(core.members, id), () => `progress of ${id}, which is no member`);
    invariant(peer.match < peer.next, () => `member ${id}: match ${peer.match} not below next ${peer.next}`);
    invariant(peer.match <= core.log.lastIndex, () => `member ${id} acknowledged ${peer.match}, beyond our log`);
    invariant(peer.inflights.count <= core.config.maxInflightMessages, () => `member ${id}: pipeline over its bound`);
  }
  const own = core.progress.get(core.id);
  invariant(own !== undefined && own.match <= core.log.persisted, 'own acknowledgement ahead of the disk');
}
