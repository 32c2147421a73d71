import { existsSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { FatalError } from '../machinery/assert.js';
import { makeDirectory } from '../machinery/directory.js';
import { hasMetaPages, missingPages } from './lmdb-extent.js';
import { PAGE_BYTES } from './page-order.js';
import type { TableKey, TableName } from './tables.js';

/** One table of an environment: bytes under bytes or text. */
export type Table = Database<Buffer, TableKey>;
export type Environment = RootDatabase<Buffer, TableKey>;

/** A read transaction as lmdb hands it out; `done` gives it back. */
export interface ReadTransaction {
  done(): void;
}

export interface EnvironmentOptions {
  /** Directory of the environment; made if absent. */
  readonly path: string;
  /**
   * True: a commit is visible before it is flushed, and until its flush is done no page that the last flushed commit
   * needs is overwritten, so that power loss rolls back to a whole commit. False: a commit is flushed, then visible.
   */
  readonly overlappingSync: boolean;
  /** Address space to map at first, in bytes; the file grows as it is used, and the map beyond this by itself. */
  readonly mapSize?: number;
}

const DEFAULT_MAP_SIZE = 1 << 30;

const textOrBytes = {
  writeKey(key: TableKey, target: Buffer, start: number): number {
    if (typeof key === 'string') return start + target.write(key, start, 'utf8');
    target.set(key, start);
    return start + key.length;
  },
};
const textKeys = {
  ...textOrBytes,
  readKey: (source: Buffer, start: number, end: number): string => source.toString('utf8', start, end),
};
const byteKeys = {
  ...textOrBytes,
  readKey: (source: Buffer, start: number, end: number): Buffer => Buffer.from(source.subarray(start, end)),
};

/** Opens an LMDB environment. Throws FatalError with what to do when it cannot be used. */
export function openEnvironment(options: EnvironmentOptions): Environment {
  try {
    makeDirectory(options.path, 0o700);
    const file = join(options.path, 'data.mdb');
    const isThere = existsSync(file);
    if (isThere && !hasMetaPages(file)) throw new Error('data.mdb does not begin as a database does');
    const missing = isThere ? missingPages(file) : undefined;
    if (missing !== undefined) throw new Error(`data.mdb was cut short: ${missing}`);
    return open<Buffer, TableKey>({
      path: options.path,
      noSubdir: false,
      encoding: 'binary',
      keyEncoding: 'binary',
      maxDbs: 16,
      pageSize: PAGE_BYTES,
      mapSize: options.mapSize ?? DEFAULT_MAP_SIZE,
      overlappingSync: options.overlappingSync,
      separateFlushed: true,
      // All writes come in explicit batches; lmdb's own would add a promise to each that nobody can handle.
      eventTurnBatching: false,
    });
  } catch (error) {
    if (error instanceof FatalError) throw error;
    throw new FatalError(
      `cannot open the database in ${options.path}: ${messageOf(error)}. ` +
        'Check that the directory is writable and that the disk is not full. If the file is damaged, remove this ' +
        'replica from its cluster and join it again with an empty data directory. Only where it is the only replica may ' +
        'the directory be restored from a backup.',
    );
  }
}

/** Opens a table whose keys read back as text, or as bytes. */
export function openTable(environment: Environment, name: string, keys: 'text' | 'bytes'): Table {
  // lmdb's types leave out `keyEncoder`, which its README documents.
  const options = { name, encoding: 'binary' as const, keyEncoder: keys === 'text' ? textKeys : byteKeys };
  return environment.openDB<Buffer, TableKey>(options);
}

/** Opens the tables of a state. */
export function openTables(environment: Environment): Readonly<Record<TableName, Table>> {
  return {
    objects: openTable(environment, 'objects', 'text'),
    past: openTable(environment, 'past', 'bytes'),
    events: openTable(environment, 'events', 'bytes'),
    expiry: openTable(environment, 'expiry', 'bytes'),
    meta: openTable(environment, 'meta', 'text'),
  };
}

/** Resolves when the commit that `committed` stands for is on disk (lmdb's separateFlushed). */
export function flushedOf(committed: Promise<boolean>): Promise<unknown> {
  const { flushed } = committed as Promise<boolean> & { flushed?: Promise<unknown> };
  return flushed ?? committed;
}

/** The reason behind a failed commit: lmdb hides it in a promise of its own. */
export async function commitErrorOf(error: unknown): Promise<Error> {
  if (error instanceof Error && 'commitError' in error && error.commitError instanceof Promise) {
    try {
      await error.commitError;
    } catch (reason) {
      return reason instanceof Error ? reason : new Error(String(reason));
    }
  }
  return error instanceof Error ? error : new Error(String(error));
}

/** Less than this free counts as full: LMDB reports a write that was cut short as an input/output error. */
const FULL_BELOW_BYTES = 16 * 1024 * 1024;

/** True when a commit in `path` failed because the disk or quota is full: it may work again once space is made. */
export function isDiskFull(error: Error, path: string): boolean {
  if (/no space left|disk quota|ENOSPC|EDQUOT|MDB_MAP_FULL/i.test(error.message)) return true;
  if (!/input\/output error/i.test(error.message)) return false;
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize < FULL_BELOW_BYTES;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
