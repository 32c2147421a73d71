import { assert } from '../../machinery/assert.js';

/** Where an entry is on the disk. */
export interface EntryPlace {
  readonly segment: number;
  /** Byte of the segment at which its record begins. */
  readonly offset: number;
  readonly dataBytes: number;
  readonly term: number;
}

const CAPACITY_MIN = 1_024;
/** What a record costs beside its data. */
const OVERHEAD_BYTES = 24;

/** Where each entry of the log is: 28 bytes of memory for each. Entries follow one another without a gap. */
export class EntryIndex {
  #first: number;
  #count = 0;
  /** Place in the arrays of the first entry. */
  #start = 0;
  #segments = new Float64Array(CAPACITY_MIN);
  #offsets = new Uint32Array(CAPACITY_MIN);
  #lengths = new Uint32Array(CAPACITY_MIN);
  #terms = new Float64Array(CAPACITY_MIN);
  /** Bytes of all entries up to and with this one, counted from some point before the first. */
  #sums = new Float64Array(CAPACITY_MIN);
  /** That count before the first entry. */
  #sumBefore = 0;

  /** Empty; the next entry has index `first`. */
  constructor(first: number) {
    this.#first = first;
  }

  get first(): number {
    return this.#first;
  }
  /** `first - 1` when it is empty. */
  get last(): number {
    return this.#first + this.#count - 1;
  }

  get(index: number): EntryPlace | undefined {
    if (index < this.#first || index > this.last) return undefined;
    const at = this.#start + index - this.#first;
    return {
      segment: this.#segments[at] ?? 0,
      offset: this.#offsets[at] ?? 0,
      dataBytes: this.#lengths[at] ?? 0,
      term: this.#terms[at] ?? 0,
    };
  }

  term(index: number): number | undefined {
    if (index < this.#first || index > this.last) return undefined;
    return this.#terms[this.#start + index - this.#first];
  }

  /** Adds the entry behind the last. */
  push({ segment, offset, dataBytes, term }: EntryPlace): void {
    if (this.#start + this.#count === this.#terms.length) this.#makeRoom();
    const at = this.#start + this.#count;
    const before = this.#count === 0 ? this.#sumBefore : (this.#sums[at - 1] ?? 0);
    this.#segments[at] = segment;
    this.#offsets[at] = offset;
    this.#lengths[at] = dataBytes;
    this.#terms[at] = term;
    this.#sums[at] = before + dataBytes + OVERHEAD_BYTES;
    this.#count++;
  }

  /** Says where an entry was written that was pushed before it was. */
  place(index: number, segment: number, offset: number): void {
    if (index < this.#first || index > this.last) return;
    const at = this.#start + index - this.#first;
    this.#segments[at] = segment;
    this.#offsets[at] = offset;
  }

  #makeRoom(): void {
    const capacity = Math.max(CAPACITY_MIN, this.#count * 2);
    const [from, to] = [this.#start, this.#start + this.#count];
    const moved = <A extends Float64Array | Uint32Array>(next: A, old: A): A => {
      next.set(old.subarray(from, to));
      return next;
    };
    this.#segments = moved(new Float64Array(capacity), this.#segments);
    this.#offsets = moved(new Uint32Array(capacity), this.#offsets);
    this.#lengths = moved(new Uint32Array(capacity), this.#lengths);
    this.#terms = moved(new Float64Array(capacity), this.#terms);
    this.#sums = moved(new Float64Array(capacity), this.#sums);
    this.#start = 0;
  }

  /** Forgets entries from `index` on, which may lie before the first. */
  truncate(index: number): void {
    if (index > this.last) return;
    if (index < this.#first) this.reset(index);
    else this.#count = index - this.#first;
  }

  /** Forgets entries up to and with `index`. */
  dropTo(index: number): void {
    if (index < this.#first) return;
    if (index >= this.last) {
      this.reset(index + 1);
      return;
    }
    const drop = index + 1 - this.#first;
    this.#sumBefore = this.#sums[this.#start + drop - 1] ?? 0;
    this.#start += drop;
    this.#count -= drop;
    this.#first = index + 1;
  }

  /** Forgets all; the next entry has index `first`. */
  reset(first: number): void {
    assert(first > 0, 'entries are counted from 1');
    this.#first = first;
    this.#start = 0;
    this.#count = 0;
    this.#sumBefore = 0;
  }

  /** The last index with at least `bytes` of entries behind it; 0 when there are fewer. */
  indexBefore(bytes: number): number {
    if (this.#count === 0) return 0;
    const limit = (this.#sums[this.#start + this.#count - 1] ?? 0) - bytes;
    // How many entries end at or before the limit.
    let [lo, hi] = [0, this.#count];
    while (lo < hi) {
      const middle = (lo + hi) >> 1;
      if ((this.#sums[this.#start + middle] ?? 0) <= limit) lo = middle + 1;
      else hi = middle;
    }
    return lo === 0 ? 0 : this.#first + lo - 1;
  }
}
