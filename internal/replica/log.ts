import { assert, FatalError } from '../machinery/assert.js';
import { cutToBytes, entryBytes } from '../raft/entry.js';
import type { Entry, HardState, LogStorage, SnapshotMeta } from '../raft/types.js';
import {
  commitErrorOf,
  type Environment,
  isDiskFull,
  openEnvironment,
  openTable,
  type Table,
  tableBytes,
} from '../store/lmdb.js';
import { LogTail } from './log-tail.js';
import { Room } from '../store/room.js';
import { checkSeal, CorruptRecordError, seal } from '../store/rows.js';

const DISK_FULL_RETRY_MS = 1_000;
const HEADER = 12;

export interface LogOptions {
  readonly path: string;
  readonly mapSize?: number;
  /** The newest state that a snapshot could be taken of. */
  readonly stateMeta: () => SnapshotMeta;
  readonly onDiskFull: (error: Error | undefined) => void;
  /** Seconds that a durable write took. */
  readonly observeWrite?: (seconds: number) => void;
  /** How much longer each durable write takes, in ms: for tests only, which cannot have a slow disk. */
  readonly delayMs?: () => number;
}

interface Base {
  readonly index: number;
  readonly term: number;
}

/**
 * The Raft log on disk: entries by index, hard state, and where the log begins. What `append` was given can be read at
 * once; its promise tells when it is on disk.
 */
