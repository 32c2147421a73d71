import type { NodeId, RaftStatus } from '../raft/index.js';
import { hashText } from '../store/meta.js';
import type { StateStore } from '../store/state.js';
import type { ScrubProgress } from '../store/scrub.js';
import type { ReplicaStatus } from './types.js';

export interface StatusParts {
  readonly id: NodeId;
  readonly name: string;
  readonly raft: RaftStatus;
  readonly state: StateStore;
  readonly logFirst: number;
  readonly diskLow: boolean;
  readonly damagedRecords: number;
  readonly scrub: ScrubProgress;
  readonly failure: string;
  readonly differences: number;
  readonly disputed: boolean;
  readonly copied: boolean;
  readonly leaderChanges: number;
  readonly handOvers: number;
  readonly proposalsInFlight: number;
  readonly connected: (id: NodeId) => boolean;
}

/** What a replica says of itself. */
export function statusOf(parts: StatusParts): ReplicaStatus {
  const { id, name, raft, state, logFirst, diskLow, damagedRecords, scrub, failure, differences, disputed, copied } =
    parts;
  const { leaderChanges, handOvers, proposalsInFlight, connected } = parts;
  const { members, conf } = state.meta;
  return {
    id,
    name,
    term: raft.term,
    role: raft.role,
    leader: raft.leader,
    leaderName: members.get(raft.leader)?.name ?? '',
    commit: raft.commit,
    applied: state.visible.appliedIndex,
    revision: state.visible.revision,
    compactRevision: state.visible.compactRevision,
    stateHash: hashText(state.meta),
    durable: state.durableIndex,
    logFirst,
    logLast: raft.lastIndex,
    diskLow,
    damagedRecords,
    scrub,
    failure,
    differences,
    disputed,
    copied,
    leaderChanges,
    handOvers,
    proposalsInFlight,
    members: [...members].map(([memberId, info]) => ({
      id: memberId,
      name: info.name,
      address: info.address,
      learner: conf.learners.includes(memberId),
      connected: connected(memberId),
    })),
  };
}
