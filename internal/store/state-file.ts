import { rmSync } from 'node:fs';
import { FatalError } from '../machinery/assert.js';
import type { Layer } from './layer.js';
import {
  commitErrorOf,
  type Environment,
  flushedOf,
  isDiskFull,
  openEnvironment,
  openTables,
  type Table,
} from './lmdb.js';
import { LmdbSnapshot } from './lmdb-snapshot.js';
import { META_KEY } from './meta.js';
import { inPageOrder } from './page-order.js';
import { Room } from './room.js';
import { type RowsFrom, withRowsBetween } from './rows-between.js';
import type { StateOptions } from './state-options.js';
import type { TableName } from './tables.js';

const DISK_FULL_RETRY_MS = 1_000;

/** What is to be written to LMDB as one transaction. */
export interface Batch {
  readonly appliedIndex: number;
  readonly layer: Layer;
  /** The meta row. */
  readonly meta: Buffer;
  readonly number: number;
  /** As of which the state is then. */
  readonly revision: number;
}

export interface StateFileOptions
  extends Pick<StateOptions, 'path' | 'mapSize' | 'onDiskFull' | 'onFatal' | 'observeCommit'> {
  /** `snapshot` shows the batch from now on. */
  readonly onCommitted: (batch: Batch) => void;
  /** The batch is on disk. */
  readonly onFlushed: (batch: Batch) => void;
}

/** The LMDB environment of a state: batches are committed to it one after another, on LMDB's own thread. */
export class StateFile {
  readonly #options: StateFileOptions;
  readonly #room = new Room();
  #path: string;
  #environment: Environment;
  #tables: Readonly<Record<TableName, Table>>;
  #snapshot: LmdbSnapshot;
  /** Grows when the environment is replaced: what an older one reports late is not for us. */
  #epoch = 0;
  #unflushed = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  /** Snapshots that were taken and not given back. */
  readonly #taken = new Set<LmdbSnapshot>();
  #closed = false;
  #closingOld: Promise<void> = Promise.resolve();

  constructor(options: StateFileOptions) {
    const { path, mapSize } = options;
    this.#options = options;
    this.#path = path;
    this.#environment = openEnvironment({ path, overlappingSync: true, ...(mapSize === undefined ? {} : { mapSize }) });
    this.#tables = openTables(this.#environment);
    this.#snapshot = new LmdbSnapshot(this.#environment, this.#tables);
  }

  get path(): string {
    return this.#path;
  }
  /** The newest that was committed. Replaced at each commit: do not hold on to it across turns of the event loop. */
  get snapshot(): LmdbSnapshot {
    return this.#snapshot;
  }
  /** Commits that are not on disk yet. */
  get unflushed(): number {
    return this.#unflushed;
  }

  /** A snapshot of one's own, to be released; when the state is replaced it is released for its holder. */
  takeSnapshot(): LmdbSnapshot {
    const snapshot = new LmdbSnapshot(this.#environment, this.#tables, () => this.#taken.delete(snapshot));
    this.#taken.add(snapshot);
    return snapshot;
  }

  /** Begins to commit; none must be under way. A full disk is tried again until it works. */
  commit(batch: Batch): void {
    const { layer, meta } = batch;
    const full = this.#room.lacks(this.#path, layer.bytes + meta.length, layer.size);
    const rowsThere: RowsFrom = (table, from) => this.#snapshot.rowsFrom(table, from);
    const write = (): void => {
      for (const { table, key, value } of inPageOrder(withRowsBetween(layer.writes(), rowsThere))) {
        if (value === undefined) void this.#tables[table].remove(key);
        else void this.#tables[table].put(key, value);
      }
      void this.#tables.meta.put(META_KEY, meta);
    };
    const committed = full === undefined ? this.#environment.batch(write) : Promise.reject<boolean>(full);
    this.#unflushed++;
    const epoch = this.#epoch;
    const began = performance.now();
    const ifCurrent = (work: () => void): void => {
      if (epoch === this.#epoch && !this.#closed) work();
    };
    committed.then(
      () =>
        ifCurrent(() => {
          this.#options.observeCommit?.((performance.now() - began) / 1000, layer.size);
          this.#renewSnapshot();
          this.#options.onCommitted(batch);
        }),
      (error: unknown) => ifCurrent(() => void this.#failed(batch, error, epoch)),
    );
    flushedOf(committed).then(
      () =>
        ifCurrent(() => {
          this.#unflushed--;
          this.#options.onFlushed(batch);
        }),
      () => undefined, // The same failure as the commit's, which is handled there.
    );
  }

  #renewSnapshot(): void {
    const previous = this.#snapshot;
    this.#snapshot = new LmdbSnapshot(this.#environment, this.#tables);
    previous.release();
  }

  async #failed(batch: Batch, failure: unknown, epoch: number): Promise<void> {
    this.#unflushed--;
    const error = await commitErrorOf(failure);
    if (this.#closed || epoch !== this.#epoch) return;
    if (!isDiskFull(error, this.#path)) {
      this.#options.onFatal(
        new FatalError(
          `the state in ${this.#path} cannot be written: ${error.message}. Check the disk; if it is damaged, ` +
            'remove this replica from its cluster and join it again with an empty data directory.',
        ),
      );
      return;
    }
    // Nothing of the transaction was written, and nothing later has been started: the same writes can be tried again.
    this.#options.onDiskFull(error);
    this.#retryTimer = setTimeout(() => this.commit(batch), DISK_FULL_RETRY_MS);
  }

  /** Continues in another directory; the old one is removed. What is being committed is given up. */
  replace(path: string): void {
    const old = { environment: this.#environment, snapshot: this.#snapshot, path: this.#path };
    this.#epoch++;
    clearTimeout(this.#retryTimer);
    this.#environment = openEnvironment({ path, overlappingSync: true });
    this.#tables = openTables(this.#environment);
    this.#path = path;
    this.#snapshot = new LmdbSnapshot(this.#environment, this.#tables);
    this.#unflushed = 0;
    for (const taken of this.#taken) taken.release();
    old.snapshot.release();
    this.#closingOld = this.#closingOld.then(async () => {
      await old.environment.close();
      rmSync(old.path, { recursive: true, force: true });
    });
  }

  /** Waits for what is being written, and closes the environment. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    this.#snapshot.release();
    await this.#closingOld;
    await this.#environment.close();
  }
}
