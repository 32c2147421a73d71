import { rmSync } from 'node:fs';
import { assert, FatalError } from '../machinery/assert.js';
import { decodeProposal, type Proposal } from './command.js';
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
import { HashRing } from './hash-ring.js';
import { applyProposal } from './machine.js';
import {
  decodeMeta,
  decodeMetaHead,
  encodeMeta,
  emptyMeta,
  type MemberInfo,
  META_KEY,
  type MetaHead,
  type StateHash,
  type StateMeta,
  type StoredConfState,
} from './meta.js';
import { Room } from './room.js';
import { completeSums, type RowSums, subtractRow } from './row-sums.js';
import { checkObject, CorruptRecordError } from './rows.js';
import type { StateOptions } from './state-options.js';
import type { ApplyTables, TableKey, TableName } from './tables.js';
import type { TxnResult } from './types.js';

interface Write {
  readonly table: TableName;
  readonly key: TableKey;
  readonly value: Buffer | undefined;
}

interface Batch {
  readonly appliedIndex: number;
  readonly writes: readonly Write[];
  readonly number: number;
}

/** Commits whose flush has not ended, at most: a slow disk then slows applying, and holds up no more than two threads. */
const UNFLUSHED_MAX = 2;
const DISK_FULL_RETRY_MS = 1_000;
/** While the replica is far behind, a commit waits for so many bytes, or for so long after the one before. */
const BEHIND_COMMIT_BYTES = 4 * 1024 * 1024;
const BEHIND_COMMIT_MS = 250;
/** Ends of entries whose hashes are remembered: some seconds at full load. */
const HASHES_MAX = 16_384;

/**
 * The replicated state in LMDB. Entries are applied on the main thread against the newest state, pending writes
 * included; the writes of all entries applied since the last commit then go to LMDB's own thread as one transaction
 * that also holds revision, applied index, membership and hash. Reading is always from one committed transaction.
 */
export class StateStore implements ApplyTables {
  readonly #options: StateOptions;
  readonly #room = new Room();
  #environment: Environment;
  #tables: Readonly<Record<TableName, Table>>;
  #meta: StateMeta;
  #path: string;
  /** Grows when the environment is replaced: what an older one reports late is not for us. */
  #epoch = 0;
  #snapshot: LmdbSnapshot;
  #visible: MetaHead;
  #durableIndex: number;

  /** Records written but not yet visible, by key; undefined for a deleted one. */
  readonly #overlay = new Map<string, { readonly batch: number; readonly record: Buffer | undefined }>();
  #writes: Write[] = [];
  #pendingBytes = 0;
  #dirty = false;
  #batch = 1;
  #committing: Batch | undefined;
  #committedAt = -Infinity;
  #farBehind = false;
  #unflushed = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  readonly #hashes = new HashRing(HASHES_MAX);
  /** Number of the newest batch that readers see. */
  #committedBatch = 0;
  /** Snapshots that were taken and not given back. */
  readonly #taken = new Set<LmdbSnapshot>();
  /** An entry could not be applied: what was made of it so far must never reach the disk. */
  #halted = false;
  #waiting: (() => void)[] = [];
  #closed = false;
  #closingOld: Promise<void> = Promise.resolve();

