import { FatalError } from '../machinery/assert.js';
import { entriesBytes } from '../raft/entry.js';
import {
  type ConfChange,
  decodeConfChange,
  type Entry,
  type HardState,
  InvariantError,
  LostLogError,
  type Message,
  type NodeId,
  Raft,
  type RaftConfig,
  type RaftStatus,
  type Ready,
  type Refusal,
  type Role,
  type SnapshotMeta,
} from '../raft/index.js';
import { CommandFormatError, decodeProposal, knownSince, proposalOrigin } from '../store/command.js';
import type { MemberInfo } from '../store/meta.js';
import { CorruptRecordError } from '../store/rows.js';
import type { StateStore } from '../store/state.js';
import type { LogStore } from './log.js';
import { AwakeWait } from './awake-wait.js';
import type { ConfChangeContext } from './membership.js';
import type { Proposals } from './proposals.js';
import type { Reads } from './reads.js';
import type { DiskWatch } from './slow-disk.js';

/** Applied and not yet committed to LMDB, at most; beyond it the replica applies no more until a commit is done. */
const APPLY_BYTES_MAX = 64 * 1024 * 1024;

/** Applied in one turn of the event loop, about: some tens of milliseconds. */
const APPLY_TURN_BYTES = 1024 * 1024;

/** Carries messages to other members; may lose them, must not block. */
export interface Outbox {
  send(messages: readonly Message[]): void;
  /** The membership's particulars changed. */
  setMembers(members: ReadonlyMap<NodeId, MemberInfo>): void;
}

/** Brings in snapshots. */
export interface SnapshotInstaller {
  /** Replaces the state by the snapshot that was announced; calls `resetLog` with facts to note in the same step. */
  install(meta: SnapshotMeta, resetLog: (facts: Readonly<Record<string, Buffer>>) => Promise<void>): Promise<void>;
}

export interface DriverOptions {
  readonly raft: RaftConfig;
  readonly log: LogStore;
  readonly state: StateStore;
  readonly outbox: Outbox;
  readonly installer: SnapshotInstaller | undefined;
  readonly disks: DiskWatch;
  /** The version of the log's commands that an earlier release knows, which this replica takes the part of in a test. */
  readonly knows?: number;
  /** The proposer id and first seq of this run; see Proposals. */
  readonly id: NodeId;
  readonly onFatal: (error: FatalError) => void;
  /** The next entry needs a record that is damaged here: it was not applied, and the driver has stopped. */
  readonly onDamagedEntry: (error: CorruptRecordError) => void;
  /** Leader or term changed. */
  readonly onLeader: (leader: NodeId, term: number) => void;
  /** A membership change was applied; its request id, if it has one. */
  readonly onConfChange: (request: string | undefined) => void;
  /** A membership change was refused by the leader. */
  readonly onConfChangeRefused: (refusal: Refusal) => void;
}

/**
 * Runs the Raft core: feeds it ticks, messages and proposals, and carries out its Readys in the order that Raft needs:
 * what a message promises is on disk before it leaves. Messages that promise nothing about the disk leave at once, also
 * while the disk is busy. Everything that comes in while one append is being flushed goes into the next one.
 */
