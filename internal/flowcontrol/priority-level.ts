import type { Limits } from './concurrency.js';
import type { Level } from './config.js';
import { QueueSet } from './queue-set.js';
import { RetryAfter } from './retry-after.js';
import type { Demand } from './seat-demand.js';
import { SchemaStats } from './stats.js';

/** A priority level at work: its seats and queues, and what is known of the demand for them. */
export class PriorityLevel {
  readonly set: QueueSet;
  readonly retryAfter = new RetryAfter();
  limits: Limits = { nominal: 0, min: 0, max: 0 };
  /** Seats that one request takes at most; 0 for no bound of its own. */
  maxSeats = 0;
  /** Seats that it has now, after lending and borrowing. */
  seats = 0;
  /** Over the last period of adjustment. */
  demand: Demand = { average: 0, deviation: 0, highWatermark: 0 };
  smoothedDemand = 0;
  target = 0;
  /** Its object is gone: it takes nobody in and ends with its last request. */
  quiescing = false;
  readonly #stats = new Map<string, SchemaStats>();

  constructor(
    public config: Level,
    idle: () => void,
  ) {
    this.set = new QueueSet(config.exempt, idle);
  }

  /** By the names of the flow schemas that led here. */
  get stats(): ReadonlyMap<string, SchemaStats> {
    return this.#stats;
  }

  statsOf(schema: string): SchemaStats {
    let stats = this.#stats.get(schema);
    if (stats === undefined) this.#stats.set(schema, (stats = new SchemaStats(schema)));
    return stats;
  }

  /** Forgets the flow schemas that are gone. */
  keepStats(schemas: ReadonlySet<string>): void {
    for (const [name, stats] of this.#stats) if (!schemas.has(name) && stats.isIdle) this.#stats.delete(name);
  }

  /** Puts the number of seats that it has from now on into force. */
  setSeats(seats: number): void {
    this.seats = seats;
    this.set.configure(this.config.queuing, seats);
  }
}
