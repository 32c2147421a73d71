import type { ConfState, HardState, NodeId } from './types.js';

/** What a `Raft` is made with. Every bound is per replica unless it says otherwise. */
export interface RaftConfig {
  readonly id: NodeId;
  /** A follower that hears nothing for [electionTicks, 2*electionTicks) ticks campaigns. */
  readonly electionTicks: number;
  /** A leader sends heartbeats at this interval; must be below `electionTicks`. */
  readonly heartbeatTicks: number;
  /** Entries per append message, in bytes; one entry may exceed it. */
  readonly maxSizePerMessageBytes: number;
  /** Unacknowledged append messages per follower; at the bound the leader waits for an acknowledgement. */
  readonly maxInflightMessages: number;
  /** The same, in bytes of entries per follower. */
  readonly maxInflightBytes: number;
  /** Proposed and not yet committed and on its own disk, in bytes, on the leader; at the bound proposals are refused as `overloaded`. */
  readonly maxUncommittedBytes: number;
  /**
   * Entries sent per tick to members that are behind, all of them together, in bytes: see catchup.ts. Default 256 KiB;
   * more while nothing is proposed, and while more is proposed than that.
   */
  readonly catchUpBytesPerTick?: number;
  /** Entries handed out per Ready for applying, in bytes; the rest follow in the next Ready. Default 8 MiB. */
  readonly maxCommittedBytesPerReady?: number;
  /** ReadIndex requests waiting on the leader; at the bound they are refused as `overloaded`. Default 4096. */
  readonly maxPendingReads?: number;
  /** Ask whether an election could be won before raising the term (dissertation, 9.6). */
  readonly preVote: boolean;
  /** A leader that hears of no quorum for `electionTicks` steps down, and followers of a live leader refuse to vote (6.2). */
  readonly checkQuorum: boolean;
  /** A replica with nothing on disk stands for no election until `openFirstTerm` is called. Default false. */
  readonly holdFirstTerm?: boolean;
  /** Index up to which the state machine has applied, from the same durable write as its data. */
  readonly applied: number;
  /** As last persisted; absent on a new replica. */
  readonly hardState?: HardState;
  /** Membership as of `applied`; the storage's `snapshotMeta().confState` when absent. */
  readonly confState?: ConfState;
}

const MIB = 1024 * 1024;

/** Settings that suit a 100 ms tick: heartbeat 100 ms, election 1 to 2 s. Identity and state are the caller's. */
export const DEFAULT_RAFT_SETTINGS = {
  electionTicks: 10,
  heartbeatTicks: 1,
  maxSizePerMessageBytes: MIB,
  maxInflightMessages: 256,
  maxInflightBytes: 32 * MIB,
  maxUncommittedBytes: 64 * MIB,
  catchUpBytesPerTick: MIB / 4,
  maxCommittedBytesPerReady: 8 * MIB,
  maxPendingReads: 4096,
  preVote: true,
  checkQuorum: true,
} as const;

/** Throws a RangeError that says which setting cannot work. */
export function validateConfig(config: RaftConfig): void {
  const positive = (name: string, value: number): void => {
    if (!Number.isSafeInteger(value) || value <= 0)
      throw new RangeError(`raft ${name} must be a positive integer, not ${value}`);
  };
  positive('id', config.id);
  positive('electionTicks', config.electionTicks);
  positive('heartbeatTicks', config.heartbeatTicks);
  positive('maxSizePerMessageBytes', config.maxSizePerMessageBytes);
  positive('maxInflightMessages', config.maxInflightMessages);
  positive('maxInflightBytes', config.maxInflightBytes);
  positive('maxUncommittedBytes', config.maxUncommittedBytes);
  positive('catchUpBytesPerTick', config.catchUpBytesPerTick ?? DEFAULT_RAFT_SETTINGS.catchUpBytesPerTick);
  if (config.electionTicks <= config.heartbeatTicks) {
    throw new RangeError('raft electionTicks must be greater than heartbeatTicks');
  }
  if (!Number.isSafeInteger(config.applied) || config.applied < 0) {
    throw new RangeError(`raft applied must be an index, not ${config.applied}`);
  }
}
