import { performance } from 'node:perf_hooks';
import { behindAnswers } from '../machinery/turn-end.js';

/** How long the beginnings of requests that waited may hold the event loop in one of its turns, milliseconds; one more is ended. */
const SLICE_MS = 2;

/** Lets the next of its requests begin, if one may; whether it did. */
export type StartNext = () => boolean;

/**
 * Lets requests that waited for seats begin, of all levels in turn. Many may get seats at the same moment, for the writes
 * of one group are done together: together they hold the event loop for a few milliseconds, and then it is everybody
 * else's turn.
 */
export class StartTurns {
  readonly #asked = new Set<StartNext>();
  #isRunning = false;
  #since = 0;

  /** Whether it is still to be called. */
  isAsked(startNext: StartNext): boolean {
    return this.#asked.has(startNext);
  }

  /** Calls `startNext` soon, and again until it says that there is nothing to begin. */
  ask(startNext: StartNext): void {
    this.#asked.add(startNext);
    if (this.#isRunning) return;
    this.#isRunning = true;
    process.nextTick(this.#begin);
  }

  readonly #begin = (): void => {
    this.#since = performance.now();
    this.#step();
  };

  readonly #step = (): void => {
    const [next] = this.#asked;
    if (next === undefined) {
      this.#isRunning = false;
      return;
    }
    // What the last one did was done when no promise was left to be looked at: now it can be measured.
    if (performance.now() - this.#since >= SLICE_MS) {
      behindAnswers(this.#begin);
      return;
    }
    const more = next();
    this.#asked.delete(next);
    // Behind those of other levels.
    if (more) this.#asked.add(next);
    queueMicrotask(() => process.nextTick(this.#step));
  };
}

/** Those of this process. */
export const startTurns = new StartTurns();
