import { toConfState } from './confchange/members.js';
import { type RaftConfig, validateConfig } from './config.js';
import { Core } from './core.js';
import { campaign, campaignIfSummoned, countOwnVote, hurry } from './election.js';
import { checkInvariants } from './invariants.js';
import { invariant } from './invariant.js';
import { tickLeader } from './lead.js';
import { applyConfChange, maybeAutoLeave } from './membership.js';
import { propose, proposeConfChange, type ProposeResult } from './propose.js';
import { type ReadResult, readIndex, startReadRound } from './reads.js';
import { acknowledgeOwn, flushAppends, onSnapshotReport, onUnreachable } from './replicate.js';
import { becomeFollower } from './roles.js';
import { type RaftStatus, status } from './status.js';
import { step } from './step.js';
import { type TransferResult, transferLeader } from './transfer.js';
import type { ConfChange, ConfState, Entry, HardState, LogStorage, Message, NodeId, Ready, Role } from './types.js';

/** What a Ready on its way to disk will have done once `advance` is called. */
interface InFlight {
  readonly persistedIndex: number;
  readonly persistedTerm: number;
  readonly snapshotIndex: number;
  readonly appliedIndex: number;
  /** The term in which our own vote for ourselves becomes durable; 0 for none. */
  readonly ownVoteTerm: number;
}

const MIB = 1024 * 1024;

/**
 * One replica of the consensus, as a pure state machine: no disk, network, clock or random source of its own. The driver
 * feeds it `tick`, `step` and proposals, and carries out what `ready` says, in the order that `Ready` documents.
 *
 * Everything may be called between `ready()` and `advance()` (while the disk is busy); what comes of it waits for the
 * next Ready, except messages that need no disk, which `takeMessages()` hands out at once.
 */
export class Raft {
  readonly #core: Core;
  #inFlight: InFlight | undefined;
  /** The hard state in the last Ready. */
  #hardState: HardState;
  /** Snapshots that arrived while a Ready was in flight: it may be applying entries that they cover. */
  #deferred: Message[] = [];

