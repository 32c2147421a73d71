import { mkdirSync, rmSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { Packr } from 'msgpackr';
import { type Environment, flushedOf, openEnvironment, openTables, type Table } from './lmdb.js';
import type { LmdbSnapshot } from './lmdb-snapshot.js';
import { decodeMeta, META_KEY, type StateMeta } from './meta.js';
import { Room } from './room.js';
import { checkObject, decodeEvent, parsePastKey } from './rows.js';
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

/** table: its place in TABLE_NAMES; -1 ends the snapshot, with the number of rows before it as `crc`. */
type WireChunk = [version: number, table: number, crc: number, rows: Uint8Array[]];

/**
 * The whole state as of one commit, in chunks of bounded size. Between two chunks others get their turn, however fast
 * the receiver is. Throws CorruptRecordError: what is damaged here must not spread.
 */
export async function* exportState(snapshot: LmdbSnapshot): AsyncGenerator<Buffer> {
  let count = 0;
  for (const [place, table] of TABLE_NAMES.entries()) {
    let rows: Uint8Array[] = [];
    let bytes = 0;
    for (const { key, value } of snapshot.scanAll(table)) {
      if (table === 'objects') checkObject(table, key.toString(), value);
      else if (table === 'past') checkObject(table, parsePastKey(key).key, value);
      else if (table === 'events') decodeEvent(key, value);
      rows.push(key, value);
      count++;
      bytes += key.length + value.length;
      if (bytes < CHUNK_BYTES) continue;
      yield encodeChunk(place, rows);
      await new Promise((resolve) => setImmediate(resolve));
      rows = [];
      bytes = 0;
    }
    if (rows.length > 0) yield encodeChunk(place, rows);
  }
  yield packr.pack([VERSION, -1, count, []] satisfies WireChunk);
}

function encodeChunk(table: number, rows: Uint8Array[]): Buffer {
  return packr.pack([VERSION, table, crcOf(rows), rows] satisfies WireChunk);
}

function crcOf(rows: readonly Uint8Array[]): number {
  let crc = 0;
  for (const part of rows) crc = crc32(part, crc);
  return crc;
}

/** A state being received into a directory of its own. */
export class StagedState {
  readonly path: string;
  readonly #room = new Room();
  readonly #environment: Environment;
  readonly #tables: Readonly<Record<TableName, Table>>;
  #count = 0;
  #complete = false;
  #flushed: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Whatever the directory held before is removed. */
  constructor(path: string) {
    this.path = path;
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true, mode: 0o700 });
    this.#environment = openEnvironment({ path, overlappingSync: true });
    this.#tables = openTables(this.#environment);
  }

  /** Writes one chunk. Resolves when the next may come. Throws SnapshotError for a damaged one. */
  async add(chunk: Buffer): Promise<void> {
    const [version, place, crc, rows] = packr.unpack(chunk) as WireChunk;
    if (version !== VERSION) throw new SnapshotError(`version ${version} is not known`);
    if (place === -1) {
      if (crc !== this.#count) throw new SnapshotError(`${this.#count} rows came of ${crc}`);
      this.#complete = true;
      return;
    }
    const name = TABLE_NAMES[place];
    if (name === undefined || this.#complete) throw new SnapshotError('a chunk is out of place');
    if (crc !== crcOf(rows)) throw new SnapshotError('checksum mismatch');
    const table = this.#tables[name];
    const full = this.#room.lacks(this.path, chunk.length, rows.length / 2);
    if (full !== undefined) throw full;
    const committed = this.#environment.batch(() => {
      for (let i = 0; i + 1 < rows.length; i += 2) void table.put(bufferOf(rows[i]), bufferOf(rows[i + 1]));
    });
    this.#count += rows.length / 2;
    this.#flushed = flushedOf(committed);
    this.#flushed.catch(() => undefined); // Awaited in finish.
    await committed;
  }

  /** Makes sure that all is there and on disk, and closes. Throws SnapshotError, CorruptRecordError. */
  async finish(): Promise<StateMeta> {
    if (!this.#complete) throw new SnapshotError('it ends early');
    await this.#flushed;
    const row = this.#tables.meta.get(META_KEY);
    if (row === undefined) throw new SnapshotError('it has no meta row');
    const meta = decodeMeta(row);
    this.#closed = true;
    await this.#environment.close();
    return meta;
  }

  /** Removes what was received. */
  async discard(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      await this.#environment.close();
    }
    rmSync(this.path, { recursive: true, force: true });
  }
}

function bufferOf(bytes: Uint8Array | undefined): Buffer {
  if (bytes === undefined) throw new SnapshotError('a row is cut off');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
