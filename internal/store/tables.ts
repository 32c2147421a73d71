/**
 * The tables of the state, as the state machine and the readers see them: byte strings under byte-ordered keys.
 * LMDB is one implementation (state.ts); a simulator may bring another.
 */
export type TableName = 'objects' | 'past' | 'events' | 'expiry' | 'meta';

export const TABLE_NAMES: readonly TableName[] = ['objects', 'past', 'events', 'expiry', 'meta'];

/** `objects` and `meta` are keyed by text (UTF-8), the other tables by composed bytes (rows.ts). */
export type TableKey = string | Buffer;

export interface ScanOptions {
  readonly reverse?: boolean;
  readonly limit?: number;
  /** False reads keys only: `value` is then empty. */
  readonly values?: boolean;
}

export interface Row<K extends TableKey = TableKey> {
  readonly key: K;
  readonly value: Buffer;
}

/** A consistent, unchanging view of all tables. Buffers that it returns belong to the caller. */
export interface Snapshot {
  get(table: TableName, key: TableKey): Buffer | undefined;
  /** Rows in [start, end), or, with `reverse`, from `start` down to just above `end`. */
  scan(table: 'objects', start: string, end: string, options?: ScanOptions): Iterable<Row<string>>;
  scan(table: 'past' | 'events' | 'expiry', start: Buffer, end: Buffer, options?: ScanOptions): Iterable<Row<Buffer>>;
  count(table: 'objects', start: string, end: string): number;
}

/** What applying a command may touch: it reads objects as of the command before, and writes anything. */
export interface ApplyTables {
  getObject(key: string): Buffer | undefined;
  put(table: TableName, key: TableKey, value: Buffer): void;
  remove(table: TableName, key: TableKey): void;
}
