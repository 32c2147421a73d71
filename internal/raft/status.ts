import { toConfState } from './confchange/members.js';
import type { Core } from './core.js';
import type { ProgressState } from './progress/progress.js';
import type { ConfState, NodeId, Role } from './types.js';

export interface PeerStatus {
  readonly id: NodeId;
  readonly match: number;
  readonly next: number;
  readonly state: ProgressState;
  readonly isLearner: boolean;
  /** Heard of since the last quorum check (up to `electionTicks` ago). */
  readonly recentActive: boolean;
  readonly inflightMessages: number;
  readonly inflightBytes: number;
  /** Index of the snapshot on its way to it, 0 for none: do not compact the log above it. */
  readonly pendingSnapshot: number;
}

export interface RaftStatus {
  readonly id: NodeId;
  readonly term: number;
  readonly vote: NodeId;
  readonly role: Role;
  /** 0 when not known. */
  readonly leader: NodeId;
  readonly commit: number;
  readonly applied: number;
  readonly lastIndex: number;
  readonly persisted: number;
  readonly confState: ConfState;
  /** Leader: the member that leadership is being handed to, 0 for none. */
  readonly transferee: NodeId;
  /** Leader: an entry of its own term is committed, so that it can serve reads and membership changes. */
  readonly termOpened: boolean;
  /** Leader: bytes proposed and not yet committed. */
  readonly uncommittedBytes: number;
  /** Leader: every member, itself included; otherwise empty. */
  readonly peers: readonly PeerStatus[];
}

/** A copy of what the replica knows now. */
export function status(core: Core): RaftStatus {
  const peers: PeerStatus[] = [];
  for (const [id, p] of core.progress) {
    peers.push({
      id,
      match: p.match,
      next: p.next,
      state: p.state,
      isLearner: p.isLearner,
      recentActive: p.recentActive,
      inflightMessages: p.inflights.count,
      inflightBytes: p.inflights.bytes,
      pendingSnapshot: p.pendingSnapshot,
    });
  }
  return {
    id: core.id,
    term: core.term,
    vote: core.vote,
    role: core.role,
    leader: core.leader,
    commit: core.log.committed,
    applied: core.log.applied,
    lastIndex: core.log.lastIndex,
    persisted: core.log.persisted,
    confState: toConfState(core.members),
    transferee: core.transferee,
    termOpened: core.termOpened,
    uncommittedBytes: core.uncommitted.bytes,
    peers,
  };
}
