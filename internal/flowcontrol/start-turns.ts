import { performance } from 'node:perf_hooks';
import { behindAnswers } from '../machinery/turn-end.js';
import { Turns } from '../machinery/turns.js';

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
  readonly #turns = new Turns(() => performance.now(), { sliceMs: SLICE_MS, nextTurn: behindAnswers });

  /** Whether it is still to be called. */
  isAsked(startNext: StartNext): boolean {
    return this.#asked.has(startNext);
  }

  /** Calls `startNext` soon, and again until it says that there is nothing to begin. */
  ask(startNext: StartNext): void {
    if (this.#asked.has(startNext)) return;
    this.#asked.add(startNext);
    this.#turns.soon(() => {
      const more = startNext();
      this.#asked.delete(startNext);
      // Behind those of other levels.
      if (more) this.ask(startNext);
    });
  }
}

/** Those of this process. */
export const startTurns = new StartTurns();