export class Driver {
  readonly raft: Raft;
  readonly #options: DriverOptions;
  readonly #log: LogStore;
  readonly #state: StateStore;
  readonly #awake = new AwakeWait();
  #proposals: Proposals | undefined;
  #reads: Reads | undefined;
  #busy = false;
  #scheduled = false;
  #stopped = false;
  #role: Role = 'follower';
  #leader = 0;
  #term = 0;
  /** Set when this replica is the only voter, leads, and has applied all that it held at its start. */
  #soleLeader = false;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#state = options.state;
    this.raft = new Raft(options.raft, options.log, Math.random);
  }

  /** The two front doors; set once, before anything runs. */
  attach(proposals: Proposals, reads: Reads): void {
    this.#proposals = proposals;
    this.#reads = reads;
  }

  get leader(): NodeId {
    return this.#leader;
  }
  get term(): number {
    return this.#term;
  }
  /** True when a local read is linearizable by itself: nobody else can have committed anything. */
  get soleLeader(): boolean {
    return this.#soleLeader;
  }
  /** As of the last Ready. */
  get leads(): boolean {
    return this.#role === 'leader';
  }
  status(): RaftStatus {
    return this.raft.status();
  }

  /** One tick of Raft's clock. */
  tick(): void {
    if (this.#stopped) return;
    this.#guard(() => {
      this.raft.tick();
      this.#state.commit();
    });
    this.pump();
  }

  /** Messages from another member. */
  step(messages: readonly Message[]): void {
    if (this.#stopped) return;
    this.#guard(() => {
      for (const message of messages) {
        if (message.type === 'appendResp' && !message.reject && this.#role === 'leader') {
          this.#options.disks.onAcknowledged(message.from, message.index, performance.now());
        }
        this.raft.step(message);
      }
    });
    this.wake();
  }

  /** Tells the core something about its surroundings. */
  report(tell: (raft: Raft) => void): void {
    if (this.#stopped) return;
    this.#guard(() => tell(this.raft));
    this.wake();
  }

  /** Calls `pump` at the end of this turn of the event loop, so that what comes in together goes out together. */
  wake = (): void => {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.pump();
    });
  };

  /** Does all the work that can be done now. */
  pump(): void {
    if (this.#stopped) return;
    this.#guard(() => {
      this.#reads?.flush();
      // A leader's proposals wait for the disk: all that gather meanwhile share the next append.
      if (!this.#busy || this.#role !== 'leader') this.#proposals?.flush();
      let applied = 0;
      while (!this.#busy && this.#state.pendingBytes < APPLY_BYTES_MAX && this.raft.hasReady()) {
        const ready = this.raft.ready();
        this.#handle(ready);
        applied += entriesBytes(ready.committedEntries);
        if (applied < APPLY_TURN_BYTES) continue;
        // A replica that has much to apply still hears its leader and answers its clients.
        this.wake();
        break;
      }
      this.#send(this.raft.takeMessages());
    });
  }

  #handle(ready: Ready): void {
    this.#send(ready.messages);
    this.#noteLeader(ready);
    for (const state of ready.readStates) this.#reads?.onReadState(state);
    for (const refusal of ready.refusals) {
      if (refusal.kind === 'read') this.#reads?.onRefused(refusal);
      else if (this.#proposals?.onRefused(refusal) !== true) this.#options.onConfChangeRefused(refusal);
    }
    const firstNew = ready.entries[0]?.index ?? Number.POSITIVE_INFINITY;
    // What is being persisted by this very Ready is applied after it is.
    const now = ready.committedEntries.filter((entry) => entry.index < firstNew);
    const later = ready.committedEntries.slice(now.length);
    this.#apply(now);
    const written = this.#persist(ready);
    if (written === undefined) {
      this.#finish(ready, later);
      return;
    }
    this.#busy = true;
    const began = performance.now();
    // Where a write waits for nothing but this disk.
    if (this.#soleLeader) this.#awake.begin(() => !this.#busy);
    written.then(
      () => {
        this.#busy = false;
        if (this.#stopped) return;
        this.#awake.took(performance.now() - began);
        this.#guard(() => this.#finish(ready, later));
        this.pump();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #persist(ready: Ready): Promise<void> | undefined {
    const { snapshot, entries, hardState } = ready;
    if (snapshot !== undefined) return this.#install(snapshot, entries, hardState);
    if (ready.mustSync) return this.#log.append(entries, hardState);
    if (hardState !== undefined) this.#log.note(hardState);
    return undefined;
  }

  async #install(snapshot: SnapshotMeta, entries: readonly Entry[], hardState: HardState | undefined): Promise<void> {
    const { installer } = this.#options;
    if (installer === undefined) throw new FatalError('a snapshot came to a replica that has no peers.');
    await installer.install(snapshot, (facts) => this.#log.reset(snapshot, hardState, facts));
    this.#proposals?.onSnapshot(this.#state.meta.sessions.get(this.#options.id) ?? 0);
    if (entries.length > 0) await this.#log.append(entries, undefined);
  }

  #finish(ready: Ready, later: readonly Entry[]): void {
    this.#send(ready.messagesAfterAppend);
    this.#apply(later);
    this.raft.advance();
    this.#noteSole();
  }

  #apply(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    for (const entry of entries) {
      if (entry.type === 'confChange') this.#applyConfChange(entry);
      else this.#applyNormal(entry);
    }
    this.#state.commit();
  }

  #applyNormal(entry: Entry): void {
    if (entry.data.length === 0) {
      this.#state.applyEntry(entry.index, entry.term, entry.data);
      return;
    }
    const { proposer, seq } = proposalOrigin(entry.data);
    const own = proposer === this.#options.id;
    const decoded = (own ? this.#proposals?.decoded(seq) : undefined) ?? decodeProposal(entry.data);
    const { knows } = this.#options;
    if (knows !== undefined && decoded.commands.some((command) => knownSince(command) > knows)) {
      throw new CommandFormatError('an earlier release does not know its commands');
    }
    const results = this.#state.applyEntry(entry.index, entry.term, entry.data, decoded);
    if (own) this.#proposals?.onApplied(seq, entry.index, results);
  }

  #applyConfChange(entry: Entry): void {
    const change = decodeConfChange(entry.data);
    const conf = this.raft.applyConfChange(entry);
    const context = change.context === '' ? {} : (JSON.parse(change.context) as ConfChangeContext);
    const members = changedMembers(this.#state.meta.members, change, context);
    this.#state.applyConfChange(entry.index, entry.term, conf, members);
    this.#options.outbox.setMembers(members);
    this.#soleLeader = false;
    this.#options.onConfChange(context.request);
  }

  #noteLeader(ready: Ready): void {
    this.#role = ready.role;
    const term = ready.hardState?.term ?? this.#term;
    if (ready.leader === this.#leader && term === this.#term) return;
    this.#leader = ready.leader;
    this.#term = term;
    if (ready.role !== 'leader') this.#soleLeader = false;
    this.#options.onLeader(ready.leader, term);
    if (ready.leader === 0) return;
    this.#proposals?.onLeader();
    this.#reads?.onLeader();
    this.wake();
  }

  #noteSole(): void {
    if (this.#soleLeader || this.#role !== 'leader' || this.#state.meta.conf.voters.length !== 1) return;
    const { role, confState, termOpened, commit } = this.raft.status();
    // A learner can acknowledge a write before it is visible here, and so could those that were voters before (sim seed 56).
    this.#soleLeader =
      role === 'leader' &&
      termOpened &&
      this.#state.visible.appliedIndex >= commit &&
      confState.voters.length === 1 &&
      confState.votersOutgoing.length === 0 &&
      confState.learners.length === 0;
  }

  /** Readers see more now: the work that waited for it goes on. */
  onVisible(): void {
    if (this.#stopped) return;
    const { appliedIndex } = this.#state.visible;
    this.#proposals?.onVisible(appliedIndex);
    this.#reads?.onVisible(appliedIndex);
    this.#noteSole();
    this.wake();
  }

  #send(messages: readonly Message[]): void {
    if (messages.length === 0) return;
    for (const { type, to, entries } of messages) {
      const last = type === 'append' ? entries.at(-1) : undefined;
      if (last !== undefined) this.#options.disks.onSent(to, last.index, performance.now());
    }
    this.#options.outbox.send(messages);
  }

  /** Runs `work`; a broken promise of the core or the state stops the replica. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.stop();
    if (error instanceof FatalError) this.#options.onFatal(error);
    else if (error instanceof CorruptRecordError) this.#options.onDamagedEntry(error);
    else if (error instanceof LostLogError) this.#options.onFatal(new FatalError(error.message));
    else {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const kind = error instanceof InvariantError ? 'a broken invariant' : 'an unexpected error';
      this.#options.onFatal(
        new FatalError(`this replica stopped at ${kind}: ${text}. Restart it; if this comes back, report it.`),
      );
    }
  }

  /** Nothing is sent, written or applied any more. */
  stop(): void {
    this.#stopped = true;
    // Who leads no more does not know what others have committed.
    this.#soleLeader = false;
  }
}

/** Members' particulars after a change. */
function changedMembers(
  members: ReadonlyMap<NodeId, MemberInfo>,
  change: ConfChange,
  context: ConfChangeContext,
): Map<NodeId, MemberInfo> {
  const next = new Map(members);
  for (const step of change.steps) {
    if (step.type === 'remove') next.delete(step.id);
    const info = context.members?.[String(step.id)];
    if (info !== undefined && step.type !== 'remove') next.set(step.id, info);
  }
  return next;
}
