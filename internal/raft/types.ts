/** A member's unique id: positive, below 2^53, never used again after the member is removed or has lost its disk. */
export type NodeId = number;

/** One record of the log. `index` and `term` are positive integers below 2^53. */
export interface Entry {
  readonly term: number;
  readonly index: number;
  readonly type: 'normal' | 'confChange';
  /** Opaque to the core. Empty for the entry with which a leader opens its term. */
  readonly data: Uint8Array;
}

/** What must be on disk before anything that depends on it is said (Raft paper, figure 2, "Persistent state"). */
export interface HardState {
  readonly term: number;
  /** 0 when no vote was given in `term`. */
  readonly vote: NodeId;
  readonly commit: number;
}

/** The membership, simple or joint (Raft dissertation, section 4.3). */
export interface ConfState {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly votersOutgoing: readonly NodeId[];
  readonly learnersNext: readonly NodeId[];
  readonly autoLeave: boolean;
}

export interface SnapshotMeta {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
}

export type MessageType =
  | 'preVote'
  | 'preVoteResp'
  | 'vote'
  | 'voteResp'
  | 'append'
  | 'appendResp'
  | 'heartbeat'
  | 'heartbeatResp'
  | 'snapshot'
  | 'snapshotStatus'
  | 'readIndex'
  | 'readIndexResp'
  | 'propose'
  | 'proposeResp'
  | 'timeoutNow'
  | 'transferLeader'
  | 'unreachable';

/**
 * What members say to each other. Fields that a type does not use are 0, false, empty or absent.
 *
 * The forwarding family (`propose`, `proposeResp`, `readIndex`, `readIndexResp`, `transferLeader`) is sent with term 0:
 * it neither moves a term nor is dropped for an old one.
 */
export interface Message {
  readonly type: MessageType;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: number;
  /** Index and term of the entry just before `entries` (append), of the last entry (votes), or acknowledged (responses). */
  readonly index: number;
  readonly logTerm: number;
  /** The sender's commit index, as far as the receiver may take it over (append, heartbeat, votes and their answers). */
  readonly commit: number;
  readonly entries: readonly Entry[];
  readonly reject: boolean;
  /** appendResp: where the logs may agree; votes and their answers: term of the entry at `commit`; refusals: the reason. */
  readonly rejectHint: number;
  /**
   * Request id (readIndex, propose and their answers; opaque and unique), heartbeat round, campaign kind (votes),
   * or the id of the member to hand leadership to (transferLeader).
   */
  readonly context: string;
  readonly snapshot?: SnapshotMeta;
}

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader';

/** A linearizable read may be served once `index` is applied locally (Raft dissertation, section 6.4). */
export interface ReadState {
  readonly index: number;
  readonly context: string;
}

/** A request that certainly did not and will not take effect; the driver may retry it under a new context. */
export interface Refusal {
  readonly kind: 'proposal' | 'read';
  readonly context: string;
  readonly reason: RefusalReason;
}

/**
 * Why a request was not taken: no leader is known here (or the leader asked is none any more); a leadership transfer is
 * under way; the bound on uncommitted or pending work is reached (answer 429); an earlier membership change is not yet
 * applied; or the membership change is not legal.
 */
export type RefusalReason = 'noLeader' | 'transferring' | 'overloaded' | 'confChangePending' | 'confChangeInvalid';

/**
 * The work that the core wants done, in this order:
 * 1. send `messages` (may leave at once; they promise nothing about our disk);
 * 2. persist `snapshot`, `entries`, `hardState` in one durable write (entries overwrite any stored ones from their first index on);
 * 3. only then send `messagesAfterAppend` (votes, append acknowledgements: they promise what step 2 wrote);
 * 4. apply `committedEntries`;
 * 5. call `advance()`.
 */
export interface Ready {
  readonly role: Role;
  readonly leader: NodeId;
  readonly hardState?: HardState;
  readonly entries: readonly Entry[];
  readonly snapshot?: SnapshotMeta;
  readonly committedEntries: readonly Entry[];
  readonly readStates: readonly ReadState[];
  readonly messages: readonly Message[];
  readonly messagesAfterAppend: readonly Message[];
  /** Requests made here, forwarded to the leader, and refused by it. */
  readonly refusals: readonly Refusal[];
  /** False when step 2 writes nothing but a moved commit index: that write need not be flushed before step 3. */
  readonly mustSync: boolean;
}

/** The log as the driver has persisted it; read synchronously by the core. */
export interface LogStorage {
  /** First index that can still be read; entries below were compacted away. */
  firstIndex(): number;
  lastIndex(): number;
  /** Term of the entry, of the snapshot's index for `firstIndex()-1`, or undefined when compacted or not there. */
  term(index: number): number | undefined;
  /** Entries in [lo, hi), cut after `bytesMax` (as `entryBytes` counts) but never to none. */
  entries(lo: number, hi: number, bytesMax: number): readonly Entry[];
  /**
   * What a snapshot taken now would hold: the newest applied state, at or above `firstIndex()-1`. The driver may send a
   * later one than the core asked for, never an earlier one.
   */
  snapshotMeta(): SnapshotMeta;
}

/** One step of a membership change. `update` changes nothing here: it carries `context` to every replica. */
export interface ConfChangeStep {
  readonly type: 'addVoter' | 'addLearner' | 'remove' | 'update';
  readonly id: NodeId;
}

/** A membership change (dissertation, section 4.3). No steps means: leave the joint configuration. */
export interface ConfChange {
  /** auto: joint only when more than one step; implicit: joint, left by itself; explicit: joint until told to leave. */
  readonly transition: 'auto' | 'implicit' | 'explicit';
  readonly steps: readonly ConfChangeStep[];
  /** Opaque to the core; for example the new member's address. */
  readonly context: string;
}
