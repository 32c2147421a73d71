/** Space given back at once instead of shifting the arrays at each acknowledgement, in batches. */
const SHRINK_AT = 256;

/** Batches of entries that wait for an index to be reached, oldest first, and how many bytes they are. */
export class ByteWindow {
  #lastIndexes: number[] = [];
  #sizes: number[] = [];
  #head = 0;
  #bytes = 0;

  /** Batches that wait. */
  get count(): number {
    return this.#lastIndexes.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Notes a batch whose last entry is `lastIndex`. */
  add(lastIndex: number, bytes: number): void {
    this.#lastIndexes.push(lastIndex);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  /** Everything up to `index` is through. */
  freeUpTo(index: number): void {
    while (this.#head < this.#lastIndexes.length && (this.#lastIndexes[this.#head] ?? 0) <= index) {
      this.#bytes -= this.#sizes[this.#head] ?? 0;
      this.#head += 1;
    }
    if (this.#head === this.#lastIndexes.length) this.reset();
    else if (this.#head >= SHRINK_AT) {
      this.#lastIndexes = this.#lastIndexes.slice(this.#head);
      this.#sizes = this.#sizes.slice(this.#head);
      this.#head = 0;
    }
  }

  reset(): void {
    this.#lastIndexes.length = 0;
    this.#sizes.length = 0;
    this.#head = 0;
    this.#bytes = 0;
  }
}
