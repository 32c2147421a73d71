import { logger } from '../machinery/log.js';
import { internalError, type StatusError } from '../machinery/status.js';
import { Turns } from '../machinery/turns.js';
import { type ChangeEvent, CompactedError } from '../store/types.js';
import { watchTooOld } from './errors.js';
import type { LazyObject } from './lazy.js';
import { listTurns } from './list-turns.js';
import { type Lister, STREAM_BYTES } from './lister.js';
import type { Sink } from './types.js';
import { SharedEvent } from './watch-event.js';
import type { WatchClass, WatchHub } from './watch-hub.js';
import { BATCH_CHANGES, FLUSH_BYTES } from './watch-hub.js';

const log = logger('watcher.ts');

/** A bookmark is due this long after the one before (kube-apiserver's defaultBookmarkFrequency). */
const BOOKMARK_MS = 60_000;
/** The last bookmark comes this long before the timeout. */
const BEFORE_TIMEOUT_MS = 2_000;
/** How long one watch reads the history at a time, milliseconds: its selector may have thousands of terms. */
const HISTORY_MS = 5;
/** Watches that catch up; as many wait as there are. */
const historyTurns = new Turns();

export interface WatcherOptions {
  /** Changes up to here are known to the client. */
  readonly from: number;
  /** The state to begin with, as of `from`. */
  readonly initial?: Lister;
  readonly bookmarks: boolean;
  /** The client wants to know where the initial state ends. */
  readonly markInitialEnd: boolean;
  readonly timeoutMs: number;
  /** Called once when the state to begin with is written. */
  readonly begun?: () => void;
}

/**
 * One watch: a cursor over the history. It writes the initial state, then reads changes until it has caught up with
 * the hub, and then is handed what the hub reads. When its socket is full it leaves the hub and goes on by itself from
 * its place in the history, so a client that reads slowly costs a number and not a queue.
 */
export class Watcher {
  /** Changes up to here have been written; a live watcher has also seen those up to the hub's position. */
  floor: number;
  private first = true;
  private live = false;
  /** The socket is full. */
  protected waiting = false;
  protected closed = false;
  private bookmarkAt: number;
  private readonly deadline: number;
  private readonly timer: NodeJS.Timeout;
  protected initial: Lister | undefined;
  /** Of the initial state, written so far. */
  private pages = 0;

  /** It never joins the live ones, and is woken instead. */
  readonly readsByItself: boolean = false;

  constructor(
    protected readonly hub: WatchHub,
    readonly cls: WatchClass,
    private readonly sink: Sink,
    private readonly options: WatcherOptions,
  ) {
    this.floor = options.from;
    this.initial = options.initial;
    const now = hub.deps.now();
    this.deadline = now + options.timeoutMs;
    this.bookmarkAt = this.nextBookmark(now);
    this.timer = setTimeout(() => {
      this.end(this.lastBookmark());
    }, options.timeoutMs);
    this.timer.unref();
  }
  /** Its first event is still to be written, and is written in another way than the others. */
  get needsFirst(): boolean {
    return this.first && this.cls.encoding.firstDiffers;
  }

  /** Begins; the sink is open. */
  start(): void {
    this.hub.add(this);
    this.sink.onClose(() => {
      this.stop();
    });
    this.sink.onWritable(() => {
      if (!this.waiting) return;
      this.waiting = false;
      this.goOn();
    });
    this.goOn();
  }

  /** Watches that begin with a state write it in turns with each other and with lists. */
  private goOn(): void {
    if (this.initial === undefined) this.advance();
    else listTurns.soon(() => this.advance(), this.pages);
  }

  /** Something was applied: for one that reads by itself. */
  wake(): void {
    if (!this.waiting) this.advance();
  }

  /** Takes what the hub has encoded; changes up to `revision` are in it. */
  deliver(chunk: Buffer, revision: number): void {
    this.first = false;
    this.floor = Math.max(this.floor, revision);
    if (this.sink.write(chunk)) return;
    this.leave(revision);
    this.waiting = true;
  }
  firstFrame(event: SharedEvent): Buffer {
    const type = event.seenBy(this.cls.filter) ?? 'MODIFIED';
    this.first = false;
    return event.frame(type, this.cls.encoding, true);
  }

  /** The hub itself has been overtaken by compaction. */
  overtaken(): void {
    if (this.live) this.leave(this.hub.position);
    if (!this.waiting) this.advance();
  }

  /** Everything that the hub has read was written. */
  protected get isCurrent(): boolean {
    return this.live;
  }

  maybeBookmark(now: number, position: number): void {
    if (!this.options.bookmarks || !this.isCurrent || now < this.bookmarkAt) return;
    this.bookmarkAt = this.nextBookmark(now);
    this.write(this.cls.encoding.bookmark(Math.max(this.floor, position), false));
  }

