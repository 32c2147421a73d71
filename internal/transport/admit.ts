import type { PeerIdentity } from './types.js';

/** What a member of a cluster is told whose place another has taken: it must never decide anything again. */
export const TAKEN_OVER =
  'the cluster of this member was recovered or restored without it, and its place was taken by a new one. Remove its data directory, and join it to the new cluster.';

/** Why what `peer` says to member `to` is not for us; undefined when it is. `to` is undefined when it does not say. */
export function misdirected(self: PeerIdentity, peer: PeerIdentity, to: number | undefined): string | undefined {
  if (peer.cluster !== self.cluster) {
    return `member ${peer.id} belongs to another cluster; check --initial-cluster and --data-dir on both sides`;
  }
  if (to !== undefined && to !== self.id) {
    return `this is member ${self.id}, not ${to}; check the addresses in --initial-cluster`;
  }
  return undefined;
}
