import { FatalError } from '../machinery/assert.js';
import { LOG_VERSION } from '../store/command.js';
import { messageOf } from '../store/lmdb.js';
import { callMember } from './calls.js';
import type { ReplicaConfig } from './config.js';
import { foundingOrigin, type Origin } from './identity.js';
import { decodeOrigin, encodeRequest, MembershipError } from './membership.js';

const PATIENCE_MS = 60_000;
const RETRY_MS = 500;
/** For one member's answer; then the next is asked, for this one may be cut off. Asking again is harmless. */
const ANSWER_MS = 5_000;

/** What an empty data directory is made for: a new cluster, or a place in a running one. Throws FatalError. */
export async function findOrigin(config: ReplicaConfig, nonce: string, say: (text: string) => void): Promise<Origin> {
  const { name, peerListen, initialCluster = [], join = [] } = config;
  if (join.length === 0) {
    const self = { name, address: config.peerAddress ?? peerListen ?? '' };
    return foundingOrigin(name, initialCluster.length > 0 ? initialCluster : [self], config.initialClusterToken);
  }
  const address = config.peerAddress ?? peerListen ?? '';
  const logVersion = config.unsafeLogVersion ?? LOG_VERSION;
  const request = encodeRequest({ op: 'join', cluster: 0, name, address, nonce, logVersion });
  const until = performance.now() + PATIENCE_MS;
  let failure = '';
  while (performance.now() < until) {
    for (const member of join) {
      try {
        return decodeOrigin(await callMember(member, config.tls, request, ANSWER_MS));
      } catch (error) {
        failure = messageOf(error);
        if (error instanceof MembershipError) throw new FatalError(`cannot join the cluster: ${failure}`);
        say(`cannot join through ${member} yet: ${failure}`);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  throw new FatalError(
    `cannot join the cluster: ${failure}. Check that a majority of its members is up, and the addresses in --join.`,
  );
}
