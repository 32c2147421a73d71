import type { NodeId, Role } from '../raft/index.js';
import type { ScrubProgress } from '../store/scrub.js';
import type { Backend } from '../store/types.js';
import type { ArchiveStatus } from './archive/archiver.js';
import type { Backup } from './backup.js';
import type { PeerTls } from './config.js';

export interface ReplicaMember {
  readonly id: NodeId;
  readonly name: string;
  readonly address: string;
  readonly learner: boolean;
  /** Is there a connection to it? True for the replica itself. */
  readonly connected: boolean;
}

export interface ReplicaStatus {
  readonly id: NodeId;
  readonly name: string;
  readonly term: number;
  readonly role: Role;
  /** 0 and '' when no leader is known. */
  readonly leader: NodeId;
  readonly leaderName: string;
  readonly commit: number;
  readonly applied: number;
  readonly revision: number;
  readonly compactRevision: number;
  /**
   * Hash of all changes up to the newest applied revision, and of the rows that are there; equal on all replicas at equal
   * revision. The rows' part is left out until all are counted, in a state that an earlier release wrote.
   */
  readonly stateHash: string;
  /** Log index up to which the state is flushed to disk. */
  readonly durable: number;
  /** First and last index of the log. */
  readonly logFirst: number;
  readonly logLast: number;
  /** The disk has too little space left: only deletes are taken here. */
  readonly diskLow: boolean;
  /** Damaged records that were come across since the start of the process. */
  readonly damagedRecords: number;
  /** How the reading of the whole state, which goes on in the background, gets on. */
  readonly scrub: ScrubProgress;
  /** How often this replica, leading, has found that the states of the replicas differ: those that do stop serving. */
  readonly differences: number;
  /** The states of the replicas differ, and it is not known which is right: nothing is copied, leadership stays. */
  readonly disputed: boolean;
  /** The state was replaced by a copy of another member's when the replica was opened. */
  readonly copied: boolean;
  /** Why this replica should not be asked while others can be, and what to do about it; '' when there is no reason. */
  readonly failure: string;
  /** Leaders seen since the start of the process. */
  readonly leaderChanges: number;
  /** How often this process has handed leadership over because its disk was full or slow. */
  readonly handOvers: number;
  /** Writes of this replica's clients that are not settled. */
  readonly proposalsInFlight: number;
  readonly members: readonly ReplicaMember[];
}

/** A running replica. */
export interface Replica {
  readonly backend: Backend;
  /** Does it lead? To be asked as often as one likes, which `status` is not made for. */
  readonly leads: boolean;
  status(): ReplicaStatus;
  /** Resolves when this replica has a leader and has caught up with it; rejects when it is closed before. */
  ready(): Promise<void>;
  /** Adds a member as a learner, which votes once it has caught up. Rejects with MembershipError, UnavailableError. */
  addMember(name: string, address: string): Promise<void>;
  /** Makes a learner that has caught up a voter now. */
  promoteMember(name: string): Promise<void>;
  /** Removes a member for good; refused when no majority of the rest is reachable. */
  removeMember(name: string): Promise<void>;
  /** Asks the leader to hand over to the named voter. Throws when there is none of that name or no leader. */
  transferLeader(name: string): void;
  /**
   * A leader asks the connected voter that has most of its log to take over; its name, or undefined when there is none,
   * or this replica does not lead.
   */
  handOver(): string | undefined;
  /**
   * Connections to other members are made and taken with these files from now on; those that stand stay. Throws FatalError
   * when the files do not fit: then nothing has changed.
   */
  replaceTls(tls: PeerTls): void;
  /**
   * The whole state as a snapshot file, with all that was acknowledged until now. Rejects with UnavailableError without a
   * quorum, with FatalError while it is not known whose state is right.
   */
  backup(): Promise<Backup>;
  /** How the archive gets on; undefined where none is kept. */
  archive(): ArchiveStatus | undefined;
  /** Forgets history below a revision, on every replica; resolves when it is decided and done here. */
  compact(revision: number): Promise<void>;
  close(): Promise<void>;
}
