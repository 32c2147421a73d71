/** Most seconds that a client is told to stay away. */
const MAX_SECONDS = 32;

/**
 * How long clients of a priority level are told to wait, seconds: doubled while many are rejected, one less while few are
 * (k8s.io/apiserver's droppedRequestsTracker). Bounded: a count for each of the last 32 seconds.
 */
export class RetryAfter {
  #seconds = 1;
  #raisedAt = 0;
  #now = 0;
  #current = 0;
  #history: { readonly second: number; readonly count: number }[] = [];

  get seconds(): number {
    return this.#seconds;
  }

  /** A request was rejected in this second. */
  rejected(second: number): void {
    if (second === this.#now) {
      this.#current++;
      return;
    }
    this.#history.push({ second: this.#now, count: this.#current });
    this.#history = this.#history.filter((past) => second - past.second <= MAX_SECONDS);
    this.#now = second;
    this.#current = 1;
    this.#adjust(second);
  }

  #adjust(second: number): void {
    const lately = this.#history
      .filter((past) => second - past.second <= this.#seconds)
      .reduce((sum, { count }) => sum + count, 0);
    if (lately >= 3 * this.#seconds && second - this.#raisedAt >= this.#seconds) {
      this.#seconds = Math.min(MAX_SECONDS, 2 * this.#seconds);
      this.#raisedAt = second;
    } else if (lately < this.#seconds && this.#seconds > 1) this.#seconds--;
  }
}
