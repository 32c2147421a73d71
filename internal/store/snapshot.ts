import { rmSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr';
import { FatalError } from '../machinery/assert.js';
import { makeDirectory } from '../machinery/directory.js';
import { type Environment, flushedOf, openEnvironment, openTable, openTables, type Table } from './lmdb.js';
import { type LmdbSnapshot, LOWEST } from './lmdb-snapshot.js';
import { decodeMeta, META_KEY, type StateMeta } from './meta.js';
import { Room } from './room.js';
import { addRow, differenceOf, emptySums, type RowSums } from './row-sums.js';
import { checkObject, decodeEvent, MissingRowsError, parsePastKey } from './rows.js';
import { TABLE_NAMES, type TableName } from './tables.js';

/** Rows of one chunk hold about this many bytes, and at least one row. */
const CHUNK_BYTES = 256 * 1024;
const VERSION = 1;
const packr = new Packr({ useRecords: false, int64AsType: 'number' });

/** A snapshot that arrived damaged or incomplete. */
export class SnapshotError extends Error {
  constructor(reason: string) {
    super(`the snapshot cannot be used: ${reason}`);
    this.name = 'SnapshotError';
  }
}

/**
 * table: its place in TABLE_NAMES; -1 ends the snapshot, with the number of rows before it as `crc`, and the checksum of
 * all chunks before it as `sum`.
 */
type WireChunk = [version: number, table: number, crc: number, rows: Uint8Array[], sum?: number];

/** Where a chunk begins: which rows are in it, and what came before it. */
interface ChunkStart {
  readonly place: number;
  readonly key: Buffer;
  readonly rows: number;
  readonly sum: number;
  /** Of all rows before it. */
  readonly sums: RowSums;
}

/**
 * The whole state as of one commit, in chunks of bounded size. It can be read again from any chunk that was read before:
 * the start of each is remembered, a key for every 256 KiB. Nothing of LMDB is in use between two chunks but the snapshot.
 */
export class StateExport {
  readonly #snapshot: LmdbSnapshot;
  readonly #starts: ChunkStart[] = [{ place: 0, key: LOWEST, rows: 0, sum: 0, sums: emptySums(true) }];

  /** `snapshot` is released by `release`. */
  constructor(snapshot: LmdbSnapshot) {
    this.#snapshot = snapshot;
  }

  /** Chunks that were read, the last one being the newest. */
  get read(): number {
    return this.#starts.length - 1;
  }

  /**
   * The chunks behind the first `from`. Between two chunks others get their turn, however fast the receiver is. Throws
   * CorruptRecordError: what is damaged or missing here must not spread.
   */
  async *chunks(from = 0): AsyncGenerator<Buffer> {
    this.#starts.length = Math.min(this.#starts.length, from + 1);
    for (;;) {
      if (this.#snapshot.released) throw new Error('the snapshot is not held any more');
      const start = this.#starts.at(-1);
      if (start === undefined || this.read < from) throw new Error(`chunk ${from} was not reached before`);
      const rest = this.#rows(start);
      if (rest === undefined) {
        this.#checkRows(start.sums);
        yield packr.pack([VERSION, -1, start.rows, [], start.sum] satisfies WireChunk);
        return;
      }
      const { place, rows, key, sums } = rest;
      const chunk = encodeChunk(place, rows);
      this.#starts.push({ place, key, rows: start.rows + rows.length / 2, sum: crc32(chunk, start.sum), sums });
      yield chunk;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Throws MissingRowsError unless the rows that were read are those that were written. */
  #checkRows(sums: RowSums): void {
    const row = this.#snapshot.get('meta', META_KEY);
    if (row === undefined) return;
    const meta = decodeMeta(row);
    const tables = differenceOf(sums, meta.sums);
    if (tables !== '') throw new MissingRowsError(tables, meta.revision);
  }

  /** Keys and values of the next chunk, the key behind them, and the sums of all so far; undefined behind the last row. */
  #rows(start: ChunkStart): (Pick<ChunkStart, 'place' | 'key' | 'sums'> & { readonly rows: Uint8Array[] }) | undefined {
    const sums = { ...start.sums };
    for (let { place, key: from } = start; place < TABLE_NAMES.length; place++, from = LOWEST) {
      const table = TABLE_NAMES[place];
      if (table === undefined) break;
      const rows: Uint8Array[] = [];
      let bytes = 0;
      let last = from;
      for (const { key, value } of this.#snapshot.scanAll(table, from)) {
        if (table === 'objects') checkObject(table, key.toString(), value);
        else if (table === 'past') checkObject(table, parsePastKey(key).key, value);
        else if (table === 'events') decodeEvent(key, value);
        if (table !== 'meta') addRow(sums, table, key, value);
        rows.push(key, value);
        last = key;
        bytes += key.length + value.length;
        if (bytes >= CHUNK_BYTES) break;
      }
      // No key lies between one and the same with a zero behind it.
      if (rows.length > 0) return { place, rows, key: Buffer.concat([last, ZERO]), sums };
    }
    return undefined;
  }

  /** Gives the read transaction back; whoever still reads chunks gets an error. */
  release(): void {
    this.#snapshot.release();
  }
}

const ZERO = Buffer.alloc(1);

function encodeChunk(table: number, rows: Uint8Array[]): Buffer {
  return packr.pack([VERSION, table, crcOf(rows), rows] satisfies WireChunk);
}

function crcOf(rows: readonly Uint8Array[]): number {
  let crc = 0;
  for (const part of rows) crc = crc32(part, crc);
  return crc;
}

/** How much of a transfer is there: whole chunks, the rows in them, and the checksum of all. */
interface Progress {
  readonly chunks: number;
  readonly rows: number;
  readonly sum: number;
}
type WireProgress = [transfer: string, chunks: number, rows: number, sum: number];
const PROGRESS_KEY = 'progress';

/** A state being received into a directory of its own. */
export class StagedState {
  readonly path: string;
  readonly #room = new Room();
  readonly #environment: Environment;
  readonly #tables: Readonly<Record<TableName, Table>>;
  /** Beside the state, and never exported: what has come, in the transaction of the rows. Empty in a whole state. */
  readonly #progressTable: Table;
  #transfer: string;
  #progress: Progress = { chunks: 0, rows: 0, sum: 0 };
  #complete = false;
  #flushed: Promise<unknown> = Promise.resolve();
  #closed = false;

  /**
   * Whatever the directory held before is removed, unless it is reopened. `transfer` names what is received, if it can be
   * gone on with later.
   */
  constructor(path: string, transfer = '', keep = false) {
    this.path = path;
    this.#transfer = transfer;
    if (!keep) rmSync(path, { recursive: true, force: true });
    makeDirectory(path, 0o700);
    this.#environment = openEnvironment({ path, overlappingSync: true });
    this.#tables = openTables(this.#environment);
    this.#progressTable = openTable(this.#environment, 'transfer', 'text');
  }

  /** A state that was partly received before; undefined when the directory does not hold one. It stays as it is. */
  static async reopen(path: string): Promise<StagedState | undefined> {
    let staged: StagedState;
    try {
      staged = new StagedState(path, '', true);
    } catch (error) {
      if (error instanceof FatalError) return undefined;
      throw error;
    }
    const row = staged.#progressTable.get(PROGRESS_KEY);
    if (row === undefined) {
      await staged.close();
      return undefined;
    }
    const [transfer, chunks, rows, sum] = packr.unpack(row) as WireProgress;
    staged.#transfer = transfer;
    staged.#progress = { chunks, rows, sum };
    return staged;
  }

  /** What is received; '' when it cannot be gone on with. */
  get transfer(): string {
    return this.#transfer;
  }
  /** Whole chunks that were found right and stored. */
  get chunks(): number {
    return this.#progress.chunks;
  }

  /** Has its end come, and was it right? */
  get complete(): boolean {
    return this.#complete;
  }

  /** Writes one chunk. Resolves when the next may come. Throws SnapshotError for a damaged one. */
  async add(chunk: Buffer): Promise<void> {
    const [version, place, crc, rows, sum] = packr.unpack(chunk) as WireChunk;
    const before = this.#progress;
    if (version !== VERSION) throw new SnapshotError(`version ${version} is not known`);
    if (place === -1) {
      if (crc !== before.rows) throw new SnapshotError(`${before.rows} rows came of ${crc}`);
      // An earlier release sends no checksum of the whole, and never goes on where it was.
      if (sum === undefined ? this.#transfer !== '' : sum !== before.sum) {
        throw new SnapshotError('the checksum of the whole does not match');
      }
      this.#complete = true;
      return;
    }
    const name = TABLE_NAMES[place];
    if (name === undefined || this.#complete) throw new SnapshotError('a chunk is out of place');
    if (crc !== crcOf(rows)) throw new SnapshotError('checksum mismatch');
    const table = this.#tables[name];
    const full = this.#room.lacks(this.path, chunk.length, rows.length / 2);
    if (full !== undefined) throw full;
    const after = {
      chunks: before.chunks + 1,
      rows: before.rows + rows.length / 2,
      sum: crc32(chunk, before.sum),
    };
    const progress = packr.pack([this.#transfer, after.chunks, after.rows, after.sum] satisfies WireProgress);
    const committed = this.#environment.batch(() => {
      for (let i = 0; i + 1 < rows.length; i += 2) void table.put(bufferOf(rows[i]), bufferOf(rows[i + 1]));
      if (this.#transfer !== '') void this.#progressTable.put(PROGRESS_KEY, progress);
    });
    this.#flushed = flushedOf(committed);
    this.#flushed.catch(() => undefined); // Awaited in finish.
    await committed;
    this.#progress = after;
  }

  /** Makes sure that all is there and on disk, and closes. Throws SnapshotError, CorruptRecordError. */
  async finish(): Promise<StateMeta> {
    if (!this.#complete) throw new SnapshotError('it ends early');
    await this.#flushed;
    const row = this.#tables.meta.get(META_KEY);
    if (row === undefined) throw new SnapshotError('it has no meta row');
    const meta = decodeMeta(row);
    if (this.#transfer !== '') {
      // From now on it is a state, which entries are applied to, and no part of the transfer any more.
      const full = this.#room.lacks(this.path, 0, 1);
      if (full !== undefined) throw full;
      await flushedOf(this.#environment.batch(() => void this.#progressTable.remove(PROGRESS_KEY)));
    }
    await this.close();
    return meta;
  }

  /** Closes; what was received stays. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#environment.close();
  }

  /** Removes what was received. */
  async discard(): Promise<void> {
    await this.close();
    rmSync(this.path, { recursive: true, force: true });
  }
}

function bufferOf(bytes: Uint8Array | undefined): Buffer {
  if (bytes === undefined) throw new SnapshotError('a row is cut off');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
