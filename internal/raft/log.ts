import { cutToBytes, entriesBytes } from './entry.js';
import { invariant } from './invariant.js';
import { Unstable } from './unstable.js';
import type { Entry, LogStorage, SnapshotMeta } from './types.js';

/**
 * The replicated log: persisted entries in storage, the tail in memory.
 *
 * The pointers, in order (DESIGN.md draws them):
 *   purged ≤ snapshot ≤ applied ≤ committed ≤ last, and applied ≤ persisted ≤ last.
 * `committed` may run ahead of `persisted` here (others may have persisted what we have not), never ahead of `last`.
 */
export class RaftLog {
  committed: number;
  applied: number;
  readonly #storage: LogStorage;
  readonly #unstable: Unstable;

  constructor(storage: LogStorage, applied: number, committed: number) {
    this.#storage = storage;
    this.#unstable = new Unstable(storage.lastIndex() + 1);
    this.applied = applied;
    this.committed = committed;
    invariant(
      storage.firstIndex() - 1 <= applied && applied <= committed && committed <= storage.lastIndex(),
      () =>
        `log pointers out of order at start: first ${storage.firstIndex()}, applied ${applied}, ` +
        `committed ${committed}, last ${storage.lastIndex()}`,
    );
  }

  /** First index that can be read. */
  get firstIndex(): number {
    const pending = this.#unstable.snapshot;
    return pending === undefined ? this.#storage.firstIndex() : pending.index + 1;
  }

  get lastIndex(): number {
    return this.#unstable.lastIndex() ?? this.#storage.lastIndex();
  }

  get lastTerm(): number {
    return this.termOrFail(this.lastIndex);
  }

  /** Everything up to here is on disk, in agreement with this log. */
  get persisted(): number {
    return this.#unstable.snapshot === undefined ? this.#unstable.offset - 1 : 0;
  }

  get pendingSnapshot(): SnapshotMeta | undefined {
    return this.#unstable.snapshot;
  }

  /** Entries not yet on disk. */
  get unpersisted(): readonly Entry[] {
    return this.#unstable.entries;
  }

  /** The state that a follower too far behind can be sent. */
  snapshotMeta(): SnapshotMeta {
    return this.#unstable.snapshot ?? this.#storage.snapshotMeta();
  }

  /** Term of the entry, or undefined when it is compacted or not there. 0 for index 0. */
  term(index: number): number | undefined {
    if (index === 0) return 0;
    if (index > this.lastIndex) return undefined;
    const held = this.#unstable.term(index);
    if (held !== undefined) return held;
    // Below a snapshot that waits to be installed, storage speaks of the log that it replaces.
    if (this.#unstable.snapshot !== undefined) return undefined;
    return this.#storage.term(index);
  }

  termOrFail(index: number): number {
    const term = this.term(index);
    invariant(term !== undefined, () => `log has no term for index ${index}`);
    return term;
  }

  matches(index: number, term: number): boolean {
    return this.term(index) === term;
  }

  /** Is a log that ends with this entry at least as up to date as ours (Raft paper, 5.4.1)? */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex);
  }

  /** Entries from `lo` on, below `hi`, cut after `bytesMax` but never to none when there are any. */
  slice(lo: number, hi: number, bytesMax: number): readonly Entry[] {
    if (lo >= hi) return [];
    invariant(lo >= this.firstIndex && hi <= this.lastIndex + 1, () => `log slice [${lo}, ${hi}) out of bounds`);
    const { offset, entries } = this.#unstable;
    if (lo >= offset) return cutToBytes(entries.slice(lo - offset, hi - offset), bytesMax);
    const storedEnd = Math.min(hi, offset);
    const stored = this.#storage.entries(lo, storedEnd, bytesMax);
    invariant(stored[0]?.index === lo, () => `storage has no entry ${lo}`);
    if (hi <= offset || stored.length < storedEnd - lo) return stored;
    const rest = bytesMax - entriesBytes(stored);
    if (rest <= 0) return stored;
    return cutToBytes([...stored, ...entries.slice(0, hi - offset)], bytesMax);
  }

  /** Adds a leader's new entries at the end. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    invariant(first.index > this.committed, () => `entry ${first.index} would overwrite committed ${this.committed}`);
    this.#unstable.append(entries);
  }

  /**
   * Follower side of AppendEntries (Raft paper, figure 2, steps 2 to 5): the index of the last new entry, or undefined
   * when the log does not hold (prevIndex, prevTerm).
   */
  tryAppend(prevIndex: number, prevTerm: number, entries: readonly Entry[], leaderCommit: number): number | undefined {
    if (!this.matches(prevIndex, prevTerm)) return undefined;
    const lastNew = prevIndex + entries.length;
    const conflict = entries.findIndex((e) => !this.matches(e.index, e.term));
    if (conflict >= 0) this.append(conflict === 0 ? entries : entries.slice(conflict));
    this.commitTo(Math.min(leaderCommit, lastNew));
    return lastNew;
  }

  /** The highest index at or below `index` whose term is at most `term`: where two logs can agree at the latest. */
  agreementHint(index: number, term: number): { readonly index: number; readonly term: number } {
    for (let i = index; i > 0; i -= 1) {
      const own = this.term(i);
      if (own === undefined) return { index: i, term: 0 };
      if (own <= term) return { index: i, term: own };
    }
    return { index: 0, term: 0 };
  }

  commitTo(index: number): void {
    if (index <= this.committed) return;
    invariant(index <= this.lastIndex, () => `commit ${index} is beyond the log's end ${this.lastIndex}`);
    this.committed = index;
  }

  appliedTo(index: number): void {
    if (index === this.applied) return;
    invariant(
      index > this.applied && index <= this.committed,
      () => `applied ${index} not in (${this.applied}, ${this.committed}]`,
    );
    this.applied = index;
  }

  /** Committed and not yet applied, at most `bytesMax`. None while a snapshot waits to be installed. */
  toApply(bytesMax: number): readonly Entry[] {
    if (!this.hasToApply()) return [];
    return this.slice(this.applied + 1, this.committed + 1, bytesMax);
  }

  hasToApply(): boolean {
    return this.#unstable.snapshot === undefined && this.committed > this.applied;
  }

  persistedTo(index: number, term: number): void {
    this.#unstable.persistedTo(index, term);
  }

  /** A received snapshot takes the place of the whole log. */
  restore(snapshot: SnapshotMeta): void {
    this.#unstable.restore(snapshot);
    this.committed = snapshot.index;
  }

  snapshotPersisted(index: number): void {
    this.#unstable.snapshotPersisted(index);
    this.applied = Math.max(this.applied, index);
  }
}
