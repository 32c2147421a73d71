import { performance } from 'node:perf_hooks';
import { Distribution } from './stats.js';

const BOUNDS: readonly number[] = [0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];

/** Requests of one kind in one phase, and for how long they were how many, as a fraction of the limit. */
class Count {
  value = 0;
  readonly utilization = new Distribution(BOUNDS);
  #last = performance.now();
  constructor(private readonly limit: number) {}

  /** `now` is the time of `performance.now()`; it may be a moment ago. */
  change(delta: number, now = performance.now()): void {
    if (now > this.#last) {
      this.utilization.add(this.value / this.limit, now - this.#last);
      this.#last = now;
    }
    this.value += delta;
  }
}

/** How many requests wait and are executed, reads and writes apart; watches count until they have begun. */
export class ReadWriteCounts {
  readonly readOnly: { readonly waiting: Count; readonly executing: Count };
  readonly mutating: { readonly waiting: Count; readonly executing: Count };

  /** Those that are executed. */
  readonly inFlight: { readonly readOnly: number; readonly mutating: number };

  constructor(serverSeats: number) {
    this.readOnly = { waiting: new Count(1), executing: new Count(serverSeats) };
    this.mutating = { waiting: new Count(1), executing: new Count(serverSeats) };
    const { readOnly, mutating } = this;
    this.inFlight = {
      get readOnly() {
        return readOnly.executing.value;
      },
      get mutating() {
        return mutating.executing.value;
      },
    };
  }
}
