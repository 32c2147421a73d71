import { performance } from 'node:perf_hooks';
import type { Flow } from './classifier.js';
import type { Rejection } from './stats.js';
import type { Work } from './work-estimate.js';

/** How long a request is taken to last until it has shown it, milliseconds (k8s.io/apiserver's queueset). */
const ESTIMATED_SERVICE_MS = 3;

/** What became of a request that asked for seats. */
export type Outcome = 'executing' | Rejection;

/** What is shown of a request to a person who looks at the queues. */
export interface Details {
  readonly username: string;
  readonly verb: string;
  readonly path: string;
  readonly namespace: string;
  readonly name: string;
  readonly groupVersion: string;
  readonly resource: string;
  readonly subresource: string;
}

/** One request in a queue set. */
export class Ticket {
  readonly maxSeats: number;
  /** Work that it is taken to be, seat-milliseconds. */
  readonly work: number;
  startedAt = 0;
  /** The progress meter when it came. */
  arrivalR = 0;
  queue: Queue | undefined;
  state: 'new' | 'waiting' | 'executing' | 'over' = 'new';
  settle: ((outcome: Outcome) => void) | undefined;
  timer: NodeJS.Timeout | undefined;

  constructor(
    readonly flow: Flow,
    readonly estimate: Work,
    readonly isWatch: boolean,
    readonly details: () => Details,
    /** Of `performance.now()`. */
    readonly arrived = performance.now(),
  ) {
    this.maxSeats = Math.max(estimate.seats, estimate.finalSeats);
    this.work = estimate.seats * ESTIMATED_SERVICE_MS + estimate.finalSeats * estimate.extraMs;
  }
}

/** One queue of a set: the flows that share it take turns with other queues, and wait in order among themselves. */
export class Queue {
  readonly waiting: Ticket[] = [];
  waitingSeats = 0;
  executing = 0;
  seats = 0;
  /** The virtual time at which its next request would begin, as far as those that are executed last as long as estimated. */
  nextR = 0;
  /** Of those that are executed: the sum of seats times the time at which they began, and what they were estimated to be. */
  private begun = 0;
  private estimated = 0;
  private initialSeats = 0;
  constructor(readonly index: number) {}

  began({ estimate, startedAt, work }: Ticket): void {
    this.nextR += work;
    this.begun += estimate.seats * startedAt;
    this.estimated += work;
    this.initialSeats += estimate.seats;
  }
  /** How long it really took is known now. */
  ended({ estimate, startedAt, work }: Ticket, now: number): void {
    this.nextR += estimate.seats * (now - startedAt) + estimate.finalSeats * estimate.extraMs - work;
    this.begun -= estimate.seats * startedAt;
    this.estimated -= work;
    this.initialSeats -= estimate.seats;
  }

  /** `nextR` with what those that are executed have taken beyond their estimate until now. */
  nextRAt(now: number): number {
    const taken = this.initialSeats * now - this.begun;
    return this.nextR + Math.max(0, taken - this.estimated);
  }

  get isIdle(): boolean {
    return this.waiting.length === 0 && this.executing === 0;
  }
}
