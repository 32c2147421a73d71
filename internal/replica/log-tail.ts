import { entryBytes } from '../raft/entry.js';
import type { Entry } from '../raft/types.js';

/** Entries kept in memory, at most: what followers and applying usually read; older ones come from the disk. At least the last one stays. */
const BYTES_MAX = 8 * 1024 * 1024;
const MARK_BYTES = 1024 * 1024;
const HELD_MARKS = 64;

/** The end of the log in memory, and how many bytes were written up to where. */
export class LogTail {
  /** Entry i has index #first + i. */
  #entries: Entry[] = [];
  #first: number;
  #bytes = 0;
  #written = 0;
  /** In order of index, about one per mebibyte written. */
  #marks: { readonly index: number; readonly written: number }[] = [];

  /** `held`: what an earlier process wrote and is still there, from an index on to below `next`, and about how many bytes. */
  constructor(next: number, held: { readonly from: number; readonly bytes: number } = { from: next, bytes: 0 }) {
    this.#first = next;
    this.#written = held.bytes;
    // Where its bytes are is not known: they are taken to be spread evenly.
    const count = next - held.from;
    for (let part = 1; part <= HELD_MARKS && count > 0; part++) {
      const index = held.from - 1 + Math.floor((count * part) / HELD_MARKS);
      this.#marks.push({ index, written: (held.bytes * part) / HELD_MARKS });
    }
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
      this.#written += entryBytes(entry);
    }
    if (this.#written - (this.#marks.at(-1)?.written ?? 0) >= MARK_BYTES) {
      this.#marks.push({ index: first.index + entries.length - 1, written: this.#written });
    }
    this.#trim();
  }

  #truncate(from: number): void {
    while ((this.#marks.at(-1)?.index ?? 0) >= from) this.#marks.pop();
    if (from < this.#first) {
      this.#entries = [];
      this.#first = from;
      this.#bytes = 0;
      return;
    }
    for (const entry of this.#entries.splice(from - this.#first)) this.#bytes -= entryBytes(entry);
  }

  #trim(): void {
    let drop = 0;
    while (this.#bytes > BYTES_MAX && drop < this.#entries.length - 1) {
      const entry = this.#entries[drop];
      if (entry !== undefined) this.#bytes -= entryBytes(entry);
      drop++;
    }
    if (drop === 0) return;
    this.#entries.splice(0, drop);
    this.#first += drop;
  }

  /** The log begins behind `index` now. */
  dropTo(index: number): void {
    this.#marks = this.#marks.filter((mark) => mark.index > index);
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
    this.#marks = [];
  }

  /**
   * The last index with at least `bytes` of entries behind it; 0 when there are fewer. Exact to a mebibyte for what this
   * process wrote.
   */
  indexBefore(bytes: number): number {
    const limit = this.#written - bytes;
    let index = 0;
    for (const mark of this.#marks) {
      if (mark.written > limit) break;
      index = mark.index;
    }
    return index;
  }
}
