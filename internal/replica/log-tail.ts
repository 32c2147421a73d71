import { entryBytes } from '../raft/entry.js';
import type { Entry } from '../raft/types.js';

/**
 * Entries kept in memory, at most, beside those that are still to be written: what followers and applying usually read;
 * older ones come from the disk. At least the last one stays.
 */
const BYTES_MAX = 8 * 1024 * 1024;
/** Once there are more, this many stay: those behind are moved to the front each time, which takes long for one entry. */
const BYTES_KEPT = 7 * 1024 * 1024;

/** The end of the log in memory. */
export class LogTail {
  /** Entry i has index #first + i. */
  #entries: Entry[] = [];
  #first: number;
  #bytes = 0;

  /** `next`: the index of the next entry. */
  constructor(next: number) {
    this.#first = next;
  }

  /** Index of the first entry held; one beyond the last when none is. */
  get first(): number {
    return this.#first;
  }

  get(index: number): Entry | undefined {
    return this.#entries[index - this.#first];
  }

  /** Entries in [lo, hi), for lo at or above `first`. */
  slice(lo: number, hi: number): readonly Entry[] {
    return this.#entries.slice(lo - this.#first, hi - this.#first);
  }

  /** Adds entries; any held from their first index on are dropped before. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    this.#truncate(first.index);
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#bytes += entryBytes(entry);
    }
  }

  #truncate(from: number): void {
    if (from < this.#first) {
      this.#entries = [];
      this.#first = from;
      this.#bytes = 0;
      return;
    }
    for (const entry of this.#entries.splice(from - this.#first)) this.#bytes -= entryBytes(entry);
  }

  /**
   * Gives up what is too much, and entries up to index `unneeded`, which nobody is expected to ask for. Entries from index
   * `unwritten` on stay: they are not on the disk yet.
   */
  trim(unwritten: number, unneeded = 0): void {
    const kept = this.#bytes > BYTES_MAX ? BYTES_KEPT : BYTES_MAX;
    let drop = 0;
    for (const last = this.#entries.length - 1; drop < last; drop++) {
      const index = this.#first + drop;
      if (index >= unwritten || (index > unneeded && this.#bytes <= kept)) break;
      const entry = this.#entries[drop];
      if (entry !== undefined) this.#bytes -= entryBytes(entry);
    }
    if (drop === 0) return;
    this.#entries.splice(0, drop);
    this.#first += drop;
  }

  /** The log begins behind `index` now. */
  dropTo(index: number): void {
    if (this.#first > index) return;
    const drop = Math.min(index + 1 - this.#first, this.#entries.length);
    for (const entry of this.#entries.splice(0, drop)) this.#bytes -= entryBytes(entry);
    this.#first = index + 1;
  }

  /** The log was replaced; its next entry has this index. */
  reset(next: number): void {
    this.#entries = [];
    this.#first = next;
    this.#bytes = 0;
  }
}