  /** Tells the client why and ends. */
  fail(error: StatusError): void {
    this.end(this.cls.encoding.error(error.status));
  }
  /** Ends the watch behind `last`. */
  end(last?: Buffer): void {
    if (this.closed) return;
    this.stop();
    this.sink.end(last);
  }

  /**
   * What completes the frame that is begun already when a protobuf watch is over its time: without it client-go reads
   * an end in the middle of a frame. Nothing for clients that did not ask for bookmarks.
   */
  private lastBookmark(): Buffer | undefined {
    const { encoding } = this.cls;
    if (encoding.ahead !== 'frameLength' || !this.options.bookmarks || this.initial !== undefined) return undefined;
    return encoding.bookmark(this.live ? Math.max(this.floor, this.hub.position) : this.floor, false);
  }

  private stop(): void {
    if (this.closed) return;
    this.closed = true;
    this.live = false;
    clearTimeout(this.timer);
    this.hub.remove(this);
  }

  private nextBookmark(now: number): number {
    const last = this.deadline - BEFORE_TIMEOUT_MS;
    return now < last && now + BOOKMARK_MS > last ? last : now + BOOKMARK_MS;
  }

  private leave(revision: number): void {
    this.live = false;
    this.floor = Math.max(this.floor, revision);
    this.cls.live.delete(this);
  }

  /** Writes; on backpressure leaves the live ones. Returns whether to go on. */
  private write(chunk: Buffer): boolean {
    if (this.sink.write(chunk)) return true;
    if (this.live) this.leave(this.hub.position);
    this.waiting = true;
    return false;
  }

  /** Goes on with the initial state, then with the history, until it has caught up, the socket is full, or it is another's turn. */
  protected advance(): void {
    if (this.closed || this.live) return;
    try {
      const more = this.initial === undefined ? this.readHistory() : this.readInitial(this.initial);
      if (!more) return;
      if (this.initial === undefined) setImmediate(() => void historyTurns.run(() => this.advance()));
      else listTurns.later(() => this.advance(), this.pages);
    } catch (e) {
      this.broke(e);
    }
  }

  protected broke(e: unknown): void {
    if (e instanceof CompactedError) {
      this.fail(watchTooOld(e.revision, e.compactRevision));
      return;
    }
    // A bug of ours in one object must not end every other watch.
    log.error('a watch broke', e);
    this.fail(internalError('the watch broke because of a bug; the log of this replica says which'));
  }

  /** Writes a page of the initial state; whether to go on. */
  protected readInitial(initial: Lister, page: readonly LazyObject[] = initial.page(undefined, STREAM_BYTES)): boolean {
    const { encoding } = this.cls;
    this.pages++;
    const frames: Buffer[] = [];
    for (const obj of page) {
      frames.push(encoding.event('ADDED', obj, this.first));
      this.first = false;
    }
    if (initial.finished) {
      this.initial = undefined;
      this.options.begun?.();
      if (this.options.markInitialEnd) frames.push(encoding.bookmark(this.floor, true));
    }
    return frames.length === 0 || this.write(Buffer.concat(frames));
  }

  private readHistory(): boolean {
    const { backend } = this.hub.deps;
    if (this.floor >= backend.revision) {
      this.join();
      return false;
    }
    const changes = backend.changes(this.floor, BATCH_CHANGES);
    if (changes.length === 0) this.floor = backend.revision;
    return this.writeHistory(changes, (change) => new SharedEvent(change));
  }

  /** Writes what this watch sees of the changes; whether to go on. */
  protected writeHistory(changes: readonly ChangeEvent[], eventOf: (change: ChangeEvent) => SharedEvent): boolean {
    const { encoding, filter } = this.cls;
    let frames: Buffer[] = [];
    let bytes = 0;
    const until = performance.now() + HISTORY_MS;
    for (const [i, change] of changes.entries()) {
      const event = eventOf(change);
      const type = event.seenBy(filter);
      if (type !== undefined) {
        const frame = event.frame(type, encoding, this.first);
        this.first = false;
        frames.push(frame);
        bytes += frame.length;
      }
      const next = changes[i + 1];
      // A place in the history is a whole transaction.
      if (next?.revision === change.revision) continue;
      const isOver = next !== undefined && performance.now() >= until;
      if (next !== undefined && bytes < FLUSH_BYTES && !isOver) continue;
      this.floor = change.revision;
      if (frames.length > 0 && !this.write(Buffer.concat(frames))) return false;
      if (isOver) return true;
      frames = [];
      bytes = 0;
    }
    return true;
  }

  /** From here on the hub delivers what is newer than `floor`. */
  private join(): void {
    this.live = true;
    this.cls.live.add(this);
  }
}
