import { assert, FatalError } from '../machinery/assert.js';
import { cutToBytes, entriesBytes, entryBytes } from '../raft/entry.js';
import type { Entry, HardState, LogStorage, SnapshotMeta } from '../raft/types.js';
import { isDiskFull, messageOf } from '../store/lmdb.js';
import { Room } from '../store/room.js';
import { LogTail } from './log-tail.js';
import type { EntryIndex } from './wal/entry-index.js';
import { openLogDirectory } from './wal/files.js';
import { entryRecord, factRecord, hardStateRecord, type LogRecord, placeRecord } from './wal/record.js';
import {
  DamagedLogError,
  LaterFormatError,
  type LogContents,
  type LostPart,
  type Place,
  recover,
} from './wal/recover.js';
import { Segments } from './wal/segments.js';
import { takeOver } from './wal/take-over.js';

/** Names within a data directory: of the log, and of that of earlier releases. */
export const LOG_DIRECTORY = 'wal';
export const FORMER_LOG_DIRECTORY = 'log';

const DISK_FULL_RETRY_MS = 1_000;
/** What waits is written as one group, until it is this large. */
const GROUP_BYTES_MAX = 4 * 1024 * 1024;

export interface LogOptions {
  /** Directory of the segments; made if absent. */
  readonly path: string;
  /** Where earlier releases kept the log: it is taken over, and removed. */
  readonly formerPath?: string;
  /** The newest state that a snapshot could be taken of. */
  readonly stateMeta: () => SnapshotMeta;
  readonly onDiskFull: (error: Error | undefined) => void;
  /** Seconds that a durable write took. */
  readonly observeWrite?: (seconds: number) => void;
  /** Entries from the first to the last index were appended, in the place of any that stood there. Must be quick. */
  readonly onAppend?: (first: number, last: number) => void;
  /** Nobody is expected to read entries up to this index soon: they are not kept in memory. None if absent. */
  readonly unneeded?: () => number;
  /** How much longer each durable write takes, in ms: for tests only, which cannot have a slow disk. */
  readonly delayMs?: () => number;
  /** Size of a segment's file, 8 MiB if absent: smaller for tests only, which would take long. */
  readonly segmentBytes?: number;
  /** Opens the directory; for tests only, which cannot cut the power. */
  readonly openDirectory?: typeof openLogDirectory;
}

/** Records that are to be written together, and who waits for them. */
interface Write {
  readonly records: readonly LogRecord[];
  readonly bytes: number;
  /** The first entry among them. */
  readonly first: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The Raft log on disk: entries by index, hard state, facts, and where the log begins, in segments that are only added to
 * (wal/). What `append` was given can be read at once; its promise tells when it is on disk. What comes in while a group is
 * being written becomes the next one.
 */
export class LogStore implements LogStorage {
  readonly #options: LogOptions;
  readonly #room = new Room();
  readonly #segments: Segments;
  readonly #index: EntryIndex;
  readonly #facts: Map<string, Buffer>;
  /** The entry just before the first: compacted away, covered by a snapshot, or not to be read any more. */
  #base: Place;
  #lost: LostPart | undefined;
  #hardState: HardState | undefined;
  /** The hard state has moved since it was last written. */
  #noted = false;
  readonly #tail: LogTail;
  #closed = false;
  #queue: Write[] = [];
  #draining: Promise<void> | undefined;
  #wrote = false;
  /** Why nothing can be written any more. */
  #failure: FatalError | undefined;
  #writingSince: number | undefined;

  /**
   * Opens the log, and takes over one of an earlier release. Throws FatalError when its end is damaged or it cannot be used;
   * where a part before is, there is something `lost`.
   */
  static async open(options: LogOptions): Promise<LogStore> {
    const { path, formerPath } = options;
    try {
      if (formerPath !== undefined) await takeOver(formerPath, path);
      const directory = (options.openDirectory ?? openLogDirectory)(path);
      const contents = recover(directory);
      const segments = new Segments(directory, contents, options.segmentBytes);
      await segments.syncFound();
      return new LogStore(options, contents, segments);
    } catch (error) {
      if (error instanceof FatalError) throw error;
      if (error instanceof DamagedLogError) throw damaged(path, error.message);
      if (error instanceof LaterFormatError) {
        throw new FatalError(
          `the Raft log in ${path} was written by a later release (${error.message}). Start that release.`,
        );
      }
      throw new FatalError(
        `cannot open the Raft log in ${path}: ${messageOf(error)}. Check that the directory is writable and that the ` +
          'disk is neither full nor damaged.',
      );
    }
  }

  private constructor(options: LogOptions, contents: LogContents, segments: Segments) {
    this.#options = options;
    this.#segments = segments;
    this.#index = contents.index;
    this.#base = contents.lost?.last ?? contents.base;
    this.#lost = contents.lost;
    this.#hardState = contents.hardState;
    this.#facts = contents.facts;
    this.#tail = new LogTail(contents.index.last + 1);
  }

