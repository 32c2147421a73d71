import type { NodeId } from '../types.js';

export type VoteResult = 'won' | 'lost' | 'pending';

/** Up to this many voters are sorted in place without allocating. */
const SMALL = 9;
const scratch = new Float64Array(SMALL);

/**
 * The highest index that a majority of `voters` has acknowledged; 0 counts for a voter that said nothing. An empty set
 * commits everything (Infinity), so that it is neutral in a joint configuration.
 */
export function majorityIndex(voters: ReadonlySet<NodeId>, acked: (id: NodeId) => number): number {
  const n = voters.size;
  if (n === 0) return Number.POSITIVE_INFINITY;
  const sorted = n <= SMALL ? scratch : new Float64Array(n);
  let filled = 0;
  for (const id of voters) {
    const value = acked(id);
    let at = filled;
    while (at > 0 && (sorted[at - 1] ?? 0) > value) {
      sorted[at] = sorted[at - 1] ?? 0;
      at -= 1;
    }
    sorted[at] = value;
    filled += 1;
  }
  // Ascending: everything from here upwards is a majority (n - ceil((n-1)/2) ... = floor(n/2) + 1 values).
  return sorted[n - (Math.floor(n / 2) + 1)] ?? 0;
}

/** What the votes given so far decide. An empty set has always won. */
export function majorityVote(voters: ReadonlySet<NodeId>, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  if (voters.size === 0) return 'won';
  const needed = Math.floor(voters.size / 2) + 1;
  let yes = 0;
  let no = 0;
  for (const id of voters) {
    const vote = votes.get(id);
    if (vote === true) yes += 1;
    else if (vote === false) no += 1;
  }
  if (yes >= needed) return 'won';
  return voters.size - no >= needed ? 'pending' : 'lost';
}