  constructor(options: StateOptions) {
    this.#options = options;
    this.#path = options.path;
    this.#environment = openEnvironment({
      path: options.path,
      overlappingSync: true,
      ...(options.mapSize === undefined ? {} : { mapSize: options.mapSize }),
    });
    this.#tables = openTables(this.#environment);
    this.#snapshot = new LmdbSnapshot(this.#environment, this.#tables);
    this.#meta = this.#readMeta();
    this.#visible = { ...this.#meta };
    this.#durableIndex = this.#meta.appliedIndex;
    this.#hashes.note(this.#meta);
  }

  #readMeta(): StateMeta {
    const row = this.#snapshot.get('meta', META_KEY);
    if (row === undefined) return emptyMeta(this.#options.conf, this.#options.members, this.#options.lineage);
    try {
      return decodeMeta(row);
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error;
      throw new FatalError(
        `${error.message} in ${this.#path}. Remove this replica from its cluster and join it again with an ` +
          'empty data directory. Only where it is the only replica may the directory be restored from a backup.',
      );
    }
  }

  /** What has been applied, whether visible yet or not. */
  get meta(): Readonly<StateMeta> {
    return this.#meta;
  }
  /** Revision, applied index and compact revision of what readers see. */
  get visible(): MetaHead {
    return this.#visible;
  }
  /** An entry could not be applied: `meta` is in the midst of it, and nothing of it is kept. */
  get halted(): boolean {
    return this.#halted;
  }
  /** Every entry up to this index is applied on disk; the log may be compacted up to here. */
  get durableIndex(): number {
    return this.#durableIndex;
  }
  /** The newest committed state. Replaced at each commit: do not hold on to it across turns of the event loop. */
  get snapshot(): LmdbSnapshot {
    return this.#snapshot;
  }
  /** Bytes of values applied and not yet visible. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Resolves when readers see everything up to this log index; never, if the store is closed before. */
  async whenVisible(index: number): Promise<void> {
    while (this.#visible.appliedIndex < index) await this.nextCommit();
  }

  /** Resolves when the next commit has become visible; never, if the store is closed before. */
  nextCommit(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves when readers see everything that was written until now; never, if the store is closed before. */
  async whenCommitted(): Promise<void> {
    const batch = this.#dirty || this.#writes.length > 0 ? this.#batch : this.#batch - 1;
    while (this.#committedBatch < batch) await this.nextCommit();
  }

  /**
   * A snapshot of one's own, to be released. It keeps LMDB from reusing pages: hold it for seconds, not minutes. When the
   * state is replaced it is released for its holder (`LmdbSnapshot.released`).
   */
  takeSnapshot(): LmdbSnapshot {
    const snapshot = new LmdbSnapshot(this.#environment, this.#tables, () => this.#taken.delete(snapshot));
    this.#taken.add(snapshot);
    return snapshot;
  }

  /**
   * Applies one entry of the log, in order. `data` is the entry's payload; `decoded` may save decoding it.
   * Returns the commands' results, or undefined for an empty or repeated entry. Throws CorruptRecordError when it meets a
   * damaged record that others hold whole: nothing of the entry is kept then, and the store takes no more.
   */
  applyEntry(index: number, term: number, data: Uint8Array, decoded?: Proposal): readonly TxnResult[] | undefined {
    this.#advance(index, term);
    if (data.length === 0) return undefined;
    const { revision } = this.#meta;
    const results = this.#apply(data, decoded);
    if (this.#meta.revision !== revision) this.#hashes.note(this.#meta);
    return results;
  }

  #apply(data: Uint8Array, decoded: Proposal | undefined): readonly TxnResult[] | undefined {
    try {
      return applyProposal(this.#meta, this, decoded ?? decodeProposal(data));
    } catch (error) {
      this.#halted = true;
      throw error;
    }
  }

  /** The hash of the state as of a revision, if that is where an entry applied lately ended. */
  hashAt(revision: number): StateHash | undefined {
    return this.#hashes.at(revision);
  }

  /** Every row was counted as of a commit that had `before`: from now on the sums are of all rows. */
  completeSums(counted: RowSums, before: RowSums): void {
    completeSums(this.#meta.sums, counted, before);
    this.#dirty = true;
    this.commit();
  }

  /** A majority has computed this state as it is here: from now on it counts as this replica's own (verdict.ts). */
  setLineage(lineage: string): void {
    this.#meta.lineage = lineage;
    this.#dirty = true;
    this.commit();
  }

  /** Applies an entry that changes the membership. */
  applyConfChange(index: number, term: number, conf: StoredConfState, members: ReadonlyMap<number, MemberInfo>): void {
    this.#advance(index, term);
    this.#meta.conf = conf;
    for (const id of this.#meta.members.keys()) if (!members.has(id)) this.#meta.removed.add(id);
    this.#meta.members = new Map(members);
  }

  #advance(index: number, term: number): void {
    assert(index === this.#meta.appliedIndex + 1, `entry ${index} applied after ${this.#meta.appliedIndex}`);
    this.#meta.appliedIndex = index;
    this.#meta.appliedTerm = term;
    this.#dirty = true;
  }

  getObject(key: string): Buffer | undefined {
    const pending = this.#overlay.get(key);
    if (pending !== undefined) return pending.record;
    const record = this.#snapshot.get('objects', key);
    // What is damaged decides nothing, and is not moved to the past as if it were whole.
    if (record !== undefined && this.#options.othersHoldState?.() === true) checkObject('objects', key, record);
    return record;
  }
  put(table: TableName, key: TableKey, value: Buffer): void {
    this.#write({ table, key, value });
  }
  remove(table: TableName, key: TableKey): void {
    this.#write({ table, key, value: undefined });
  }
  /** Removes a row of the history that cannot be read any more; `row` is what it holds. */
  forget(table: 'past' | 'events', key: TableKey, row: Buffer): void {
    this.remove(table, key);
    subtractRow(this.#meta.sums, table, key, row);
  }
  #write(write: Write): void {
    this.#writes.push(write);
    this.#pendingBytes += write.value?.length ?? 0;
    if (write.table === 'objects' && typeof write.key === 'string') {
      this.#overlay.set(write.key, { batch: this.#batch, record: write.value });
    }
  }

  /**
   * With true, commits become few and large, until false: nobody waits for what a replica applies that is far behind,
   * while every flush holds up those who share its disk. `commit` must then be called from time to time.
   */
  setFarBehind(farBehind: boolean): void {
    this.#farBehind = farBehind;
  }

  get #isHeld(): boolean {
    if (!this.#farBehind || this.#pendingBytes >= BEHIND_COMMIT_BYTES) return false;
    return performance.now() < this.#committedAt + BEHIND_COMMIT_MS;
  }

  /** Starts committing what has been applied, unless a commit is under way: then it follows by itself. */
  commit(): void {
    if ((!this.#dirty && this.#writes.length === 0) || this.#halted) return;
    if (this.#committing !== undefined || this.#unflushed >= UNFLUSHED_MAX || this.#closed || this.#isHeld) return;
    this.#committedAt = performance.now();
    const batch: Batch = { appliedIndex: this.#meta.appliedIndex, writes: this.#writes, number: this.#batch };
    this.#writes = [];
    this.#dirty = false;
    this.#batch++;
    this.#start(batch, encodeMeta(this.#meta));
  }

  #start(batch: Batch, meta: Buffer): void {
    this.#committing = batch;
    const bytes = batch.writes.reduce((sum, { value }) => sum + (value?.length ?? 0), meta.length);
    const full = this.#room.lacks(this.#path, bytes, batch.writes.length);
    const write = (): void => {
      for (const { table, key, value } of batch.writes) {
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
          this.#options.observeCommit?.((performance.now() - began) / 1000, batch.writes.length);
          this.#committed(batch);
        }),
      (error: unknown) => ifCurrent(() => void this.#failed(batch, meta, error, epoch)),
    );
    flushedOf(committed).then(
      () => ifCurrent(() => this.#flushed(batch)),
      () => undefined, // The same failure as the commit's, which is handled there.
    );
  }

  #committed(batch: Batch): void {
    this.#committing = undefined;
    this.#committedBatch = batch.number;
    for (const { table, key, value } of batch.writes) {
      this.#pendingBytes -= value?.length ?? 0;
      if (table !== 'objects' || typeof key !== 'string') continue;
      if (this.#overlay.get(key)?.batch === batch.number) this.#overlay.delete(key);
    }
    const previous = this.#snapshot;
    this.#snapshot = new LmdbSnapshot(this.#environment, this.#tables);
    previous.release();
    const row = this.#snapshot.get('meta', META_KEY);
    assert(row !== undefined, 'a committed state has its meta row');
    const head = decodeMetaHead(row);
    assert(head.appliedIndex === batch.appliedIndex, 'commits become visible one by one');
    this.#visible = head;
    this.commit();
    this.#announce();
  }

  #flushed(batch: Batch): void {
    this.#unflushed--;
    this.#durableIndex = Math.max(this.#durableIndex, batch.appliedIndex);
    this.commit();
    this.#options.onDurable();
  }

  async #failed(batch: Batch, meta: Buffer, failure: unknown, epoch: number): Promise<void> {
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
    this.#retryTimer = setTimeout(() => this.#start(batch, meta), DISK_FULL_RETRY_MS);
  }

  /**
   * Continues with the state in another directory, which a snapshot was received into. What was applied here before is
   * given up; the old directory is removed. Readers see the new state when this returns.
   */
  replace(path: string): void {
    const old = { environment: this.#environment, snapshot: this.#snapshot, path: this.#path };
    this.#epoch++;
    clearTimeout(this.#retryTimer);
    this.#environment = openEnvironment({ path, overlappingSync: true });
    this.#tables = openTables(this.#environment);
    this.#path = path;
    this.#snapshot = new LmdbSnapshot(this.#environment, this.#tables);
    this.#meta = this.#readMeta();
    this.#visible = { ...this.#meta };
    this.#durableIndex = this.#meta.appliedIndex;
    this.#overlay.clear();
    this.#hashes.clear();
    this.#hashes.note(this.#meta);
    this.#committedBatch = this.#batch++;
    this.#halted = false;
    for (const taken of this.#taken) taken.release();
    this.#writes = [];
    this.#pendingBytes = 0;
    this.#dirty = false;
    this.#committing = undefined;
    this.#unflushed = 0;
    old.snapshot.release();
    this.#closingOld = this.#closingOld.then(async () => {
      await old.environment.close();
      rmSync(old.path, { recursive: true, force: true });
    });
    this.#announce();
  }

  #announce(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.#options.onVisible();
  }

  /** Waits for what is being written, and closes the environment. What is applied but not committed is in the log. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    this.#snapshot.release();
    await this.#closingOld;
    await this.#environment.close();
  }
}