  get hardState(): HardState | undefined {
    return this.#hardState;
  }

  firstIndex(): number {
    return this.#base.index + 1;
  }
  lastIndex(): number {
    return this.#index.last;
  }
  /** The last index with at least `bytes` of entries behind it; 0 for none. */
  indexBefore(bytes: number): number {
    return this.#index.indexBefore(bytes);
  }

  term(index: number): number | undefined {
    return index === this.#base.index ? this.#base.term : this.#index.term(index);
  }

  entries(lo: number, hi: number, bytesMax: number): readonly Entry[] {
    const last = this.lastIndex();
    assert(lo > this.#base.index && hi <= last + 1, `log read [${lo}, ${hi}) outside (${this.#base.index}, ${last}]`);
    if (lo >= this.#tail.first) return cutToBytes(this.#tail.slice(lo, hi), bytesMax);
    const out: Entry[] = [];
    let bytes = 0;
    for (let index = lo; index < hi; index++) {
      const entry = this.#tail.get(index) ?? this.#read(index);
      bytes += entryBytes(entry);
      if (bytes > bytesMax && out.length > 0) break;
      out.push(entry);
    }
    return out;
  }

  /** When the durable write that is under way began (performance.now); undefined when none is. */
  get writingSince(): number | undefined {
    return this.#writingSince;
  }

  snapshotMeta(): SnapshotMeta {
    return this.#options.stateMeta();
  }

  #read(index: number): Entry {
    const place = this.#index.get(index);
    assert(place !== undefined, `entry ${index} is in the log`);
    try {
      return this.#segments.read(index, place);
    } catch (error) {
      if (!(error instanceof DamagedLogError)) throw error;
      throw new FatalError(
        `the Raft log in ${this.#options.path} is damaged: ${error.message}. Start this replica again: where its state holds ` +
          'all that is damaged it goes on without that, and says so.',
      );
    }
  }

  /**
   * Adds entries (they replace any from their first index on) and the hard state. They can be read at once; the promise
   * resolves when they are on disk. A full disk is retried until it works or the log is closed.
   * Rejects with FatalError when the disk fails.
   */
  append(entries: readonly Entry[], hardState: HardState | undefined): Promise<void> {
    const records: LogRecord[] = [];
    const first = entries[0]?.index;
    if (first !== undefined) {
      const last = this.lastIndex();
      assert(first > this.#base.index && first <= last + 1, `append at ${first} after ${last}`);
      if (first <= last) {
        records.push(placeRecord('truncate', first, this.term(first - 1) ?? 0));
        this.#index.truncate(first);
      }
      for (const entry of entries) {
        records.push(entryRecord(entry));
        this.#index.push({ segment: 0, offset: 0, dataBytes: entry.data.length, term: entry.term });
      }
      this.#tail.append(entries);
      this.#options.onAppend?.(first, this.lastIndex());
    }
    const state = hardState ?? (this.#noted ? this.#hardState : undefined);
    this.#hardState = state ?? this.#hardState;
    this.#noted = false;
    if (state !== undefined) records.push(hardStateRecord(state));
    return this.#write(records, entriesBytes(entries), first);
  }

  /** A moved commit index: written along with the next append, because losing it costs nothing. */
  note(hardState: HardState): void {
    this.#hardState = hardState;
    this.#noted = true;
  }

  /** Forgets entries up to and including `index`. */
  async compact(index: number): Promise<void> {
    const term = this.term(index);
    assert(term !== undefined && index <= this.lastIndex(), `compact to ${index} beyond the log`);
    if (index === this.#base.index) return;
    this.#base = { index, term };
    this.#index.dropTo(index);
    this.#tail.dropTo(index);
    // Where the log begins is on disk before anything below that goes.
    await this.#write([placeRecord('base', index, term)]);
    if (!this.#closed) await this.#segments.removeTo(index);
  }

  /** The whole log is replaced by a snapshot at this index, and facts are noted, in one step. */
  async reset(
    meta: SnapshotMeta,
    hardState: HardState | undefined,
    facts: Readonly<Record<string, Buffer>>,
  ): Promise<void> {
    const { index, term } = meta;
    this.#index.reset(index + 1);
    this.#tail.reset(index + 1);
    if (hardState !== undefined) this.#hardState = hardState;
    this.#noted = false;
    this.#base = { index, term };
    await this.#write([
      placeRecord('reset', index, term),
      ...Object.entries(facts).map(([name, value]) => factRecord(name, value)),
      ...(hardState === undefined ? [] : [hardStateRecord(hardState)]),
    ]);
    for (const [name, value] of Object.entries(facts)) this.#facts.set(name, value);
    this.#lost = undefined;
    if (!this.#closed) await this.#segments.removeTo(Number.POSITIVE_INFINITY);
  }

  /** A part at the beginning of the log that is damaged or missing; the log begins behind it. Undefined when there is none. */
  get lost(): LostPart | undefined {
    return this.#lost;
  }

  /** Throws FatalError when the part that is lost is needed: `applied` is the last entry that the state has. */
  checkLost(applied: number): void {
    if (this.#lost === undefined || applied >= this.#lost.last.index) return;
    const { reason, last } = this.#lost;
    const needs = `the state has applied entries up to ${applied}, and needs those up to ${last.index}`;
    throw damaged(this.#options.path, `${reason}; ${needs}`);
  }

  /** Does without the part that is lost, and removes its files; `applied` as in `checkLost`, on the disk. Throws FatalError. */
  async giveUpLost(applied: number): Promise<void> {
    const lost = this.#lost;
    if (lost === undefined) return;
    this.checkLost(applied);
    const { index, term } = lost.last;
    await this.#write([placeRecord('base', index, term)]);
    await this.#segments.removeTo(index);
    this.#lost = undefined;
  }

  /** Queues records for the next group. */
  #write(records: readonly LogRecord[], bytes = 0, first = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#queue.push({ records, bytes, first, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    // What comes in in the same turn goes together.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      let count = 0;
      for (let bytes = 0; count < this.#queue.length && (count === 0 || bytes < GROUP_BYTES_MAX); count++) {
        bytes += this.#queue[count]?.bytes ?? 0;
      }
      const group = this.#queue.splice(0, count);
      try {
        await this.#commit(group.flatMap(({ records }) => records));
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of [...group, ...this.#queue.splice(0)]) reject(error);
      }
      const unwritten = this.#queue.reduce((lowest, { first }) => Math.min(lowest, first), Number.POSITIVE_INFINITY);
      this.#tail.trim(unwritten, this.#options.unneeded?.());
    }
    this.#draining = undefined;
  }

  async #commit(records: readonly LogRecord[]): Promise<void> {
    const { path } = this.#options;
    const bytes = records.reduce((sum, { data }) => sum + data.length, 0);
    for (let full = false; ; full = true) {
      try {
        const began = performance.now();
        this.#writingSince = began;
        const lacking = this.#room.lacks(path, bytes, 0);
        if (lacking !== undefined) throw lacking;
        const { segment, offsets } = await this.#segments.write(records);
        for (const [i, { type, index }] of records.entries()) {
          if (type === 'entry' || type === 'confChange') this.#index.place(index, segment, offsets[i] ?? 0);
        }
        const delayMs = this.#options.delayMs?.() ?? 0;
        if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
        this.#writingSince = undefined;
        this.#wrote = true;
        this.#options.observeWrite?.((performance.now() - began) / 1000);
        if (full) this.#options.onDiskFull(undefined);
        return;
      } catch (failure) {
        const error = failure instanceof Error ? failure : new Error(String(failure));
        if (!isDiskFull(error, path) || this.#closed) {
          // What a failed sync has left on the disk is not known: nothing may be written behind it.
          this.#failure = new FatalError(
            `the Raft log in ${path} cannot be written: ${error.message}. Check the disk; if it is damaged, ` +
              'remove this replica from its cluster and join it again with an empty data directory.',
          );
          throw this.#failure;
        }
        this.#options.onDiskFull(error);
        await new Promise((resolve) => setTimeout(resolve, DISK_FULL_RETRY_MS));
      }
    }
  }

  /** Small facts beside the log (the member's identity), as they are on disk. */
  getFact(name: string): Buffer | undefined {
    return this.#facts.get(name);
  }
  /** Durable when the promise resolves. */
  putFact(name: string, value: Buffer): Promise<void> {
    return this.putFacts({ [name]: value });
  }
  /** Several facts in one step. */
  async putFacts(facts: Readonly<Record<string, Buffer>>): Promise<void> {
    await this.#write(Object.entries(facts).map(([name, value]) => factRecord(name, value)));
    for (const [name, value] of Object.entries(facts)) this.#facts.set(name, value);
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    if (this.#closed) return;
    // A last group, so that what is in the one before it is not taken for cut off should the disk damage it.
    if (this.#wrote && this.#failure === undefined && this.#queue.length === 0) {
      const { hardState } = this;
      if (hardState !== undefined) this.#write([hardStateRecord(hardState)]).catch(() => undefined);
    }
    this.#closed = true;
    await this.#draining;
    this.#segments.close();
  }
}

function damaged(path: string, reason: string): FatalError {
  return new FatalError(
    `the Raft log in ${path} is damaged: ${reason}. Remove this replica from its cluster and join it ` +
      'again with an empty data directory; if it is the only replica, restore the data directory from a backup.',
  );
}
