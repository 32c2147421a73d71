import { randomBytes } from 'node:crypto';
import { Packr } from 'msgpackr';
import type { Message, NodeId, SnapshotMeta } from '../raft/index.js';
import { messageOf } from '../store/lmdb.js';
import { decodeMeta, stateHashOf, META_KEY } from '../store/meta.js';
import { CorruptRecordError } from '../store/rows.js';
import { StateExport } from '../store/snapshot.js';
import type { StateStore } from '../store/state.js';
import type { CopyClaim } from './confirm.js';
import { paced } from './pace.js';
import { DISPUTED } from './verify.js';
import { encodeSnapshotHeader } from './wire.js';

/** A snapshot that broke off keeps its LMDB read transaction so long, unless more of it gets through meanwhile ... */
const TRANSFER_KEEP_MS = 60_000;
/** ... and beyond so many the oldest is given up: a read transaction takes a slot of LMDB's, and keeps pages from reuse. */
const TRANSFERS_KEPT_MAX = 4;
/** A failure that comes again and again is told of so often. */
const SAY_AGAIN_MS = 30_000;

/** What a leader asks a member before it goes on with a snapshot; layout 1 of a Call's payload, in msgpack. */
export interface ProgressRequest {
  readonly op: 'snapshotProgress';
  readonly transfer: string;
}
export interface ProgressReply {
  /** Whole chunks of that transfer which are stored; 0 when it is not known. Absent from an earlier release. */
  readonly chunks?: number;
}

export interface SnapshotSenderOptions {
  readonly state: StateStore;
  readonly firstIndex: () => number;
  readonly lastIndex: () => number;
  /** The term in which this replica leads; undefined while it does not. */
  readonly leads: () => number | undefined;
  readonly stream: (to: NodeId, chunks: AsyncIterable<Buffer>) => Promise<void>;
  /** Asks a question of a member. */
  readonly ask: (to: NodeId, payload: Buffer) => Promise<Buffer>;
  readonly report: (to: NodeId, ok: boolean) => void;
  readonly onCorrupt: (error: CorruptRecordError) => void;
  /** Is it unknown whether the state is right (verify.ts)? Then it is given to nobody. */
  readonly disputed: () => boolean;
  readonly say: (level: 'info' | 'warn', text: string) => void;
  readonly keepMs?: number;
}

/** A state on its way to one member. */
class Transfer {
  readonly id = randomBytes(16).toString('hex');
  /** Chunks that the member had when this was sent last. */
  from = 0;
  /** When it is given up, in the clock of performance.now; 0 before it has broken off. */
  until = 0;
  timer: NodeJS.Timeout | undefined;

  constructor(
    readonly term: number,
    readonly meta: SnapshotMeta,
    readonly claim: CopyClaim,
    readonly chunks: StateExport,
  ) {}
}

const packr = new Packr({ useRecords: false, int64AsType: 'number' });

/**
 * Sends snapshots, one at a time to each member. One that breaks off stays as it is for a while: when Raft asks for a
 * snapshot again, the member says what it has of it, and gets the rest.
 */
export class SnapshotSender {
  readonly #options: SnapshotSenderOptions;
  readonly #sending = new Map<NodeId, Transfer | undefined>();
  readonly #kept = new Map<NodeId, Transfer>();
  readonly #said = new Map<NodeId, { readonly reason: string; readonly at: number }>();
  #closed = false;

  constructor(options: SnapshotSenderOptions) {
    this.#options = options;
  }

