import type { NodeId } from '../raft/index.js';
import type { Driver } from './driver.js';
import { DISPUTED } from './verify.js';

/** What is to be known of a replica to move leadership away from it, or to it. */
export interface LeadershipView {
  readonly id: NodeId;
  readonly driver: Driver;
  /** Nobody knows whose state is right: leadership stays where it is. */
  readonly disputed: boolean;
  /** Is there a connection to this member? */
  readonly reachable: (id: NodeId) => boolean;
  readonly nameOf: (id: NodeId) => string;
}

/** A leader asks the connected voter that has most of its log to take over; its name, or undefined when there is none. */
export function handOver({ id, driver, disputed, reachable, nameOf }: LeadershipView): string | undefined {
  const { role, peers, confState } = driver.status();
  if (role !== 'leader' || disputed) return undefined;
  const transferees = peers.filter(
    (peer) => peer.id !== id && confState.voters.includes(peer.id) && peer.state !== 'snapshot' && reachable(peer.id),
  );
  const [transferee] = transferees.sort((a, b) => b.match - a.match);
  if (transferee === undefined) return undefined;
  driver.report((raft) => raft.transferLeader(transferee.id));
  return nameOf(transferee.id);
}

/** Asks the leader, whoever it is, to hand over to a member. Throws Error with why that cannot be. */
export function transferLeader(
  { driver, disputed }: LeadershipView,
  member: { readonly id: NodeId; readonly name: string },
): void {
  if (disputed && driver.leads) throw new Error(DISPUTED);
  const result = driver.raft.transferLeader(member.id);
  if (result === 'noLeader') throw new Error('no leader is known; try again');
  if (result === 'notVoter') throw new Error(`${member.name} is a learner: it has no vote, and cannot lead`);
  driver.wake();
}
