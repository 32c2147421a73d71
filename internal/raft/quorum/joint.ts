import type { NodeId } from '../types.js';
import { majorityIndex, majorityVote, type VoteResult } from './majority.js';

/** Two sets of voters that must both agree; `outgoing` is empty outside a membership change (dissertation, 4.3). */
export interface JointVoters {
  readonly incoming: ReadonlySet<NodeId>;
  readonly outgoing: ReadonlySet<NodeId>;
}

/** The highest index acknowledged by a majority of each set. */
export function jointIndex(voters: JointVoters, acked: (id: NodeId) => number): number {
  const incoming = majorityIndex(voters.incoming, acked);
  if (voters.outgoing.size === 0) return incoming;
  return Math.min(incoming, majorityIndex(voters.outgoing, acked));
}

/** Won when both sets are won, lost when either is lost. */
export function jointVote(voters: JointVoters, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  const incoming = majorityVote(voters.incoming, votes);
  const outgoing = majorityVote(voters.outgoing, votes);
  if (incoming === 'lost' || outgoing === 'lost') return 'lost';
  return incoming === 'won' && outgoing === 'won' ? 'won' : 'pending';
}
