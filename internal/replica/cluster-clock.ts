/**
 * The time that times to live are counted in: the latest time that any applied entry was proposed at, and what has passed
 * here since that was seen, on a clock that nobody sets. Wall clocks are asked once, by the first replica of a cluster
 * that holds nothing: a jump of one neither ends what lives nor keeps what is over. It never goes back. While no
 * replica runs it stands still, so that what lives may live longer by that, and never shorter.
 */
export class ClusterClock {
  readonly #seen: () => number;
  #base: number;
  #since = performance.now();

  /** `seen` is the latest time among the entries applied, in ms since 1970; 0 when there is none. */
  constructor(seen: () => number) {
    this.#seen = seen;
    this.#base = seen() || Date.now();
  }

  /** Notes what was applied: to be called often, for what passes before is not counted. */
  observe(): void {
    const seen = this.#seen();
    if (seen <= this.#elapsed()) return;
    this.#base = seen;
    this.#since = performance.now();
  }

  /** In ms since 1970, about. */
  now(): number {
    this.observe();
    return this.#elapsed();
  }

  #elapsed(): number {
    return Math.floor(this.#base + performance.now() - this.#since);
  }
}
