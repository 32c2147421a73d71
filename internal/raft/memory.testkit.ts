import type { Entry, HardState, LogStorage, SnapshotMeta } from './types.js';
import { cutToBytes } from './entry.js';

/** A log in memory, as a driver would keep it on disk. For tests. */
export class MemoryLog implements LogStorage {
  hardState: HardState = { term: 0, vote: 0, commit: 0 };
  entriesHeld: Entry[] = [];
  /** Where the log begins. */
  snapshot: SnapshotMeta;
  /** The newest state, where there is one. */
  newestState: () => SnapshotMeta = () => this.snapshot;

  constructor(snapshot: SnapshotMeta) {
    this.snapshot = snapshot;
  }

  firstIndex(): number {
    return this.snapshot.index + 1;
  }

  lastIndex(): number {
    return this.snapshot.index + this.entriesHeld.length;
  }

  term(index: number): number | undefined {
    if (index === this.snapshot.index) return this.snapshot.term;
    return this.entriesHeld[index - this.firstIndex()]?.term;
  }

  entries(lo: number, hi: number, bytesMax: number): readonly Entry[] {
    const first = this.firstIndex();
    return cutToBytes(this.entriesHeld.slice(lo - first, hi - first), bytesMax);
  }

  snapshotMeta(): SnapshotMeta {
    return this.newestState();
  }

  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    this.entriesHeld.length = first.index - this.firstIndex();
    this.entriesHeld.push(...entries);
  }

  restore(snapshot: SnapshotMeta): void {
    this.snapshot = snapshot;
    this.entriesHeld = [];
  }

  /** Drops the log up to `meta.index`, which stays as the snapshot. */
  compact(meta: SnapshotMeta): void {
    this.entriesHeld = this.entriesHeld.slice(meta.index - this.snapshot.index);
    this.snapshot = meta;
  }
}
