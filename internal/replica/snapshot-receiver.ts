import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Message, SnapshotMeta } from '../raft/index.js';
import { messageOf } from '../store/lmdb.js';
import { stateHashOf } from '../store/meta.js';
import { SnapshotError, StagedState } from '../store/snapshot.js';
import type { CopyClaim } from './confirm.js';
import { isSameState } from './verdict.js';
import { withIdleTimeout } from './idle.js';
import { decodeSnapshotHeader, type TransferPart } from './wire.js';

/** A snapshot being received is taken to be broken off when no chunk comes for this long. */
const SNAPSHOT_IDLE_MS = 5_000;
/** What came of a snapshot that broke off, or that was found at the start, is kept for the rest so long. */
const PARTIAL_KEEP_MS = 120_000;

/** Names of the directories that hold states. */
export const STATE_NAME = /^state(-|$)/;

export interface ReceivedState {
  readonly meta: SnapshotMeta;
  readonly state: StagedState;
  readonly directory: string;
  /** What announced it. */
  readonly messages: readonly Message[];
  /** What it is, from its own rows. */
  readonly claim: CopyClaim;
}

export interface SnapshotReceiverOptions {
  readonly dataDir: string;
  readonly say: (level: 'warn', text: string) => void;
  readonly keepMs?: number;
}

/** Told what a snapshot says it is; not by an earlier release, which does not say so. */
export type OnHeader = (claim: CopyClaim, meta: SnapshotMeta) => void;

interface Partial {
  readonly directory: string;
  readonly state: StagedState;
}

/**
 * Takes snapshots in, one at a time, each into a directory of its own below `dataDir`. Of one that breaks off it keeps what
 * came, at most one and for a bounded time, also while the process is down; a stream of the same transfer goes on behind it.
 */
export class SnapshotReceiver {
  readonly #options: SnapshotReceiverOptions;
  #kept: Partial | undefined;
  #keptUntil: NodeJS.Timeout | undefined;
  #receiving: StagedState | undefined;
  /** Resolves when nothing is being received. */
  #over: Promise<unknown> = Promise.resolve();
  #interrupt: (reason: Error) => void = () => undefined;
  #closed = false;

  constructor(options: SnapshotReceiverOptions) {
    this.#options = options;
  }

  /** Removes the states that a snapshot has replaced; goes on with one that was received in part, if there is one. */
  static async open(options: SnapshotReceiverOptions, current: string): Promise<SnapshotReceiver> {
    const { dataDir } = options;
    const receiver = new SnapshotReceiver(options);
    for (const directory of readdirSync(dataDir)) {
      if (directory === current || !STATE_NAME.test(directory)) continue;
      const path = join(dataDir, directory);
      const state = receiver.#kept === undefined ? await StagedState.reopen(path) : undefined;
      if (state === undefined) rmSync(path, { recursive: true, force: true });
      else receiver.#keep({ directory, state });
    }
    return receiver;
  }

  /** Whole chunks of a transfer that are here; 0 when it is not known. */
  chunksOf(transfer: string): number {
    const state = this.#receiving ?? this.#kept?.state;
    return state?.transfer === transfer ? state.chunks : 0;
  }

  /**
   * Rejects when the snapshot is damaged, breaks off, or is not what it said it was; `onHeader` is told that, and whose it
   * is, before the rows come.
   */
  receive(chunks: AsyncIterable<Buffer>, onHeader: OnHeader = () => undefined): Promise<ReceivedState> {
    const received = this.#receive(chunks, onHeader);
    this.#over = received.catch(() => undefined);
    return received;
  }

  async #receive(chunks: AsyncIterable<Buffer>, onHeader: OnHeader): Promise<ReceivedState> {
    let partial: Partial | undefined;
    let messages: readonly Message[] = [];
    let meta: SnapshotMeta | undefined;
    let claimed: CopyClaim | undefined;
    /** Whether what came so far is right: else not a piece of it is kept. */
    let isSound = true;
    const interrupted = new Promise<never>((_, reject) => (this.#interrupt = reject));
    interrupted.catch(() => undefined); // Heard by who waits for a chunk, if anybody does.
    try {
      for await (const chunk of withIdleTimeout(chunks, SNAPSHOT_IDLE_MS, interrupted)) {
        isSound = false;
        if (partial === undefined) {
          const header = decodeSnapshotHeader(chunk);
          ({ messages, claim: claimed } = header);
          meta = messages[0]?.snapshot;
          if (meta === undefined) throw new SnapshotError('it has no header');
          if (claimed !== undefined) onHeader(claimed, meta);
          partial = await this.#begin(header.transfer);
          this.#receiving = partial.state;
        } else await partial.state.add(chunk);
        isSound = true;
      }
      if (partial === undefined || meta === undefined) throw new SnapshotError('it is empty');
      const { state, directory } = partial;
      // A connection that breaks may look like an end.
      if (!state.complete) throw new SnapshotError('it ends early');
      isSound = false;
      const stored = await state.finish();
      const claim = { revision: stored.revision, hash: stateHashOf(stored) };
      if (stored.appliedIndex !== meta.index) throw new SnapshotError('it is not of the index that its header names');
      if (claimed !== undefined && (claimed.revision !== claim.revision || !isSameState(claimed.hash, claim.hash))) {
        throw new SnapshotError('it is not the state that its header names');
      }
      return { meta, state, directory, messages, claim };
    } catch (error) {
      if (partial !== undefined) {
        if (isSound && partial.state.transfer !== '' && partial.state.chunks > 0) this.#keep(partial);
        else await partial.state.discard();
      }
      throw error;
    } finally {
      this.#receiving = undefined;
    }
  }

  /** The stream that is being received has broken off. */
  interrupt(reason = 'its sender has begun again'): void {
    this.#interrupt(new Error(reason));
  }

  async #begin(transfer: TransferPart | undefined): Promise<Partial> {
    const kept = this.#kept;
    if (transfer !== undefined && transfer.from > 0) {
      if (kept?.state.transfer !== transfer.id || kept.state.chunks !== transfer.from) {
        throw new Error(`the first ${transfer.from} chunks of the snapshot are not here`);
      }
      this.#forget();
      return kept;
    }
    await this.discard();
    // Not named by the time: clocks are set back, and the name must not be that of the state in use.
    const directory = `state-${randomBytes(8).toString('hex')}`;
    return { directory, state: new StagedState(join(this.#options.dataDir, directory), transfer?.id) };
  }

  #keep(partial: Partial): void {
    this.#kept = partial;
    if (this.#closed) return;
    const { keepMs = PARTIAL_KEEP_MS, say } = this.#options;
    this.#keptUntil = setTimeout(() => {
      this.discard().catch((error: unknown) => say('warn', `part of a snapshot is not removed: ${messageOf(error)}`));
    }, keepMs);
    this.#keptUntil.unref();
  }

  #forget(): void {
    clearTimeout(this.#keptUntil);
    this.#kept = undefined;
  }

  /** Removes what came of a snapshot that broke off. */
  async discard(): Promise<void> {
    const kept = this.#kept;
    this.#forget();
    await kept?.state.discard();
  }

  /** What was received in part stays on disk, for the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    this.interrupt('this replica is shutting down');
    await this.#over;
    clearTimeout(this.#keptUntil);
    await this.#kept?.state.close();
  }
}
