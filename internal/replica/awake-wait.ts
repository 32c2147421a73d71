import { availableParallelism } from 'node:os';

/** For so long a wait is awake at most, and only where such waits are usually over by then, milliseconds. */
const AWAKE_MS = 0.4;
/** It ends after so many turns of the loop too, of which each takes some microseconds: a clock may stand still. */
const TURNS_MAX = 512;
/** The last so many waits, about, say what is usual. */
const REMEMBERED = 16;

/**
 * Waits for a quick disk without letting the event loop fall asleep: to be woken takes this thread some 0.05 ms, a good part
 * of what a single client waits for its write. While it waits it does whatever comes in. It costs processor time, so it is
 * left out where waits usually take longer than AWAKE_MS (slow disks, and a loop that has enough to do), and where another
 * thread may need the only processor.
 */
export class AwakeWait {
  #usualMs = Number.POSITIVE_INFINITY;

  constructor(
    private readonly processors = availableParallelism(),
    private readonly now = (): number => performance.now(),
  ) {}

  /** A wait took this long, in ms. */
  took(ms: number): void {
    if (this.#usualMs === Number.POSITIVE_INFINITY) this.#usualMs = ms;
    else this.#usualMs += (ms - this.#usualMs) / REMEMBERED;
  }

  /** Keeps the event loop turning until `isOver`, for AWAKE_MS or TURNS_MAX turns at most. It does not wait itself. */
  begin(isOver: () => boolean): void {
    if (this.processors < 2 || this.#usualMs > AWAKE_MS) return;
    const until = this.now() + AWAKE_MS;
    let turns = 0;
    const turn = (): void => {
      if (++turns < TURNS_MAX && !isOver() && this.now() < until) setImmediate(turn);
    };
    setImmediate(turn);
  }
}
