import { invariant } from './invariant.js';
import type { Entry, SnapshotMeta } from './types.js';

/**
 * The tail of the log that is not yet known to be on disk. `entries[i]` has index `offset + i`; everything below
 * `offset` is persisted. A snapshot waiting to be installed replaces the whole log below `offset`.
 */
export class Unstable {
  offset: number;
  entries: Entry[] = [];
  snapshot: SnapshotMeta | undefined;

  constructor(offset: number) {
    this.offset = offset;
  }

  /** Last index held here, or undefined when nothing is. */
  lastIndex(): number | undefined {
    if (this.entries.length > 0) return this.offset + this.entries.length - 1;
    return this.snapshot?.index;
  }

  term(index: number): number | undefined {
    if (index >= this.offset) return this.entries[index - this.offset]?.term;
    return this.snapshot?.index === index ? this.snapshot.term : undefined;
  }

  /** Adds entries; those held from their first index on are dropped (Raft paper, 5.3: conflicting entries are deleted). */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    const next = this.offset + this.entries.length;
    invariant(first.index <= next, () => `log gap: append at ${first.index}, next is ${next}`);
    if (first.index === next) {
      for (const e of entries) this.entries.push(e);
    } else if (first.index <= this.offset) {
      // Overwrites persisted entries too: they count as persisted no longer.
      this.offset = first.index;
      this.entries = [...entries];
    } else {
      this.entries = [...this.entries.slice(0, first.index - this.offset), ...entries];
    }
  }

  restore(snapshot: SnapshotMeta): void {
    this.offset = snapshot.index + 1;
    this.entries = [];
    this.snapshot = snapshot;
  }

  /** The entry (index, term) and all before it are on disk. No effect if it has been overwritten since. */
  persistedTo(index: number, term: number): void {
    if (index < this.offset || this.term(index) !== term) return;
    this.entries = this.entries.slice(index + 1 - this.offset);
    this.offset = index + 1;
  }

  snapshotPersisted(index: number): void {
    if (this.snapshot?.index === index) this.snapshot = undefined;
  }
}
