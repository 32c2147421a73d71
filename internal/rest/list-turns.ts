import { performance } from 'node:perf_hooks';
import { behindAnswers } from '../machinery/turn-end.js';

/** How long lists may hold the event loop in one of its turns, milliseconds; the page that is begun is ended. */
const SLICE_MS = 4;
/** Pages of a list that are written before it takes turns with others. */
const SHORT_PAGES = 8;
/** Lists are many when so many wait at a time: a few clients that list by turns are none. */
export const CROWD = 8;
/** For how long they are taken to be many since so many waited, milliseconds. */
export const CROWDED_MS = 100;

/**
 * Lists read their pages in turns, whatever number of them there is: together they hold the event loop for a few
 * milliseconds, and then it is everybody else's turn. While few are read nobody waits.
 */
export class ListTurns {
  /** Those that have begun, and are soon at their end; they go first, so that lists end one after the other. */
  readonly #short: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];
  /** Since when lists are at work in this turn of the loop; undefined where none is. */
  #since: number | undefined;
  #crowdedAt = Number.NEGATIVE_INFINITY;
  readonly #now: () => number;

  /** `now`: a clock in milliseconds that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether `CROWD` pages or more wait for their turn, or did in the last `CROWDED_MS`: then each is better short. */
  get isCrowded(): boolean {
    return this.#waits >= CROWD || this.#now() - this.#crowdedAt < CROWDED_MS;
  }

  /** Whether a page may be read at once: nobody waits for a turn, and lists have time left in this one. */
  mayBegin(): boolean {
    return this.#waits === 0 && this.#hasTime();
  }

  /** For a page that is read at once: undefined where it may be, or a promise of its turn. */
  turn(): Promise<void> | undefined {
    return this.mayBegin() ? undefined : this.next();
  }

  /** For a page that is written at once while lists are few, and in a later turn while they are many; `pages` as in `later`. */
  soon(step: () => void, pages = 0): void {
    if (!this.isCrowded && this.mayBegin()) step();
    else this.later(step, pages);
  }

  /** For a page after another: a promise of its turn, which comes in a later turn of the loop. */
  next(): Promise<void> {
    return new Promise((resolve) => this.later(resolve));
  }

  /** Calls `step` in a later turn of the event loop; `pages` says how many its list has had. */
  later(step: () => void, pages = 0): void {
    this.#begin();
    (pages > 0 && pages < SHORT_PAGES ? this.#short : this.#waiting).push(step);
  }

  get #waits(): number {
    return this.#waiting.length + this.#short.length;
  }

  #hasTime(): boolean {
    if (this.#since !== undefined) return this.#now() - this.#since < SLICE_MS;
    this.#begin();
    return true;
  }

  #begin(): void {
    if (this.#since !== undefined) return;
    this.#since = this.#now();
    behindAnswers(this.#turned);
  }

  readonly #turned = (): void => {
    this.#since = undefined;
    if (this.#waits >= CROWD) this.#crowdedAt = this.#now();
    // What a promise leads to is done only when this returns, so one step is all that can be measured.
    const step = this.#short.shift() ?? this.#waiting.shift();
    if (step === undefined) return;
    this.#begin();
    step();
  };
}

/** Those of this process. */
export const listTurns = new ListTurns();
