/** Fraction of the distance to a lower demand that remains after a period: half is gone after five minutes. */
const SMOOTHING = 0.977;

/** How many seats were asked for over a period. */
export interface Demand {
  readonly average: number;
  readonly deviation: number;
  readonly highWatermark: number;
}

/** Integrates the number of seats that are asked for, taken or waited for, over time. Times are milliseconds of one clock. */
export class DemandIntegrator {
  #value = 0;
  #max = 0;
  #area = 0;
  #squares = 0;
  #begun: number;
  #last: number;

  constructor(now: number) {
    this.#begun = this.#last = now;
  }

  get value(): number {
    return this.#value;
  }

  set(value: number, now: number): void {
    this.#advance(now);
    this.#value = value;
    if (value > this.#max) this.#max = value;
  }

  /** What was asked for since the last call. */
  reset(now: number): Demand {
    this.#advance(now);
    const time = now - this.#begun;
    const average = time > 0 ? this.#area / time : this.#value;
    const variance = time > 0 ? this.#squares / time - average * average : 0;
    const demand = { average, deviation: Math.sqrt(Math.max(0, variance)), highWatermark: this.#max };
    this.#begun = now;
    this.#area = this.#squares = 0;
    this.#max = this.#value;
    return demand;
  }

  #advance(now: number): void {
    const time = now - this.#last;
    if (time <= 0) return;
    this.#last = now;
    this.#area += this.#value * time;
    this.#squares += this.#value * this.#value * time;
  }
}

/** Demand that rises at once and falls slowly (KEP-1040, "smoothed seat demand"). */
export function smoothed(before: number, { average, deviation }: Demand): number {
  const envelope = average + deviation;
  return Math.max(envelope, SMOOTHING * before + (1 - SMOOTHING) * envelope);
}