export class LogStore implements LogStorage {
  readonly #options: LogOptions;
  readonly #room = new Room();
  readonly #environment: Environment;
  readonly #entries: Table;
  readonly #meta: Table;
  /** The entry just before the first: compacted away, or covered by a snapshot. */
  #base: Base;
  #last: number;
  #hardState: HardState | undefined;
  /** The hard state has moved since it was last written. */
  #noted = false;
  readonly #tail: LogTail;
  #closed = false;
  #queue: (() => void)[] = [];
  /** Bytes and rows that the queue is about to put. */
  #queued = { bytes: 0, rows: 0 };
  /** The transaction being written, and the one that collects work behind it. */
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #writingSince: number | undefined;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#environment = openEnvironment({
      path: options.path,
      overlappingSync: false,
      ...(options.mapSize === undefined ? {} : { mapSize: options.mapSize }),
    });
    this.#entries = openTable(this.#environment, 'entries', 'bytes');
    this.#meta = openTable(this.#environment, 'meta', 'text');
    try {
      const base = this.#meta.get('base');
      this.#base = base === undefined ? { index: 0, term: 0 } : decodeBase(base);
      const hardState = this.#meta.get('hardState');
      this.#hardState = hardState === undefined ? undefined : decodeHardState(hardState);
      this.#last = this.#readLast();
    } catch (error) {
      if (error instanceof CorruptRecordError) throw this.#damaged(error.message);
      throw error;
    }
    const held = { from: this.#base.index + 1, bytes: tableBytes(this.#entries) };
    this.#tail = new LogTail(this.#last + 1, held);
  }

  #readLast(): number {
    let first: number | undefined;
    let last = this.#base.index;
    for (const key of this.#entries.getKeys({ start: LOWEST, end: HIGHEST, limit: 1 })) first = indexOf(key);
    if (first !== undefined && first <= this.#base.index) {
      // A crash came between moving the base and removing what is below it.
      this.#removeEntries(first, this.#base.index).catch(() => undefined); // Tried again at the next start.
      first = undefined;
    }
    for (const key of this.#entries.getKeys({ start: HIGHEST, end: LOWEST, reverse: true, limit: 1 }))
      last = indexOf(key);
    if (first !== undefined && first > this.#base.index + 1) {
      throw this.#damaged(`it begins at entry ${first}, but should at ${this.#base.index + 1}`);
    }
    return Math.max(last, this.#base.index);
  }

  #damaged(reason: string): FatalError {
    return new FatalError(
      `the Raft log in ${this.#options.path} is damaged: ${reason}. Remove this replica from its cluster and join it ` +
        'again with an empty data directory; if it is the only replica, restore the data directory from a backup.',
    );
  }

  get hardState(): HardState | undefined {
    return this.#hardState;
  }

  firstIndex(): number {
    return this.#base.index + 1;
  }
  lastIndex(): number {
    return this.#last;
  }
  /** The last index with about `bytes` of entries behind it; 0 for none. */
  indexBefore(bytes: number): number {
    return this.#tail.indexBefore(bytes);
  }

  term(index: number): number | undefined {
    if (index === this.#base.index) return this.#base.term;
    if (index < this.#base.index || index > this.#last) return undefined;
    return this.#tail.get(index)?.term ?? this.#read(index).term;
  }

  entries(lo: number, hi: number, bytesMax: number): readonly Entry[] {
    assert(
      lo > this.#base.index && hi <= this.#last + 1,
      `log read [${lo}, ${hi}) outside (${this.#base.index}, ${this.#last}]`,
    );
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
    const row = this.#entries.get(logKey(index));
    if (row === undefined) throw this.#damaged(`entry ${index} is missing`);
    try {
      return decodeEntry(index, row);
    } catch (error) {
      if (error instanceof CorruptRecordError) throw this.#damaged(error.message);
      throw error;
    }
  }

  /**
   * Adds entries (they replace any from their first index on) and the hard state. They can be read at once; the promise
   * resolves when they are on disk. A full disk is retried until it works or the log is closed.
   * Rejects with FatalError when the disk fails.
   */
  append(entries: readonly Entry[], hardState: HardState | undefined): Promise<void> {
    const first = entries[0];
    const lastBefore = this.#last;
    if (first !== undefined) {
      assert(
        first.index > this.#base.index && first.index <= this.#last + 1,
        `append at ${first.index} after ${this.#last}`,
      );
      this.#tail.append(entries);
      this.#last = first.index + entries.length - 1;
    }
    const state = hardState ?? (this.#noted ? this.#hardState : undefined);
    this.#hardState = state ?? this.#hardState;
    this.#noted = false;
    const last = this.#last;
    for (const entry of entries) this.#queued.bytes += entryBytes(entry);
    this.#queued.rows += entries.length;
    return this.#write(() => {
      for (const entry of entries) void this.#entries.put(logKey(entry.index), encodeEntry(entry));
      for (let index = last + 1; index <= lastBefore; index++) {
        void this.#entries.remove(logKey(index));
      }
      if (state !== undefined) void this.#meta.put('hardState', encodeHardState(state));
    });
  }

  /** A moved commit index: written along with the next append, because losing it costs nothing. */
  note(hardState: HardState): void {
    this.#hardState = hardState;
    this.#noted = true;
  }

  /** Forgets entries up to and including `index`. */
  async compact(index: number): Promise<void> {
    const term = this.term(index);
    assert(term !== undefined && index <= this.#last, `compact to ${index} beyond the log`);
    if (index === this.#base.index) return;
    const from = this.#base.index + 1;
    const base = { index, term };
    this.#base = base;
    this.#tail.dropTo(index);
    // The base moves first: entries left behind by a crash are below it, and removed at the next start.
    await this.#write(() => {
      void this.#meta.put('base', encodeBase(base));
    });
    await this.#removeEntries(from, index);
  }

  /** The whole log is replaced by a snapshot at this index, and facts are noted, in one step. */
  async reset(
    meta: SnapshotMeta,
    hardState: HardState | undefined,
    facts: Readonly<Record<string, Buffer>>,
  ): Promise<void> {
    const from = this.#base.index + 1;
    const to = this.#last;
    this.#last = meta.index;
    this.#tail.reset(meta.index + 1);
    if (hardState !== undefined) this.#hardState = hardState;
    this.#noted = false;
    this.#base = { index: meta.index, term: meta.term };
    const base = this.#base;
    await this.#write(() => {
      for (let i = from; i <= to; i++) void this.#entries.remove(logKey(i));
      void this.#meta.put('base', encodeBase(base));
      for (const [name, value] of Object.entries(facts)) void this.#meta.put(`fact/${name}`, value);
      if (hardState !== undefined) void this.#meta.put('hardState', encodeHardState(hardState));
    });
  }

  /** In slices: one huge transaction would hold up the appends behind it. */
  async #removeEntries(from: number, to: number): Promise<void> {
    for (let lo = from; lo <= to && !this.#closed; lo += COMPACT_SLICE) {
      const hi = Math.min(lo + COMPACT_SLICE - 1, to);
      await this.#write(() => {
        for (let i = lo; i <= hi; i++) void this.#entries.remove(logKey(i));
      });
    }
  }

  /**
   * Queues work for the next transaction: all work that comes in while one is being written shares the next, in order.
   * `work` may run more than once (after a full disk) and must write the same each time.
   */
  #write(work: () => void): Promise<void> {
    this.#queue.push(work);
    this.#next ??= this.#writeQueue();
    return this.#next;
  }

  async #writeQueue(): Promise<void> {
    await this.#writing;
    this.#writing = this.#next ?? Promise.resolve();
    this.#next = undefined;
    const [queue, queued] = [this.#queue, this.#queued];
    this.#queue = [];
    this.#queued = { bytes: 0, rows: 0 };
    await this.#commit(queue, queued);
  }

  async #commit(queue: readonly (() => void)[], queued: { bytes: number; rows: number }): Promise<void> {
    for (let full = false; ; full = true) {
      try {
        const began = performance.now();
        this.#writingSince = began;
        const lacking = this.#room.lacks(this.#options.path, queued.bytes, queued.rows);
        if (lacking !== undefined) throw lacking;
        await this.#environment.batch(() => {
          for (const work of queue) work();
        });
        const delayMs = this.#options.delayMs?.() ?? 0;
        if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
        this.#writingSince = undefined;
        this.#options.observeWrite?.((performance.now() - began) / 1000);
        if (full) this.#options.onDiskFull(undefined);
        return;
      } catch (failure) {
        const error = await commitErrorOf(failure);
        if (!isDiskFull(error, this.#options.path) || this.#closed) {
          throw new FatalError(
            `the Raft log in ${this.#options.path} cannot be written: ${error.message}. Check the disk; if it is damaged, ` +
              'remove this replica from its cluster and join it again with an empty data directory.',
          );
        }
        this.#options.onDiskFull(error);
        await new Promise((resolve) => setTimeout(resolve, DISK_FULL_RETRY_MS));
      }
    }
  }

  /** Small facts beside the log (the member's identity); durable when the promise resolves. */
  getFact(name: string): Buffer | undefined {
    return this.#meta.get(`fact/${name}`);
  }
  putFact(name: string, value: Buffer): Promise<void> {
    return this.putFacts({ [name]: value });
  }
  /** Several facts in one step. */
  async putFacts(facts: Readonly<Record<string, Buffer>>): Promise<void> {
    await this.#write(() => {
      for (const [name, value] of Object.entries(facts)) void this.#meta.put(`fact/${name}`, value);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#environment.close();
  }
}

