import { FatalError } from '../machinery/assert.js';
import type { NodeId } from '../raft/index.js';
import { messageOf } from '../store/lmdb.js';
import type { StateStore } from '../store/state.js';
import { fetchState } from '../transport/fetch.js';
import type { TransportTls } from '../transport/types.js';
import { callMember } from './calls.js';
import type { LogLevel } from './config.js';
import type { Confirmation } from './confirm.js';
import { receiveConfirmed } from './confirmed-copy.js';
import type { Member } from './identity.js';
import type { LogStore } from './log.js';
import { type ReceivedState, SnapshotReceiver } from './snapshot-receiver.js';
import { newLineage } from './verdict.js';
import { decodeVerifyReply, encodeVerify, type VerifyReply, type VerifyRequest } from './verify.js';
import { vouchForOthers } from './vouch.js';

/** Fact in the log: the state differs from the others' and is to be replaced at the next start. Empty: it was. */
export const RESEED = 'reseed';
/** What the fact says of a state that does not differ, but has damaged records: better than none. */
export const DAMAGED = 'damaged';
/** Fact in the log that names the directory of the current state. */
export const STATE_DIRECTORY = 'stateDirectory';
const PATIENCE_MS = 60_000;
/** For a state that can be used as it is: those who have such a one may be needed for a leader to be there. */
const DAMAGED_PATIENCE_MS = 10_000;
const RETRY_MS = 500;
/** For one member's answer about its state. */
const ASK_MS = 2_000;

export interface ReseedOptions {
  readonly dataDir: string;
  readonly identity: Member;
  readonly tls: TransportTls | undefined;
  readonly log: LogStore;
  readonly state: StateStore;
  readonly say: (level: LogLevel, text: string) => void;
  /** Aborted: gives up before the next try. */
  readonly stopping?: AbortSignal | undefined;
}

/**
 * If this replica's state was found to differ: replaces it by a copy of the leader's, before anything else. The log and
 * the vote stay, for the others rely on them. When no leader gives a copy, goes on with records that are damaged, and
 * throws FatalError for a state that differs.
 */
export async function reseedIfWanted(options: ReseedOptions): Promise<void> {
  const { log, state, say, identity, tls, dataDir } = options;
  const wish = log.getFact(RESEED)?.toString() ?? '';
  if (wish === '') return;
  const receiver = new SnapshotReceiver({ dataDir, say });
  const until = performance.now() + (wish === DAMAGED ? DAMAGED_PATIENCE_MS : PATIENCE_MS);
  const ask = (voter: NodeId, request: VerifyRequest): Promise<VerifyReply> => askVoter(options, voter, request);
  while (performance.now() < until) {
    // Of a state that differs it cannot be said as of when.
    if (wish === DAMAGED) await vouchForOthers({ self: identity.id, state, ask, say });
    for (const [id, { address }] of state.meta.members) {
      if (id === identity.id) continue;
      if (options.stopping?.aborted === true)
        throw new FatalError('no copy of the state was taken yet; the next start will take one.');
      try {
        const { received, confirmation } = await confirmed(
          receiver,
          options,
          wish,
          fetchState(address, tls, identity, id),
        );
        if (received.meta.index < log.firstIndex() - 1) throw new Error('its state is older than our log');
        await adopt(log, received);
        state.replace(received.state.path);
        // What a majority has computed each by itself is right, whoever holds it (verdict.ts). Were the copy still a part of
        // its source's lineage, the next one to be damaged could not be outvoted (seed 2899 of the simulator). Of a copy whose
        // rows are not all counted it is not known whether it has all of them.
        const isProven = confirmation === 'majority' && received.claim.hash.rows !== undefined;
        if (isProven) state.setLineage(newLineage(identity.id));
        say('info', `replaced the state by a copy of member ${id}'s, at log index ${received.meta.index}`);
        return;
      } catch (error) {
        say('info', `no copy of the state from member ${id} yet: ${messageOf(error)}`);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  if (wish === DAMAGED) {
    say(
      'error',
      'the state of this replica has damaged records, and no leader gives a copy of its own: going on with it. If this ' +
        'comes back while a majority of the other members is up, remove this member from the cluster, and join it again ' +
        'with an empty data directory.',
    );
    return;
  }
  throw new FatalError(
    'the state of this replica differs from that of the others, and no leader gives a copy of its own. Make sure that a ' +
      'majority of the other members is up, and start this one again.',
  );
}

async function askVoter(
  { identity, state, tls }: ReseedOptions,
  voter: NodeId,
  request: VerifyRequest,
): Promise<VerifyReply> {
  const address = state.meta.members.get(voter)?.address;
  if (address === undefined) throw new Error('its address is not known');
  return decodeVerifyReply(
    await callMember(address, tls, encodeVerify(request), ASK_MS, { self: identity, to: voter }),
  );
}

/**
 * Receives a copy that a majority of voters, each by its own computation, has as well; discards any other. Where this
 * replica's state is proven wrong, one that all others have will do: once one of two others has taken a copy from the other,
 * there is no such majority without this replica (seed 31178 of the simulator).
 */
async function confirmed(
  receiver: SnapshotReceiver,
  options: ReseedOptions,
  wish: string,
  chunks: AsyncIterable<Buffer>,
): Promise<{ readonly received: ReceivedState; readonly confirmation: Confirmation }> {
  const { identity, say } = options;
  const ask = (voter: NodeId, revision: number): Promise<VerifyReply> =>
    askVoter(options, voter, { op: 'hash', revision });
  const { received, confirmation } = await receiveConfirmed(chunks, {
    receiver,
    self: identity.id,
    ask,
    count: 'lineages',
    say,
  });
  const isEnough = confirmation === 'majority' || (confirmation === 'all others' && wish !== DAMAGED);
  if (isEnough) return { received, confirmation };
  await received.state.discard();
  throw new Error('too few members confirm that its state is right');
}

/**
 * Makes a copy the state of this replica, in one step with the log that belongs to it. Term and vote stay: whom it has voted
 * for is no part of the state (paper, figure 2). Rejects as `LogStore.reset` does.
 */
export async function adopt(
  log: LogStore,
  { meta, directory }: Pick<ReceivedState, 'meta' | 'directory'>,
): Promise<void> {
  const facts = { [STATE_DIRECTORY]: Buffer.from(directory), [RESEED]: Buffer.alloc(0) };
  if (log.term(meta.index) === meta.term) {
    await log.putFacts(facts);
    return;
  }
  // Our log ends before the copy, or holds something there that was never committed.
  const { term, vote } = log.hardState ?? { term: 0, vote: 0 };
  // The copy may be of a later term than any that we have heard of: then we have no vote in it yet.
  const kept = meta.term > term ? { term: meta.term, vote: 0 } : { term, vote };
  await log.reset(meta, { ...kept, commit: meta.index }, facts);
}
