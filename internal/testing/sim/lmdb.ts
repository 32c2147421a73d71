/**
 * Takes the place of internal/store/lmdb.ts in a simulation (bundle.ts swaps it in): the same functions over the disk
 * of the machine on whose behalf code runs. Of lmdb's interface it has what the store and the log use.
 */
import type { TableName } from '../../store/tables.js';
import { SimEnvironmentFile, type SimFile } from './disk.js';
import { currentMachine } from './machine.js';
import { SimTable, type Version, type Write } from './tables.js';

type Key = string | Buffer;

export interface EnvironmentOptions {
  readonly path: string;
  readonly overlappingSync: boolean;
  readonly mapSize?: number;
}

class SimReadTransaction {
  constructor(readonly version: Version) {}
  done(): void {
    // Versions are garbage collected.
  }
}
export type ReadTransaction = SimReadTransaction;

interface RangeOptions {
  readonly start?: Key;
  readonly end?: Key;
  readonly reverse?: boolean;
  readonly limit?: number;
  readonly transaction?: SimReadTransaction;
}

function encodeKey(key: Key): string {
  if (typeof key === 'string' && PLAIN.test(key)) return key;
  return typeof key === 'string' ? Buffer.from(key, 'utf8').toString('latin1') : key.toString('latin1');
}

/** Text whose characters are its bytes. */
// oxlint-disable-next-line no-control-regex
const PLAIN = /^[\x00-\x7f]*$/;

/** The committed promise of lmdb, with the promise of its flush hung on it. */
type Committed = Promise<boolean> & { flushed?: Promise<unknown> };

class SimEnvironment {
  readonly #hold: SimEnvironmentFile;
  #batch: Write[] | undefined;
  #closed = false;

  constructor(
    readonly path: string,
    overlappingSync: boolean,
  ) {
    const { disk, actor } = currentMachine();
    this.#hold = new SimEnvironmentFile(disk, disk.file(path), actor, overlappingSync);
  }

  get file(): SimFile {
    return this.#hold.file;
  }

  write(write: Write): Promise<boolean> {
    if (this.#batch !== undefined) {
      this.#batch.push(write);
      return Promise.resolve(true);
    }
    return this.#commit([write]);
  }

  batch(work: () => void): Promise<boolean> {
    const writes: Write[] = [];
    this.#batch = writes;
    try {
      work();
    } finally {
      this.#batch = undefined;
    }
    return this.#commit(writes);
  }

  #commit(writes: readonly Write[]): Promise<boolean> {
    if (this.#closed) return Promise.reject(new Error('the environment is closed'));
    let flushed: () => void = () => undefined;
    let unflushed: (error: Error) => void = () => undefined;
    const flush = new Promise<void>((resolve, reject) => {
      flushed = resolve;
      unflushed = reject;
    });
    flush.catch(() => undefined); // Its failure is the commit's.
    const committed: Committed = new Promise<boolean>((resolve, reject) => {
      this.#hold.write({
        writes,
        settle: (error) => {
          if (error === undefined) resolve(true);
          else {
            reject(error);
            unflushed(error);
          }
        },
        flushed,
      });
    });
    committed.flushed = flush;
    return committed;
  }

  resetReadTxn(): void {
    // Every read transaction is taken from the newest version.
  }

  useReadTransaction(): SimReadTransaction {
    return new SimReadTransaction(this.file.visible);
  }

  async close(): Promise<void> {
    this.#closed = true;
    // What was handed in before is still written.
    await this.#hold.idle();
  }
}
export type Environment = SimEnvironment;

class SimDatabase {
  constructor(
    private readonly environment: SimEnvironment,
    private readonly name: string,
    private readonly keys: 'text' | 'bytes',
  ) {}

  #table(transaction: SimReadTransaction | undefined): SimTable {
    const { file } = this.environment;
    const version = transaction === undefined ? file.visible : file.now(transaction.version);
    return version.get(this.name) ?? SimTable.empty;
  }

  /** Keys that have been decoded before: scans meet the same ones again and again, and nobody changes them. */
  readonly #decoded = new Map<string, Key>();

  #decode(key: string): Key {
    let decoded = this.#decoded.get(key);
    if (decoded !== undefined) return decoded;
    const bytes = Buffer.from(key, 'latin1');
    decoded = this.keys === 'text' ? bytes.toString('utf8') : bytes;
    this.#decoded.set(key, decoded);
    return decoded;
  }

  get(key: Key, options?: { readonly transaction?: SimReadTransaction }): Buffer | undefined {
    return this.#table(options?.transaction).get(encodeKey(key));
  }

  put(key: Key, value: Buffer): Promise<boolean> {
    return this.environment.write({ table: this.name, key: encodeKey(key), value: Buffer.from(value) });
  }

  remove(key: Key): Promise<boolean> {
    return this.environment.write({ table: this.name, key: encodeKey(key), value: undefined });
  }

  #slice(options: RangeOptions): { readonly table: SimTable; readonly places: readonly number[] } {
    const table = this.#table(options.transaction);
    const { start, end, reverse = false, limit = Number.POSITIVE_INFINITY } = options;
    const places: number[] = [];
    if (reverse) {
      let at = start === undefined ? table.keys.length - 1 : table.find(encodeKey(start));
      if (start !== undefined && table.keys[at] !== encodeKey(start)) at -= 1;
      const stop = end === undefined ? undefined : encodeKey(end);
      for (; at >= 0 && places.length < limit; at -= 1) {
        if (stop !== undefined && (table.keys[at] ?? '') <= stop) break;
        places.push(at);
      }
    } else {
      const from = start === undefined ? 0 : table.find(encodeKey(start));
      const to = end === undefined ? table.keys.length : table.find(encodeKey(end));
      for (let at = from; at < to && places.length < limit; at += 1) places.push(at);
    }
    return { table, places };
  }

  getRange(options: RangeOptions = {}): { readonly key: Key; readonly value: Buffer }[] {
    const { table, places } = this.#slice(options);
    return places.map((at) => ({
      key: this.#decode(table.keys[at] ?? ''),
      value: table.values[at] ?? Buffer.alloc(0),
    }));
  }

  getKeys(options: RangeOptions = {}): Key[] {
    const { table, places } = this.#slice(options);
    return places.map((at) => this.#decode(table.keys[at] ?? ''));
  }

  getKeysCount(options: RangeOptions = {}): number {
    return this.#slice(options).places.length;
  }
}
export type Table = SimDatabase;

export function openEnvironment(options: EnvironmentOptions): Environment {
  return new SimEnvironment(options.path, options.overlappingSync);
}

export function openTable(environment: Environment, name: string, keys: 'text' | 'bytes'): Table {
  return new SimDatabase(environment, name, keys);
}

export function openTables(environment: Environment): Readonly<Record<TableName, Table>> {
  return {
    objects: openTable(environment, 'objects', 'text'),
    past: openTable(environment, 'past', 'bytes'),
    events: openTable(environment, 'events', 'bytes'),
    expiry: openTable(environment, 'expiry', 'bytes'),
    meta: openTable(environment, 'meta', 'text'),
  };
}

export function flushedOf(committed: Promise<boolean>): Promise<unknown> {
  const { flushed } = committed as Committed;
  return flushed ?? committed;
}

export async function commitErrorOf(error: unknown): Promise<Error> {
  return error instanceof Error ? error : new Error(String(error));
}

export function isDiskFull(error: Error): boolean {
  return /MDB_MAP_FULL|ENOSPC/.test(error.message);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
