import { byteText } from './layer.js';
import type { Environment, ReadTransaction, Table } from './lmdb.js';
import type { Row, ScanOptions, Snapshot, TableKey, TableName } from './tables.js';

/**
 * Answers of LMDB that a snapshot keeps, and the longest record among them, bytes: one write looks for its own key several
 * times, and most look for the same others. When there are so many, all are forgotten.
 */
const KEPT_MAX = 256;
const KEPT_BYTES = 4_096;

/** A view on one LMDB read transaction, which it holds until `release`. */
export class LmdbSnapshot implements Snapshot {
  readonly #tables: Readonly<Record<TableName, Table>>;
  readonly #transaction: ReadTransaction;
  readonly #getOptions: object;

  readonly #onRelease: (() => void) | undefined;
  #released = false;
  /** Objects that were asked for, and that there is none. */
  readonly #kept = new Map<string, Buffer | undefined>();

  /** Takes the newest committed state. */
  constructor(environment: Environment, tables: Readonly<Record<TableName, Table>>, onRelease?: () => void) {
    this.#onRelease = onRelease;
    this.#tables = tables;
    environment.resetReadTxn();
    this.#transaction = environment.useReadTransaction();
    this.#getOptions = { transaction: this.#transaction };
  }

  get(table: TableName, key: TableKey): Buffer | undefined {
    if (table !== 'objects' || typeof key !== 'string') return this.#tables[table].get(key, this.#getOptions);
    const kept = this.#kept.get(key);
    if (kept !== undefined || this.#kept.has(key)) return kept;
    const record = this.#tables[table].get(key, this.#getOptions);
    if (record === undefined || record.length <= KEPT_BYTES) {
      if (this.#kept.size >= KEPT_MAX) this.#kept.clear();
      this.#kept.set(key, record);
    }
    return record;
  }

  scan(table: 'objects', start: string, end: string, options?: ScanOptions): Iterable<Row<string>>;
  scan(table: 'past' | 'events' | 'expiry', start: Buffer, end: Buffer, options?: ScanOptions): Iterable<Row<Buffer>>;
  scan(table: TableName, start: TableKey, end: TableKey, options?: ScanOptions): Iterable<Row<never>> {
    const range = { ...this.#getOptions, ...options, start, end };
    if (options?.values !== false) return this.#tables[table].getRange(range) as Iterable<Row<never>>;
    return this.#tables[table].getKeys(range).map((key) => ({ key, value: EMPTY })) as Iterable<Row<never>>;
  }

  /** Every row of a table, or those from a key on; keys as bytes. */
  *scanAll(table: TableName, start: Buffer = LOWEST): Iterable<Row<Buffer>> {
    const range = { ...this.#getOptions, start, end: HIGHEST };
    for (const { key, value } of this.#tables[table].getRange(range)) {
      yield { key: typeof key === 'string' ? Buffer.from(key) : key, value };
    }
  }

  /** The rows of a table from a key on; `from` and each `text` are keys as `byteText` has them. */
  *rowsFrom(table: TableName, from: string): Generator<{ readonly text: string; readonly value: Buffer }, void> {
    const range = { ...this.#getOptions, start: Buffer.from(from, 'latin1'), end: HIGHEST };
    for (const { key, value } of this.#tables[table].getRange(range)) yield { text: byteText(key), value };
  }

  count(table: 'objects', start: string, end: string): number {
    return this.#tables[table].getKeysCount({ ...this.#getOptions, start, end });
  }

  /** True once it was released, by its holder or because the state was replaced: it must not be used any more. */
  get released(): boolean {
    return this.#released;
  }

  /** Gives the read transaction back; the snapshot must not be used any more. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#transaction.done();
    this.#onRelease?.();
  }
}

const EMPTY = Buffer.alloc(0);
/** Bounds of every key: without them lmdb begins where its own key encoding would. */
export const LOWEST = Buffer.alloc(1, 0);
const HIGHEST = Buffer.alloc(16, 0xff);
