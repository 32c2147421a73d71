/** Append messages on their way to one follower, bounded in number and in bytes. Oldest first. */
export class Inflights {
  #lastIndexes: number[] = [];
  #sizes: number[] = [];
  #head = 0;
  #bytes = 0;

  constructor(
    private readonly messagesMax: number,
    private readonly bytesMax: number,
  ) {}

  /** Number of append messages not yet acknowledged. */
  get count(): number {
    return this.#lastIndexes.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** No further message may be sent until one is acknowledged. */
  get full(): boolean {
    return this.count >= this.messagesMax || (this.count > 0 && this.#bytes >= this.bytesMax);
  }

  /** Notes a message whose last entry is `lastIndex`. */
  add(lastIndex: number, bytes: number): void {
    this.#lastIndexes.push(lastIndex);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  /** Everything up to `index` has arrived. */
  freeUpTo(index: number): void {
    while (this.#head < this.#lastIndexes.length && (this.#lastIndexes[this.#head] ?? 0) <= index) {
      this.#bytes -= this.#sizes[this.#head] ?? 0;
      this.#head += 1;
    }
    // Give the space back now and then instead of shifting the arrays at each acknowledgement.
    if (this.#head === this.#lastIndexes.length) this.reset();
    else if (this.#head >= 256) {
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
