import { setImmediate } from 'node:timers/promises';

/** How long work goes on before others get their turn, in milliseconds. */
const SLICE_MS = 10;
/** Looking at the clock costs as much as a small step: it is looked at once in this many. */
export const BREATH_STEPS = 64;

/**
 * Long work in slices: between two of its steps it asks whether a pause is due, and rests then, so that other requests,
 * heartbeats and timers of this process are served. Work that ends within one slice never waits.
 */
export class Breath {
  #since = performance.now();
  #steps = 0;

  /** Whether this work has held the loop for a slice. `steps` is how much was done since the last question. */
  isDue(steps = 1): boolean {
    this.#steps += steps;
    if (this.#steps < BREATH_STEPS) return false;
    this.#steps = 0;
    return performance.now() - this.#since >= SLICE_MS;
  }

  /** Lets the others have their turn. */
  async rest(): Promise<void> {
    await setImmediate();
    this.#since = performance.now();
  }
}
