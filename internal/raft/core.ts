import { CatchUp } from './catchup.js';
import { DEFAULT_RAFT_SETTINGS, type RaftConfig } from './config.js';
import { fromConfState, isVoter, type Members } from './confchange/members.js';
import { message } from './message.js';
import { RaftLog } from './log.js';
import { Progress } from './progress/progress.js';
import { ReadQueue } from './readqueue.js';
import type { HardState, LogStorage, Message, MessageType, NodeId, ReadState, Refusal, Role } from './types.js';
import { UncommittedBytes } from './uncommitted.js';

const NOTHING_PERSISTED: HardState = { term: 0, vote: 0, commit: 0 };

/**
 * The state of one replica, shared by the files that each hold one role or message family. They are functions over it;
 * it decides nothing itself.
 */
export class Core {
  readonly id: NodeId;
  readonly config: RaftConfig;
  readonly random: () => number;
  readonly log: RaftLog;

  // Persistent state (Raft paper, figure 2); `log` is the rest of it.
  term: number;
  vote: NodeId;

  role: Role = 'follower';
  leader: NodeId = 0;
  members: Members;

  /** Ticks since the leader was last heard of; on a leader, since the last quorum check. */
  electionElapsed = 0;
  heartbeatElapsed = 0;
  /** Ticks since leadership began to be handed to `transferee`. */
  transferElapsed = 0;
  /** Drawn anew from [electionTicks, 2*electionTicks) whenever the role or term changes. */
  electionTimeout = 0;

  /**
   * Ticks for which this replica, asked by the leader to take over, stands for election as soon as a committed membership
   * change is applied; 0 when it was not asked. The leader gives the transfer up after an election timeout.
   */
  summonedTicks = 0;

  /** The first term of all must not be opened yet: it is not known whether another has been, elsewhere. */
  firstTermHeld: boolean;

  /** The leader is known to be dead, and no other is known yet: pre-votes are asked for again soon. */
  hurried = false;

  /** Candidates: votes received so far. */
  readonly votes = new Map<NodeId, boolean>();

  // Leader only.
  readonly progress = new Map<NodeId, Progress>();
  readonly uncommitted: UncommittedBytes;
  readonly catchUp: CatchUp;
  readonly reads: ReadQueue;
  /** An entry of our own term is committed: all that earlier leaders committed is known (dissertation, 6.4). */
  termOpened = false;
  /** What the next flush tells the members: new entries where there are any, or the commit index even where there are none. */
  broadcast: 'nothing' | 'entries' | 'commit' = 'nothing';
  /** The member that leadership is being handed to; 0 for none. */
  transferee: NodeId = 0;
  /** No membership change may be proposed until this index is applied. */
  pendingConfIndex = 0;

  // What the next Ready carries.
  messages: Message[] = [];
  messagesAfterAppend: Message[] = [];
  readStates: ReadState[] = [];
  refusals: Refusal[] = [];

  constructor(config: RaftConfig, storage: LogStorage, random: () => number) {
    const hardState = config.hardState ?? NOTHING_PERSISTED;
    this.id = config.id;
    this.config = config;
    this.random = random;
    this.term = hardState.term;
    this.vote = hardState.vote;
    // A new or just restored replica knows at least what its snapshot covers to be committed.
    const committed = Math.max(hardState.commit, config.applied, storage.firstIndex() - 1);
    this.log = new RaftLog(storage, config.applied, committed);
    this.members = fromConfState(config.confState ?? storage.snapshotMeta().confState);
    this.uncommitted = new UncommittedBytes(config.maxUncommittedBytes);
    this.firstTermHeld = config.holdFirstTerm === true;
    this.catchUp = new CatchUp(config.catchUpBytesPerTick ?? DEFAULT_RAFT_SETTINGS.catchUpBytesPerTick);
    this.reads = new ReadQueue(config.maxPendingReads ?? 4096);
  }

  get hardState(): HardState {
    return { term: this.term, vote: this.vote, commit: this.log.committed };
  }

  /** Sends a message that promises nothing about our disk. */
  send(type: MessageType, to: NodeId, fields: Parameters<typeof message>[4] = {}): void {
    this.messages.push(message(type, this.id, to, this.term, fields));
  }

  /** Sends a message of the forwarding family, which belongs to no term. */
  forward(type: MessageType, to: NodeId, fields: Parameters<typeof message>[4] = {}): void {
    this.messages.push(message(type, this.id, to, 0, fields));
  }

  /** Sends a message that may leave only when our present term, vote and log are on disk. */
  sendAfterAppend(
    type: MessageType,
    to: NodeId,
    fields: Parameters<typeof message>[4] = {},
    term: number = this.term,
  ): void {
    this.messagesAfterAppend.push(message(type, this.id, to, term, fields));
  }

  newProgress(next: number): Progress {
    return new Progress(next, this.config);
  }

  drawElectionTimeout(): void {
    this.electionTimeout = this.config.electionTicks + Math.floor(this.random() * this.config.electionTicks);
  }

  /** May this replica campaign at all? Learners, strangers and replicas about to install a snapshot may not. */
  get promotable(): boolean {
    if (this.firstTermHeld && this.term === 0 && this.log.lastIndex === 0) return false;
    return isVoter(this.members, this.id) && this.log.pendingSnapshot === undefined;
  }

  /** Is this replica the only one whose vote counts? */
  get isSoleVoter(): boolean {
    const { incoming, outgoing } = this.members;
    return incoming.size === 1 && incoming.has(this.id) && (outgoing.size === 0 || isOnly(outgoing, this.id));
  }
}

function isOnly(set: ReadonlySet<NodeId>, id: NodeId): boolean {
  return set.size === 1 && set.has(id);
}
