/** Upper bounds of durations in seconds, of lengths of queues and of seats (k8s.io/apiserver's flow control metrics). */
export const DURATION_BOUNDS: readonly number[] = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
export const LENGTH_BOUNDS: readonly number[] = [0, 10, 25, 50, 100, 250, 500, 1000];
export const SEATS_BOUNDS: readonly number[] = [1, 2, 4, 10];
export const WATCH_COUNT_BOUNDS: readonly number[] = [0, 1, 10, 100, 1000, 10_000];

/** Why a request was rejected, as the metric's label says it. */
export type Rejection = 'queue-full' | 'concurrency-limit' | 'time-out' | 'cancelled';

/** Counts values by bucket: a number for each bound, one for what is above all, and the sum. */
export class Distribution {
  readonly values: Float64Array;
  constructor(readonly bounds: readonly number[]) {
    this.values = new Float64Array(bounds.length + 2);
  }
  /** Adds a value; `weight` times where time is counted. */
  add(value: number, weight = 1): void {
    const { bounds, values } = this;
    let i = 0;
    while (i < bounds.length && value > (bounds[i] ?? Infinity)) i++;
    values[i] = (values[i] ?? 0) + weight;
    const sum = bounds.length + 1;
    values[sum] = (values[sum] ?? 0) + value * weight;
  }
}

/** What one flow schema has done to one priority level. */
export class SchemaStats {
  dispatched = 0;
  executing = 0;
  executingSeats = 0;
  inQueue = 0;
  /** How often a request had to wait on because the seats that were free did not do. */
  noAccommodation = 0;
  readonly rejected: Record<Rejection, number> = {
    'queue-full': 0,
    'concurrency-limit': 0,
    'time-out': 0,
    cancelled: 0,
  };
  readonly queueLength = new Distribution(LENGTH_BOUNDS);
  readonly waitedToExecute = new Distribution(DURATION_BOUNDS);
  readonly waitedInVain = new Distribution(DURATION_BOUNDS);
  readonly regularSeconds = new Distribution(DURATION_BOUNDS);
  readonly watchSeconds = new Distribution(DURATION_BOUNDS);
  readonly seats = new Distribution(SEATS_BOUNDS);
  readonly watchCount = new Distribution(WATCH_COUNT_BOUNDS);

  constructor(readonly schema: string) {}

  get isIdle(): boolean {
    return this.executing === 0 && this.inQueue === 0;
  }
}