/** Small: appends that come in meanwhile share the transaction, and wait for it. */
const COMPACT_SLICE = 500;
/** Bounds of every key: without them lmdb begins where its own key encoding would. */
const LOWEST = Buffer.alloc(6, 0);
const HIGHEST = Buffer.alloc(7, 0xff);

function logKey(index: number): Buffer {
  const key = Buffer.allocUnsafe(6);
  key.writeUIntBE(index, 0, 6);
  return key;
}
function indexOf(key: unknown): number {
  assert(Buffer.isBuffer(key), 'log keys are bytes');
  return key.readUIntBE(0, 6);
}

/** version 1 | crc32 4 | term 6 | type 1 | data. */
function encodeEntry(entry: Entry): Buffer {
  const row = Buffer.allocUnsafe(HEADER + entry.data.length);
  row.writeUIntBE(entry.term, 5, 6);
  row[11] = entry.type === 'confChange' ? 1 : 0;
  row.set(entry.data, HEADER);
  return seal(row);
}
function decodeEntry(index: number, row: Buffer): Entry {
  if (row.length < HEADER) throw new CorruptRecordError('entries', String(index), 'too short');
  checkSeal('entries', String(index), row);
  return {
    index,
    term: row.readUIntBE(5, 6),
    type: row[11] === 1 ? 'confChange' : 'normal',
    data: row.subarray(HEADER),
  };
}

/** version 1 | crc32 4 | term 6 | vote 7 (ids go up to 2^53) | commit 6. */
function encodeHardState(state: HardState): Buffer {
  const row = Buffer.alloc(25);
  row.writeUIntBE(state.term, 5, 6);
  row.writeDoubleBE(state.vote, 11);
  row.writeUIntBE(state.commit, 19, 6);
  return seal(row);
}
function decodeHardState(row: Buffer): HardState {
  checkSeal('meta', 'hardState', row);
  return { term: row.readUIntBE(5, 6), vote: row.readDoubleBE(11), commit: row.readUIntBE(19, 6) };
}

function encodeBase(base: Base): Buffer {
  const row = Buffer.alloc(17);
  row.writeUIntBE(base.index, 5, 6);
  row.writeUIntBE(base.term, 11, 6);
  return seal(row);
}
function decodeBase(row: Buffer): Base {
  checkSeal('meta', 'base', row);
  return { index: row.readUIntBE(5, 6), term: row.readUIntBE(11, 6) };
}