  /** The log index of the snapshot that this member is being sent, or may be sent the rest of. */
  indexFor(to: NodeId): number | undefined {
    return (this.#sending.get(to) ?? this.#kept.get(to))?.meta.index;
  }

  /** Carries out what Raft asks for, and reports how it went. */
  async send(message: Message): Promise<void> {
    const { to } = message;
    // Raft asks again when it hears of failure, and not before.
    if (this.#sending.has(to)) return;
    this.#sending.set(to, undefined);
    const { say, stream, report } = this.#options;
    let transfer: Transfer | undefined;
    let isUsable = false;
    let ok = false;
    try {
      this.#checkRight();
      transfer = (await this.#resumed(message)) ?? (await this.#begun(message));
      this.#sending.set(to, transfer);
      isUsable = true;
      say('info', `sending a snapshot to member ${to}${transfer.from > 0 ? `, from chunk ${transfer.from} on` : ''}`);
      await stream(to, this.#chunks(message, transfer));
      ok = true;
    } catch (error) {
      if (error instanceof CorruptRecordError) isUsable = false;
      this.#sayFailure(to, messageOf(error));
    } finally {
      this.#sending.delete(to);
      if (transfer !== undefined) {
        if (!ok && isUsable) this.#keep(to, transfer);
        else transfer.chunks.release();
      }
      report(to, ok);
    }
  }

  /** Raft asks again within moments: the same failure is told of once in a while. */
  #sayFailure(to: NodeId, reason: string): void {
    const said = this.#said.get(to);
    const now = performance.now();
    if (said?.reason === reason && now < said.at + SAY_AGAIN_MS) return;
    this.#said.set(to, { reason, at: now });
    this.#options.say('warn', `the snapshot for member ${to} was not delivered: ${reason}`);
  }

  /** Throws while it is not known whether the state is right. */
  #checkRight(): void {
    if (this.#options.disputed()) throw new Error(DISPUTED);
  }

  async #begun(message: Message): Promise<Transfer> {
    const { state } = this.#options;
    await state.whenVisible(message.snapshot?.index ?? 0);
    const snapshot = await state.takeSnapshot();
    if (this.#closed) {
      snapshot.release();
      throw new Error('this replica is shutting down');
    }
    const row = snapshot.get('meta', META_KEY);
    if (row === undefined) {
      snapshot.release();
      throw new Error('there is no state to send yet');
    }
    const stored = decodeMeta(row);
    const meta = { index: stored.appliedIndex, term: stored.appliedTerm, confState: stored.conf };
    const claim = { revision: stored.revision, hash: stateHashOf(stored) };
    return new Transfer(message.term, meta, claim, new StateExport(snapshot));
  }

  /** The transfer that broke off, if the rest of it is of use. Rejects when the member does not say what it has. */
  async #resumed({ to, term }: Message): Promise<Transfer | undefined> {
    const kept = this.#kept.get(to);
    if (kept === undefined) return undefined;
    // The member goes on from the log behind the snapshot, so that must be there.
    const isUseful = kept.term === term && kept.meta.index >= this.#options.firstIndex() - 1;
    const chunks = isUseful ? await this.#progress(to, kept.id) : 0;
    // Time may have run out meanwhile.
    if (this.#kept.get(to) !== kept) return undefined;
    if (chunks === 0 || chunks > kept.chunks.read) {
      this.#drop(to, kept);
      return undefined;
    }
    clearTimeout(kept.timer);
    this.#kept.delete(to);
    // What does not get further does not stay longer.
    if (chunks > kept.from) kept.until = 0;
    kept.from = chunks;
    return kept;
  }

  async #progress(to: NodeId, transfer: string): Promise<number> {
    const reply = await this.#options.ask(
      to,
      packr.pack({ op: 'snapshotProgress', transfer } satisfies ProgressRequest),
    );
    const { chunks } = packr.unpack(reply) as ProgressReply;
    return typeof chunks === 'number' && Number.isSafeInteger(chunks) && chunks > 0 ? chunks : 0;
  }

  async *#chunks(message: Message, { id, from, meta, claim, chunks }: Transfer): AsyncGenerator<Buffer> {
    yield encodeSnapshotHeader({ ...message, snapshot: meta }, { id, from }, claim);
    try {
      for await (const chunk of paced(chunks.chunks(from), this.#options.lastIndex)) {
        this.#checkRight();
        yield chunk;
      }
    } catch (error) {
      if (error instanceof CorruptRecordError) this.#options.onCorrupt(error);
      throw error;
    }
  }

  #keep(to: NodeId, transfer: Transfer): void {
    if (this.#closed || transfer.chunks.read === 0 || this.#options.leads() !== transfer.term) {
      transfer.chunks.release();
      return;
    }
    const now = performance.now();
    if (transfer.until === 0) transfer.until = now + (this.#options.keepMs ?? TRANSFER_KEEP_MS);
    transfer.timer = setTimeout(() => this.#drop(to, transfer), Math.max(0, transfer.until - now));
    transfer.timer.unref();
    for (const [other, oldest] of this.#kept) {
      if (this.#kept.size < TRANSFERS_KEPT_MAX) break;
      this.#drop(other, oldest);
    }
    this.#kept.set(to, transfer);
  }

  #drop(to: NodeId, transfer: Transfer): void {
    clearTimeout(transfer.timer);
    if (this.#kept.get(to) === transfer) this.#kept.delete(to);
    transfer.chunks.release();
  }

  /** Gives up what broke off: leader or term have changed. */
  forget(): void {
    for (const [to, transfer] of this.#kept) this.#drop(to, transfer);
  }

  /** Gives all up: the state is about to be closed or replaced. */
  release(): void {
    this.forget();
    for (const transfer of this.#sending.values()) transfer?.chunks.release();
  }

  /** Nothing is kept any more, and all is given up. */
  close(): void {
    this.#closed = true;
    this.release();
  }
}
