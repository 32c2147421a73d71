import { assert, FatalError } from '../machinery/assert.js';
import { decodeProposal, type Proposal } from './command.js';
import { HashRing } from './hash-ring.js';
import { LastChanges } from './last-changes.js';
import { byteText, Layer } from './layer.js';
import { LayeredSnapshot } from './layered-snapshot.js';
import type { LmdbSnapshot } from './lmdb-snapshot.js';
import { applyProposal } from './machine.js';
import {
  decodeMeta,
  encodeMeta,
  emptyMeta,
  headOf,
  type MemberInfo,
  META_KEY,
  type MetaHead,
  type StateHash,
  type StateMeta,
  type StoredConfState,
} from './meta.js';
import { completeSums, type RowSums, subtractRow } from './row-sums.js';
import { checkObject, CorruptRecordError } from './rows.js';
import { type Batch, StateFile } from './state-file.js';
import type { StateOptions } from './state-options.js';
import type { ApplyTables, TableKey, TableName } from './tables.js';
import type { TxnResult } from './types.js';

interface Write {
  readonly table: TableName;
  readonly key: TableKey;
  readonly value: Buffer | undefined;
}

/** Commits whose flush has not ended, at most: a slow disk then slows applying, and holds up no more than two threads. */
const UNFLUSHED_MAX = 2;
/**
 * What was applied is committed to LMDB when it takes so much memory, or is so old. Each commit writes whole pages, several
 * for each table, however little it holds; after a crash the log brings back what was not committed, which takes longer
 * the more it is.
 */
const COMMIT_BYTES = 8 * 1024 * 1024;
const COMMIT_MS = 300_000;
/** Ends of entries whose hashes are remembered: some seconds at full load. */
const HASHES_MAX = 16_384;

/**
 * The replicated state. Entries are applied on the main thread; what they write lies in a layer over LMDB, where readers
 * see it at once, and goes to LMDB's own thread from time to time, as one transaction that also holds revision, applied
 * index, membership and hash. What is not there yet is in the log.
 */
export class StateStore implements ApplyTables {
  readonly #options: StateOptions;
  /** What LMDB holds; what was applied since lies over it in `#layer`, and before that in `#committing`. */
  readonly #file: StateFile;
  #meta: StateMeta;
  /** The revision that LMDB shows. */
  #fileRevision: number;
  #layer = new Layer();
  #committing: Batch | undefined;
  #view: LayeredSnapshot;
  #visible: MetaHead;
  #durableIndex: number;
  /** When the first of what the next commit will hold was applied; undefined when it holds nothing. */
  #dirtySince: number | undefined;
  /** Commits that were begun, that LMDB shows, and that are wanted before they are due. */
  #begun = 0;
  #committed = 0;
  #wanted = 0;
  /** What the entry that is being applied has written so far, and the objects among that. */
  #entry: Write[] = [];
  readonly #entryObjects = new Map<string, Buffer | undefined>();
  /** The object that LMDB was asked for last. */
  #asked = { key: '', exists: false };
  readonly #hashes = new HashRing(HASHES_MAX);
  /** What was applied, whether visible yet or not, since the start. */
  readonly changed: LastChanges;
  /** An entry could not be applied: what was made of it so far must never reach the disk. */
  #halted = false;
  #waiting: (() => void)[] = [];
  #syncing: (() => void)[] = [];
  #closed = false;

