/** Old entries in one append, in bytes: what a leader reads from disk and encodes in one go while others wait. */
export const CATCH_UP_MESSAGE_BYTES = 256 * 1024;
/** Old entries on their way to one member, in bytes: the next leave when these are acknowledged. */
export const CATCH_UP_WINDOW_BYTES = 1024 * 1024;
/** While nothing is proposed, followers may have so many times as much. */
const IDLE_FACTOR = 4;
/** Ticks without a commit, though there is something to commit, after which those behind are thought to be needed for it. */
const STALLED_TICKS = 4;

/**
 * Paces what a leader sends to members that are behind, so that those it serves do not wait for them. An entry is old
 * for a member when it is committed already, and so without that member. All members behind share one budget for each
 * tick. There is none when commits wait: then a quorum needs those who are behind.
 */
export class CatchUp {
  readonly #bytesPerTick: number;
  #budget: number;
  #stalledTicks = 0;
  #committed = 0;
  #last = 0;

  constructor(bytesPerTick: number) {
    this.#bytesPerTick = bytesPerTick;
    this.#budget = bytesPerTick;
  }

  /** May old entries leave now? */
  get allows(): boolean {
    return this.#budget > 0 || this.#stalledTicks >= STALLED_TICKS;
  }

  /** Accounts for old entries that are being sent. */
  spend(bytes: number): void {
    this.#budget -= bytes;
  }

  /** One tick of a leader whose log is committed and ends there. */
  tick(committed: number, last: number): void {
    const isIdle = last === this.#last;
    this.#stalledTicks = last > committed && committed === this.#committed ? this.#stalledTicks + 1 : 0;
    this.#committed = committed;
    this.#last = last;
    // What went over the last budget counts; what was left of it does not.
    this.#budget = Math.min(this.#budget, 0) + this.#bytesPerTick * (isIdle ? IDLE_FACTOR : 1);
  }

  /** A new term: what was spent in the last one is forgotten. */
  reset(): void {
    this.#budget = this.#bytesPerTick;
    this.#stalledTicks = 0;
    this.#committed = 0;
    this.#last = 0;
  }
}
