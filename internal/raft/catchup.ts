/** Old entries in one append, in bytes: what a leader reads from disk and encodes in one go while others wait. */
export const CATCH_UP_MESSAGE_BYTES = 64 * 1024;
/** Old entries on their way to one member, in bytes: the next leave when these are acknowledged. */
export const CATCH_UP_WINDOW_BYTES = 128 * 1024;
/** Those behind get so many times what is being proposed, at least: else they would never get there. */
const OUTRUN_FACTOR = 2;
/** That is averaged over about so many ticks: a burst of writes is not followed by one of old entries. */
const RATE_TICKS = 16;
/** Ticks without a proposal after which nobody is thought to wait ... */
const IDLE_TICKS = 10;
/** ... and those behind may have so many times as much. */
const IDLE_FACTOR = 8;
/** Ticks without a commit, though there is something to commit, after which those behind are thought to be needed for it. */
const STALLED_TICKS = 4;

/**
 * Paces what a leader sends to members that are behind, so that those it serves do not wait for them. An entry is old
 * for a member when it is committed already, and so without that member. All members behind share one budget for each
 * tick; it grows with what is proposed, so that they come nearer. There is none when commits wait: then a quorum needs
 * those who are behind.
 */
export class CatchUp {
  readonly #bytesPerTick: number;
  #budget: number;
  /** Bytes proposed since the last tick, and per tick lately. */
  #proposed = 0;
  #rate = 0;
  #idleTicks = 0;
  #stalledTicks = 0;
  #committed = 0;

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

  /** Accounts for new entries. */
  proposed(bytes: number): void {
    this.#proposed += bytes;
  }

  /** One tick of a leader whose log is committed and ends there. */
  tick(committed: number, last: number): void {
    this.#stalledTicks = last > committed && committed === this.#committed ? this.#stalledTicks + 1 : 0;
    this.#committed = committed;
    this.#idleTicks = this.#proposed === 0 ? this.#idleTicks + 1 : 0;
    this.#rate += (this.#proposed - this.#rate) / RATE_TICKS;
    this.#proposed = 0;
    const paced = this.#bytesPerTick * (this.#idleTicks >= IDLE_TICKS ? IDLE_FACTOR : 1);
    // What went over the last budget counts; what was left of it does not.
    this.#budget = Math.min(this.#budget, 0) + Math.max(paced, this.#rate * OUTRUN_FACTOR);
  }

  /** A new term: what was spent in the last one is forgotten. */
  reset(): void {
    this.#budget = this.#bytesPerTick;
    this.#proposed = 0;
    this.#rate = 0;
    this.#idleTicks = 0;
    this.#stalledTicks = 0;
    this.#committed = 0;
  }
}
