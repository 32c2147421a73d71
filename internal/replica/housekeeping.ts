import type { NodeId } from '../raft/index.js';
import type { ClusterClock } from './cluster-clock.js';
import type { Driver } from './driver.js';
import type { LogStore } from './log.js';
import type { Membership } from './membership.js';
import type { Proposals } from './proposals.js';
import type { DiskWatch } from './slow-disk.js';
import type { SpaceGuard } from './space.js';
import type { Verifier } from './verify.js';
import { HistoryRemover } from '../store/compaction.js';
import { messageOf } from '../store/lmdb.js';
import { encodeRevision, parseExpiryKey } from '../store/rows.js';
import type { StateStore } from '../store/state.js';

const SWEEP_MS = 1_000;
/** What is over its time is deleted so many at a time, with a pause behind each lot for those who write as well. */
const EXPIRED_AT_ONCE = 256;
const EXPIRED_PAUSE_MS = 20;
const PROPOSAL_TIMEOUT_MS = 10_000;
/** Sweeps between two comparisons of the replicas' states. */
const VERIFY_SWEEPS = 5;
/** Not more often: where all are slow or have damaged records, leadership must not go round. */
const HAND_OVER_MS = 60_000;
/**
 * A hand-over that came to nothing, for the transferee did not catch up or stand in time, is tried again after this; so is
 * one to a replica with space, where an election has brought leadership back to the one without.
 */
const HAND_OVER_AGAIN_MS = 5_000;
/** What the log keeps for followers that fall behind: `keepEntries` or these bytes, whichever is less ... */
const KEEP_BYTES = 128 * 1024 * 1024;
/** ... so many bytes more before some are forgotten ... */
const KEEP_STEP_BYTES = 8 * 1024 * 1024;
/** ... and more for a reachable one that still needs them, up to this. */
const LOG_BYTES_MAX = 256 * 1024 * 1024;

export interface HousekeepingOptions {
  readonly id: NodeId;
  readonly driver: Driver;
  readonly state: StateStore;
  readonly log: LogStore;
  readonly proposals: Proposals;
  readonly membership: Membership;
  readonly verifier: Verifier;
  readonly clock: ClusterClock;
  /** Is there a connection to this member? */
  readonly reachable: (id: NodeId) => boolean;
  /** The version of the log's commands that a member knows; undefined for one that was not heard of. */
  readonly logVersionOf: (id: NodeId) => number | undefined;
  /** The log index of the snapshot that this member is being sent: it needs what follows. */
  readonly snapshotFor: (id: NodeId) => number | undefined;
  /** History is kept this long; 0 for ever. */
  readonly compactionIntervalMs: number;
  readonly space: SpaceGuard;
  readonly disks: DiskWatch;
  /** Has this member's disk space for writes? False when it does not answer. */
  readonly hasSpace: (id: NodeId) => Promise<boolean>;
  /** Are there records that only others can serve? */
  readonly damaged: () => boolean;
  readonly keepEntries: number;
  readonly say: (level: 'debug' | 'warn', text: string) => void;
}

