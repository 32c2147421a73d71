import type { PeerIdentity } from './types.js';

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