  constructor(options: StateOptions) {
    this.#options = options;
    this.#file = new StateFile({
      ...options,
      onCommitted: (batch) => this.#onCommitted(batch),
      onFlushed: (batch) => this.#onFlushed(batch),
    });
    this.#meta = this.#readMeta();
    this.#fileRevision = this.#meta.revision;
    this.#view = new LayeredSnapshot(this.#file.snapshot, [this.#layer], this.#fileRevision);
    this.#visible = headOf(this.#meta);
    this.#durableIndex = this.#meta.appliedIndex;
    this.#hashes.note(this.#meta);
    this.changed = new LastChanges(this.#meta.revision);
  }

  #readMeta(): StateMeta {
    const row = this.#file.snapshot.get('meta', META_KEY);
    if (row === undefined) return emptyMeta(this.#options.conf, this.#options.members, this.#options.lineage);
    try {
      return decodeMeta(row);
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error;
      throw new FatalError(
        `${error.message} in ${this.#file.path}. Remove this replica from its cluster and join it again with an ` +
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
  /** What readers see: to be read within one turn of the event loop. */
  get snapshot(): LayeredSnapshot {
    return this.#view;
  }
  /** About how much memory rows take that were applied and are not in LMDB yet, in bytes. */
  get pendingBytes(): number {
    return this.#layer.bytes + (this.#committing?.layer.bytes ?? 0);
  }

  /** Resolves when readers see everything up to this log index; never, if the store is closed before. */
  async whenVisible(index: number): Promise<void> {
    while (this.#visible.appliedIndex < index) await this.#nextChange();
  }

  /** Commits all that was written until now, and resolves when that is done; never, if the store is closed before. */
  async whenCommitted(): Promise<void> {
    const number = this.#dirtySince === undefined ? this.#begun : this.#begun + 1;
    this.#wanted = Math.max(this.#wanted, number);
    this.commit();
    while (this.#committed < number) await this.#nextChange();
  }

  /** Commits once more, and resolves when that is on the disk, and with it whatever was found there at the start. */
  async sync(): Promise<void> {
    this.#noteDirty();
    await this.whenCommitted();
    while (this.#file.unflushed > 0) await new Promise<void>((resolve) => this.#syncing.push(resolve));
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * A snapshot of one's own of all that was applied until now, to be released. It keeps LMDB from reusing pages: hold it
   * for seconds, not minutes. When the state is replaced it is released for its holder (`LmdbSnapshot.released`).
   */
  async takeSnapshot(): Promise<LmdbSnapshot> {
    await this.whenCommitted();
    return this.#file.takeSnapshot();
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
      const results = applyProposal(this.#meta, this, decoded ?? decodeProposal(data));
      for (const { table, key, value } of this.#entry) this.#write(table, key, value);
      for (const key of this.#entryObjects.keys()) this.changed.note(key, this.#meta.revision);
      return results;
    } catch (error) {
      this.#halted = true;
      throw error;
    } finally {
      this.#entry = [];
      this.#entryObjects.clear();
    }
  }

  /** The hash of the state as of a revision, if that is where an entry applied lately ended. */
  hashAt(revision: number): StateHash | undefined {
    return this.#hashes.at(revision);
  }

  /** Every row was counted as of a commit that had `before`: from now on the sums are of all rows. */
  completeSums(counted: RowSums, before: RowSums): void {
    completeSums(this.#meta.sums, counted, before);
    this.#noteDirty();
  }

  /** A majority has computed this state as it is here: from now on it counts as this replica's own (verdict.ts). */
  setLineage(lineage: string): void {
    this.#meta.lineage = lineage;
    this.#noteDirty();
    this.#wanted = this.#begun + 1;
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
    this.#noteDirty();
  }

  #noteDirty(): void {
    this.#dirtySince ??= performance.now();
  }

  getObject(key: string): Buffer | undefined {
    if (this.#entryObjects.has(key)) return this.#entryObjects.get(key);
    const text = byteText(key);
    const row = this.#layer.get('objects', text) ?? this.#committing?.layer.get('objects', text);
    if (row !== undefined) return row.value;
    const record = this.#file.snapshot.get('objects', key);
    // What is damaged decides nothing, and is not moved to the past as if it were whole.
    if (record !== undefined && this.#options.othersHoldState?.() === true) checkObject('objects', key, record);
    this.#asked = { key, exists: record !== undefined };
    return record;
  }
  put(table: TableName, key: TableKey, value: Buffer): void {
    this.#entry.push({ table, key, value });
    if (table === 'objects' && typeof key === 'string') this.#entryObjects.set(key, value);
  }
  remove(table: TableName, key: TableKey): void {
    this.#entry.push({ table, key, value: undefined });
    if (table === 'objects' && typeof key === 'string') this.#entryObjects.set(key, undefined);
  }
  /** Removes a row of the history that cannot be read any more; `row` is what it holds. */
  forget(table: 'past' | 'events', key: TableKey, row: Buffer): void {
    this.#write(table, key, undefined);
    subtractRow(this.#meta.sums, table, key, row);
    this.#noteDirty();
  }

  #write(table: TableName, key: TableKey, value: Buffer | undefined): void {
    this.#layer.write(table, key, value, () => this.#existsBelow(table, key, value));
  }

  /** Is there such a row in what lies below the layer? Rows of the history and of `expiry` are put where none is. */
  #existsBelow(table: TableName, key: TableKey, value: Buffer | undefined): boolean {
    if (table !== 'objects' || typeof key !== 'string') return value === undefined;
    const row = this.#committing?.layer.get('objects', byteText(key));
    if (row !== undefined) return row.value !== undefined;
    return this.#asked.key === key ? this.#asked.exists : this.#file.snapshot.get('objects', key) !== undefined;
  }

  /** Shows readers what has been applied, and begins to write it to LMDB when that is due. To be called from time to time. */
  commit(): void {
    if (this.#halted || this.#closed) return;
    const { appliedIndex } = this.#visible;
    if (appliedIndex !== this.#meta.appliedIndex) {
      this.#visible = headOf(this.#meta);
      this.#announce();
    }
    this.#commitIfDue();
  }

  #commitIfDue(): void {
    if (
      this.#halted ||
      this.#closed ||
      this.#dirtySince === undefined ||
      this.#committing !== undefined ||
      this.#file.unflushed >= UNFLUSHED_MAX
    )
      return;
    const isDue =
      this.#layer.bytes >= COMMIT_BYTES ||
      this.#begun < this.#wanted ||
      performance.now() >= this.#dirtySince + COMMIT_MS;
    if (isDue) this.#begin();
  }

  #begin(): void {
    const { appliedIndex } = this.#meta;
    const batch: Batch = {
      appliedIndex,
      layer: this.#layer,
      meta: encodeMeta(this.#meta),
      number: ++this.#begun,
      revision: this.#meta.revision,
    };
    this.#layer = new Layer();
    this.#dirtySince = undefined;
    this.#committing = batch;
    this.#show();
    this.#file.commit(batch);
  }

  /** What readers see is made of these parts from now on. */
  #show(): void {
    this.#asked = { key: '', exists: false };
    const { layer } = this.#committing ?? {};
    const layers = layer === undefined ? [this.#layer] : [this.#layer, layer];
    this.#view = new LayeredSnapshot(this.#file.snapshot, layers, this.#fileRevision);
  }

  #onCommitted(batch: Batch): void {
    this.#committing = undefined;
    this.#committed = batch.number;
    this.#fileRevision = batch.revision;
    this.#show();
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.#commitIfDue();
  }

  #onFlushed(batch: Batch): void {
    this.#durableIndex = Math.max(this.#durableIndex, batch.appliedIndex);
    for (const resolve of this.#syncing.splice(0)) resolve();
    this.#commitIfDue();
    this.#options.onDurable();
  }

  /**
   * Continues with the state in another directory, which a snapshot was received into. What was applied here before is
   * given up; the old directory is removed. Readers see the new state when this returns.
   */
  replace(path: string): void {
    this.#file.replace(path);
    this.#meta = this.#readMeta();
    this.#fileRevision = this.#meta.revision;
    this.#visible = headOf(this.#meta);
    this.#durableIndex = this.#meta.appliedIndex;
    this.#hashes.clear();
    this.#hashes.note(this.#meta);
    this.changed.reset(this.#meta.revision);
    this.#halted = false;
    this.#layer = new Layer();
    this.#committing = undefined;
    this.#dirtySince = undefined;
    this.#committed = ++this.#begun;
    this.#show();
    this.#announce();
  }

  #announce(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.#options.onVisible();
  }

  /**
   * Commits what was applied, as the next start is quicker for that, if the disk takes it; it is in the log in any case.
   * Waits for what is being written, and closes the environment.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    // Where a commit is under way or has failed, the rest is left to the log.
    if (!this.#halted && this.#committing === undefined && this.#dirtySince !== undefined) this.#begin();
    this.#closed = true;
    await this.#file.close();
  }
}