/** What must happen from time to time: expiry and compaction of history on the leader, compaction of the log on each. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #remover: HistoryRemover;
  #sweeper: NodeJS.Timeout | undefined;
  #compactor: NodeJS.Timeout | undefined;
  #sweeping = false;
  #promoting = false;
  #raising = false;
  #compactingLog = false;
  /** The revision one interval ago, if we led then already. */
  #mark: number | undefined;
  #sweeps = 0;
  #handedOverAt = -Infinity;
  #cameToNothing = false;
  #handOvers = 0;
  /** The term in which leadership was handed over, until that is known to have gone well or not. */
  #handedOverIn: number | undefined;
  #stopped = false;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#remover = new HistoryRemover(options.state);
  }

  start(): void {
    const { compactionIntervalMs } = this.#options;
    this.#sweeper = setInterval(() => {
      this.#noteHandOver();
      void this.#run('space', () => this.#checkSpace());
      void this.#run('disk', () => this.#checkDisk());
      void this.#run('expiry', () => this.#sweep());
      void this.#run('log compaction', () => this.#compactLog());
      void this.#run('version', () => this.raiseVersion());
      void this.#run('history', () => this.#remover.run());
      void this.#run('promotion', () => this.#promote());
      void this.#run('verification', () => this.#verify());
    }, SWEEP_MS);
    if (compactionIntervalMs > 0) {
      this.#compactor = setInterval(() => void this.#run('compaction', () => this.#compact()), compactionIntervalMs);
    }
  }

  async #run(what: string, work: () => Promise<void>): Promise<void> {
    try {
      if (!this.#stopped) await work();
    } catch (error) {
      if (!this.#stopped) this.#options.say('debug', `${what} will be tried again: ${messageOf(error)}`);
    }
  }

  get #leads(): boolean {
    const { driver } = this.#options;
    return driver.leads;
  }

  /** Every few seconds; the replicas have one sweep's time to apply what is compared. */
  async #verify(): Promise<void> {
    const turn = this.#sweeps++ % VERIFY_SWEEPS;
    if (!this.#leads) return;
    if (turn === 0) this.#options.verifier.mark();
    else if (turn === 1) await this.#options.verifier.compare();
  }

  /**
   * A leader without space hands over to one that has it, so that writes go on. So does one that has damaged records. Where
   * nobody has space it stays: a new leader could not even write the entry that reads wait for.
   */
  async #checkSpace(): Promise<void> {
    const { space, driver, state, id, reachable } = this.#options;
    await space.check();
    if (!(space.low || this.#options.damaged()) || !this.#leads || state.visible.appliedIndex < driver.status().commit)
      return;
    if (performance.now() < this.#mayHandOverAt(space.low)) return;
    // Who has most of the log takes over soonest; who waits for a snapshot cannot.
    const others = driver
      .status()
      .peers.filter((peer) => peer.id !== id && !peer.isLearner && peer.state !== 'snapshot' && reachable(peer.id))
      .sort((a, b) => b.match - a.match)
      .map((peer) => peer.id);
    const spacious = await Promise.all(others.map((voter) => this.#options.hasSpace(voter)));
    const transferee = others.find((_, i) => spacious[i]);
    if (transferee === undefined || !this.#leads) return;
    this.#handOver(transferee, space.low ? 'its disk is nearly full' : 'its state has damaged records');
  }

  /** A leader whose disk is slow hands over to one that has what we have and acknowledges much faster. */
  #checkDisk(): Promise<void> {
    const { disks, driver, log, state, id, reachable } = this.#options;
    const now = performance.now();
    const { peers, commit } = driver.status();
    const candidates = peers
      .filter((peer) => peer.id !== id && !peer.isLearner && peer.match >= commit && reachable(peer.id))
      .map((peer) => peer.id);
    const transferee = disks.transferee(now, this.#leads, candidates, now - (log.writingSince ?? now));
    if (transferee === undefined || now < this.#mayHandOverAt(false)) return Promise.resolve();
    const [own, other] = [transferee.ownMs, transferee.ms].map(Math.round);
    const name = state.meta.members.get(transferee.id)?.name ?? String(transferee.id);
    this.#handOver(transferee.id, `a write of its log takes ${own} ms, and ${name} acknowledges within ${other} ms`);
    return Promise.resolve();
  }

  /** When the next hand-over may be, milliseconds of `performance.now()`. */
  #mayHandOverAt(soon: boolean): number {
    return this.#handedOverAt + (soon || this.#cameToNothing ? HAND_OVER_AGAIN_MS : HAND_OVER_MS);
  }

  #handOver(transferee: NodeId, reason: string): void {
    const { driver, say, verifier } = this.#options;
    if (verifier.disputed) return;
    this.#handedOverAt = performance.now();
    this.#handedOverIn = driver.term;
    this.#cameToNothing = false;
    say('warn', `this leader hands over, for ${reason}`);
    driver.report((raft) => raft.transferLeader(transferee));
  }

  /** Counts a hand-over when somebody else has taken over; while this replica still leads it is none. */
  #noteHandOver(): void {
    const { driver } = this.#options;
    if (this.#handedOverIn === undefined) return;
    const { role, term, transferee } = driver.status();
    if (role !== 'leader' || term !== this.#handedOverIn) {
      this.#handedOverIn = undefined;
      this.#handOvers++;
    } else if (transferee === 0) {
      // Raft has given it up.
      this.#handedOverIn = undefined;
      this.#handedOverAt = performance.now();
      this.#cameToNothing = true;
    }
  }

  /** How often leadership was handed over from here because of the disk, or of damaged records. */
  get handOvers(): number {
    return this.#handOvers;
  }

  async #promote(): Promise<void> {
    if (!this.#leads || this.#promoting) return;
    this.#promoting = true;
    try {
      await this.#options.membership.promoteCaughtUp();
      await this.#options.membership.noteDirectories();
    } finally {
      this.#promoting = false;
    }
  }

  /** Deletes all that is over its time, however much that is; an object that was written again meanwhile stays. */
  async #sweep(): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    try {
      // Each lot begins behind the one before it: what was not deleted is tried again by the next sweep.
      let from: Buffer | undefined = Buffer.alloc(6);
      while (this.#leads && !this.#stopped) {
        from = await this.#expire(from);
        if (from === undefined) return;
        await new Promise((resolve) => setTimeout(resolve, EXPIRED_PAUSE_MS));
      }
    } finally {
      this.#sweeping = false;
    }
  }

  /** Deletes one lot; gives the row with which the next one begins, or undefined when this was the last. */
  async #expire(from: Buffer): Promise<Buffer | undefined> {
    const { state, proposals } = this.#options;
    const now = encodeRevision(this.#options.clock.now());
    const due = [...state.snapshot.scan('expiry', from, now, { limit: EXPIRED_AT_ONCE + 1 })];
    await Promise.all(
      due.slice(0, EXPIRED_AT_ONCE).map(({ key: row, value }) => {
        const { key } = parseExpiryKey(row);
        const compares = [{ key, modRevision: value.readUIntBE(0, 6) }];
        const txn = { compares, ops: [{ type: 'delete', key } as const] };
        return proposals.submit({ kind: 'txn', txn }, key.length + 64, PROPOSAL_TIMEOUT_MS);
      }),
    );
    return due[EXPIRED_AT_ONCE]?.key;
  }

  /** Leader: when all members know more commands of the log than the cluster uses, it begins to use them. */
  async raiseVersion(): Promise<void> {
    const { state, logVersionOf, proposals } = this.#options;
    if (!this.#leads || this.#raising) return;
    const versions = [...state.meta.members.keys()].map((id) => logVersionOf(id) ?? 0);
    const version = Math.min(...versions);
    if (version <= state.meta.version) return;
    this.#raising = true;
    try {
      await proposals.submit({ kind: 'raiseVersion', version }, 64, PROPOSAL_TIMEOUT_MS);
    } finally {
      this.#raising = false;
    }
  }

  /** Proposes to forget what is older than one interval. */
  async #compact(): Promise<void> {
    const mark = this.#mark;
    this.#mark = this.#leads ? this.#options.state.visible.revision : undefined;
    if (mark === undefined || !this.#leads || mark <= this.#options.state.visible.compactRevision) return;
    await this.compactTo(mark);
  }

  /** Forgets history up to a revision, on every replica at the same point of the log. */
  async compactTo(revision: number): Promise<void> {
    await this.#options.proposals.submit({ kind: 'compact', revision }, 64, PROPOSAL_TIMEOUT_MS);
    await this.#remover.run();
  }

  async #compactLog(): Promise<void> {
    const { log, keepEntries, driver, state } = this.#options;
    const to = this.#logTarget();
    const first = log.firstIndex();
    const isLong = to >= first + keepEntries / 10;
    const isLarge = to >= first && log.indexBefore(KEEP_BYTES + KEEP_STEP_BYTES) >= first;
    const { applied } = driver.status();
    const step = keepEntries / 10;
    // Where the state on disk is what keeps the log long, it is brought up to date.
    if (applied - keepEntries >= first + step && state.durableIndex < applied - step) void state.whenCommitted();
    if (this.#compactingLog || !(isLong || isLarge)) return;
    this.#compactingLog = true;
    try {
      await log.compact(to);
    } finally {
      this.#compactingLog = false;
    }
  }

  /** The last index that need not be kept. */
  #logTarget(): number {
    const { driver, log, state, keepEntries } = this.#options;
    const { applied, peers, id } = driver.status();
    const durable = Math.min(state.durableIndex, applied);
    const wanted = Math.max(durable - keepEntries, Math.min(durable, log.indexBefore(KEEP_BYTES)));
    // Who comes back can say who is right only if it computes by itself what it has missed.
    let needed = this.#options.verifier.disputed ? Math.min(wanted, log.firstIndex() - 1) : wanted;
    for (const peer of peers) {
      if (peer.id === id || !this.#options.reachable(peer.id)) continue;
      // One that goes on after a break is older than the one that Raft has asked for.
      const snapshot = Math.min(peer.pendingSnapshot, this.#options.snapshotFor(peer.id) ?? peer.pendingSnapshot);
      needed = Math.min(needed, peer.pendingSnapshot > 0 ? snapshot : peer.match);
    }
    return Math.max(needed, Math.min(durable, log.indexBefore(LOG_BYTES_MAX)));
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#sweeper);
    clearInterval(this.#compactor);
    this.#remover.stop();
  }
}