  /**
   * @param storage what is persisted, read synchronously
   * @param random uniform in [0, 1); the only source of chance
   * @throws RangeError for settings that cannot work
   */
  constructor(config: RaftConfig, storage: LogStorage, random: () => number) {
    validateConfig(config);
    this.#core = new Core(config, storage, random);
    becomeFollower(this.#core, this.#core.term, 0);
    this.#hardState = config.hardState ?? { term: 0, vote: 0, commit: 0 };
  }

  /** One tick of the clock. */
  tick(): void {
    const core = this.#core;
    if (core.role === 'leader') {
      tickLeader(core);
      return;
    }
    if (core.summonedTicks > 0) core.summonedTicks -= 1;
    // Campaigning again while our vote for ourselves waits for a slow disk would only raise the term.
    if (core.role === 'candidate' && !core.votes.has(core.id)) return;
    core.electionElapsed += 1;
    // Alone there is nobody to wait for.
    const due = core.electionElapsed >= core.electionTimeout || (core.role === 'follower' && core.isSoleVoter);
    if (!due || !core.promotable) return;
    core.electionElapsed = 0;
    campaign(core, 'usual');
  }

  /**
   * Takes in a message from another member. One that is meant for another id is ignored: an address may change hands.
   * Throws LostLogError when it shows that our disk lost data.
   */
  step(m: Message): void {
    if (m.to !== this.#core.id || m.from === this.#core.id) return;
    if (m.type === 'snapshot' && this.#inFlight !== undefined) this.#deferred.push(m);
    else step(this.#core, m);
  }

  /** All founders are there, and hold nothing: the first term may begin (RaftConfig.holdFirstTerm). */
  openFirstTerm(): void {
    const core = this.#core;
    if (!core.firstTermHeld) return;
    core.firstTermHeld = false;
    // All founders come to know that at about the same time, and must not all stand at once.
    core.electionElapsed = 0;
  }

  /** Stands for election now, as if the election timeout had passed. */
  campaign(): void {
    campaign(this.#core, 'usual');
  }

  /**
   * Proposes one entry per element; all or none are taken. `context` names the request in `Ready.refusals` when the
   * leader refuses what a follower forwarded.
   */
  propose(data: readonly Uint8Array[], context = ''): ProposeResult {
    return propose(this.#core, data, context);
  }

  /** Proposes a membership change; one at a time. */
  proposeConfChange(change: ConfChange, context = ''): ProposeResult {
    return proposeConfChange(this.#core, change, context);
  }

  /** Called for each committed `confChange` entry when it is applied; the result is stored with the applied index. */
  applyConfChange(entry: Entry): ConfState {
    return applyConfChange(this.#core, entry);
  }

  /**
   * Asks for a linearizable read: a ReadState or a refusal with this context follows in a Ready, or nothing if messages
   * are lost. `context` must be unique over all replicas and restarts; retry under a new one.
   */
  readIndex(context: string): ReadResult {
    return readIndex(this.#core, context);
  }

  /** Hands leadership to a voter; on a follower the wish is passed on to the leader. */
  transferLeader(id: NodeId): TransferResult {
    return transferLeader(this.#core, id);
  }

  /** The transport lost its connection to a member: what was in flight to it may be lost. */
  reportUnreachable(id: NodeId): void {
    onUnreachable(this.#core, id);
  }

  /** A snapshot that a `snapshot` message told the driver to stream has arrived (ok) or failed. */
  reportSnapshot(id: NodeId, ok: boolean): void {
    onSnapshotReport(this.#core, id, ok);
  }

  /** The leader's process is known to be dead: forget its lease and campaign when it is our turn. Safe if wrong. */
  hurry(): void {
    hurry(this.#core);
  }

  /** Is there work for the driver? False while a Ready is in flight. */
  hasReady(): boolean {
    if (this.#inFlight !== undefined) return false;
    const core = this.#core;
    return (
      core.messages.length > 0 ||
      core.messagesAfterAppend.length > 0 ||
      core.log.unpersisted.length > 0 ||
      core.log.pendingSnapshot !== undefined ||
      core.log.hasToApply() ||
      core.readStates.length > 0 ||
      core.refusals.length > 0 ||
      core.broadcast !== 'nothing' ||
      core.reads.needsRound ||
      this.#hardStateMoved()
    );
  }

  /** The work that is due. Must be followed by `advance()` before the next call. */
  ready(): Ready {
    invariant(this.#inFlight === undefined, 'ready() called again before advance()');
    const core = this.#core;
    const messages = this.takeMessages();
    const { log } = core;
    const entries = log.unpersisted.slice();
    const snapshot = log.pendingSnapshot;
    const committedEntries = log.toApply(core.config.maxCommittedBytesPerReady ?? 8 * MIB);
    const { term, vote } = core;
    const moved = this.#hardStateMoved();
    const votesChanged = term !== this.#hardState.term || vote !== this.#hardState.vote;
    const hardState = core.hardState;
    const last = entries.at(-1);
    this.#inFlight = {
      persistedIndex: last?.index ?? 0,
      persistedTerm: last?.term ?? 0,
      snapshotIndex: snapshot?.index ?? 0,
      appliedIndex: committedEntries.at(-1)?.index ?? 0,
      ownVoteTerm: core.role === 'candidate' && !core.votes.has(core.id) ? term : 0,
    };
    if (moved) this.#hardState = hardState;
    const { messagesAfterAppend, readStates, refusals } = core;
    core.messagesAfterAppend = [];
    core.readStates = [];
    core.refusals = [];
    return {
      role: core.role,
      leader: core.leader,
      ...(moved ? { hardState } : {}),
      entries,
      ...(snapshot === undefined ? {} : { snapshot }),
      committedEntries,
      readStates,
      messages,
      messagesAfterAppend,
      refusals,
      mustSync: entries.length > 0 || snapshot !== undefined || votesChanged,
    };
  }

  /**
   * The messages that may leave at once. Callable at any time, so that heartbeats and appends do not wait for a disk
   * that is busy with the last Ready.
   */
  takeMessages(): readonly Message[] {
    const core = this.#core;
    startReadRound(core);
    flushAppends(core);
    const messages = core.messages;
    if (messages.length > 0) core.messages = [];
    return messages;
  }

  /** The last Ready is persisted, sent and applied. */
  advance(): void {
    const done = this.#inFlight;
    invariant(done !== undefined, 'advance() without ready()');
    this.#inFlight = undefined;
    const core = this.#core;
    const { log } = core;
    if (done.snapshotIndex > 0) log.snapshotPersisted(done.snapshotIndex);
    if (done.persistedIndex > 0) log.persistedTo(done.persistedIndex, done.persistedTerm);
    if (done.appliedIndex > log.applied) log.appliedTo(done.appliedIndex);
    if (core.role === 'leader') acknowledgeOwn(core);
    else if (core.role === 'candidate' && core.term === done.ownVoteTerm) countOwnVote(core);
    maybeAutoLeave(core);
    campaignIfSummoned(core);
    const deferred = this.#deferred;
    if (deferred.length > 0) {
      this.#deferred = [];
      for (const m of deferred) this.step(m);
    }
  }

  status(): RaftStatus {
    return status(this.#core);
  }

  // What is looked at after every step of a simulation, without a copy of the rest.
  get term(): number {
    return this.#core.term;
  }
  get commit(): number {
    return this.#core.log.committed;
  }
  get id(): NodeId {
    return this.#core.id;
  }
  get confState(): ConfState {
    return toConfState(this.#core.members);
  }
  get leader(): NodeId {
    return this.#core.leader;
  }
  get vote(): NodeId {
    return this.#core.vote;
  }
  get role(): Role {
    return this.#core.role;
  }

  /** Term of the log's entry at `index`, persisted or not; undefined when it is compacted or not there. */
  termAt(index: number): number | undefined {
    return this.#core.log.term(index);
  }

  /** Throws InvariantError when the state contradicts itself; for tests and simulations. */
  checkInvariants(): void {
    checkInvariants(this.#core);
  }

  #hardStateMoved(): boolean {
    const { term, vote, log } = this.#core;
    const said = this.#hardState;
    return term !== said.term || vote !== said.vote || log.committed !== said.commit;
  }
}
