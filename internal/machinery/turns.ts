import type { Awaitable } from './awaitable.js';

/** How long such work may hold the event loop in one of its turns, milliseconds, unless said otherwise; the one that is begun goes on. */
const SLICE_MS = 5;
/** What has begun is thrown away when it is so many. */
const MAX_GONE = 1024;

/**
 * Work that comes in crowds: in one turn the event loop hands over all that has come, and of hundreds of connections each
 * may have a request that takes some milliseconds by itself. What would begin when a slice is over waits for a later turn,
 * in the order in which it came. Who asks bounds how many wait.
 */
export class Turns {
  readonly #now: () => number;
  readonly #sliceMs: number;
  readonly #nextTurn: (begin: () => void) => void;
  /** Since when there is such work in this turn; undefined where there was none. */
  #since: number | undefined;
  #isAsked = false;
  #isStepping = false;
  /** From `#first` on. */
  #waiting: (() => void)[] = [];
  #first = 0;

  /**
   * `now`: a clock in milliseconds that never goes back. `sliceMs`: how long such work may hold one turn. `nextTurn` calls
   * back when the next slice may begin.
   */
  constructor(
    now: () => number = () => performance.now(),
    {
      sliceMs = SLICE_MS,
      nextTurn = setImmediate,
    }: { readonly sliceMs?: number; readonly nextTurn?: (begin: () => void) => void } = {},
  ) {
    this.#now = now;
    this.#sliceMs = sliceMs;
    this.#nextTurn = nextTurn;
  }

  /** Does `work` now, or in a later turn. What follows in microtasks counts as well. `at`: what time it is. */
  run<T>(work: () => Awaitable<T>, at: number = this.#now()): Awaitable<T> {
    if (this.#first < this.#waiting.length || (this.#since !== undefined && at - this.#since >= this.#sliceMs)) {
      return this.#later(work);
    }
    if (this.#since === undefined) {
      this.#since = at;
      this.#ask();
    }
    return work();
  }

  /** Does `work`, which begins what others wait for in microtasks, as soon as all before it is done, or in a later turn. */
  soon(work: () => void): void {
    this.#waiting.push(work);
    if (this.#isAsked || this.#isStepping) return;
    this.#isStepping = true;
    process.nextTick(this.#begin);
  }

  #later<T>(work: () => Awaitable<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
      this.#ask();
    });
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#nextTurn(this.#begin);
  }

  /** A new turn, in which one goes on whatever the clock says. */
  readonly #begin = (): void => {
    this.#isAsked = false;
    this.#isStepping = true;
    this.#since = this.#now();
    this.#goOn();
  };

  readonly #step = (): void => {
    // What the last one did was done when no promise was left to be looked at: now it can be measured.
    if (this.#first < this.#waiting.length && this.#now() - (this.#since ?? 0) >= this.#sliceMs) {
      this.#isStepping = false;
      this.#ask();
      return;
    }
    this.#goOn();
  };

  #goOn(): void {
    const next = this.#waiting[this.#first];
    if (next === undefined) {
      this.#isStepping = false;
      this.#since = undefined;
      return;
    }
    this.#first++;
    if (this.#first === this.#waiting.length || this.#first === MAX_GONE) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    next();
    queueMicrotask(() => process.nextTick(this.#step));
  }
}
