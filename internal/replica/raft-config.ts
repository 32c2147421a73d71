import type { RaftConfig } from '../raft/index.js';
import type { amountsOf } from './config.js';
import type { OpenFiles } from './data-files.js';

const MIB = 1024 * 1024;

/** How the Raft core of a replica is set up: times in ticks, bounds in bytes, and where it begins. */
export function raftConfigOf(
  { tickMs, heartbeatMs, electionMs }: Pick<ReturnType<typeof amountsOf>, 'tickMs' | 'heartbeatMs' | 'electionMs'>,
  { identity, log, state }: Pick<OpenFiles, 'identity' | 'log' | 'state'>,
): RaftConfig {
  return {
    id: identity.id,
    heartbeatTicks: Math.max(1, Math.round(heartbeatMs / tickMs)),
    electionTicks: Math.max(2, Math.round(electionMs / tickMs)),
    maxSizePerMessageBytes: MIB,
    maxInflightMessages: 256,
    maxInflightBytes: 32 * MIB,
    maxUncommittedBytes: 128 * MIB,
    maxCommittedBytesPerReady: MIB,
    preVote: true,
    checkQuorum: true,
    // Alone there is nobody who could hold something already.
    holdFirstTerm: !identity.joined && identity.members.length > 1,
    applied: state.meta.appliedIndex,
    confState: state.meta.conf,
    ...(log.hardState === undefined ? {} : { hardState: log.hardState }),
  };
}
