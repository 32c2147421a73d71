/** So often in so long a replica whose state differs takes a copy by itself: beyond that somebody must look for the cause. */
export const RESEEDS_MAX = 3;
export const RESEEDS_WINDOW_MS = 10 * 60_000;

/** The copies of the state that this process takes from other replicas. */
export class Reseeds {
  /** How often the whole state was replaced by a copy since the process started. */
  taken = 0;
  #begun: number[] = [];

  /** May one more be taken now, in the process as it runs? If so, it is counted. `nowMs` never goes back. */
  allow(nowMs: number): boolean {
    this.#begun = this.#begun.filter((at) => at > nowMs - RESEEDS_WINDOW_MS);
    if (this.#begun.length >= RESEEDS_MAX) return false;
    this.#begun.push(nowMs);
    return true;
  }
}
