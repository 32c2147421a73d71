import { performance } from 'node:perf_hooks';
import type { Queuing } from './config.js';
import { type Outcome, Queue, type Ticket } from './queue.js';
import { DemandIntegrator } from './seat-demand.js';
import { startTurns } from './start-turns.js';
import { Distribution, type Rejection } from './stats.js';

/** Requests that wait in one priority level at most, whatever its queues allow. */
const MAX_WAITING = 20_000;
/** One of so many seats is left to requests that need only one; */
const NARROW_SHARE = 10;
/** and one of so many to those of queues of which nothing is executed. */
const QUIET_SHARE = 20;
/** Queues without requests that are kept. */
const MAX_IDLE_QUEUES = 1024;

const SEAT_UTILIZATION: readonly number[] = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];
const REQUEST_UTILIZATION: readonly number[] = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1];
const DEMAND_RATIO: readonly number[] = [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6];

/**
 * The seats of one priority level, and the queues before them. Among the queues that have something to do the seats are
 * shared fairly, by virtual time (start-time fair queuing, as in k8s.io/apiserver's queueset). An exempt one lets
 * everybody in and only counts. Bounds: `queueLengthLimit` for each queue, and 20,000 waiting requests in all.
 */
export class QueueSet {
  /** Seats that may be taken now. */
  #limit = 0;
  #queuing: Queuing | undefined;
  readonly #queues = new Map<number, Queue>();
  /** Those in which somebody waits. */
  readonly #busy = new Set<Queue>();
  #active = 0;
  #waiting = 0;
  #waitingSeats = 0;
  readonly #executing = new Set<Ticket>();
  #seats = 0;
  /** Requests with one seat. */
  #narrow = 0;
  /** The progress meter: how much of its work a queue with something to do could have had done, seat-milliseconds. */
  #r = 0;
  #lastR = performance.now();
  #lastChange = this.#lastR;
  /** Seats that are asked for, executing or waiting. */
  readonly demand = new DemandIntegrator(this.#lastR);
  /** Milliseconds by how full the seats, the limit on requests and the room to wait were. */
  readonly seatUtilization = new Distribution(SEAT_UTILIZATION);
  readonly executingUtilization = new Distribution(REQUEST_UTILIZATION);
  readonly waitingUtilization = new Distribution(REQUEST_UTILIZATION);
  readonly demandRatio = new Distribution(DEMAND_RATIO);

  constructor(
    readonly exempt: boolean,
    /** Called when the last request is gone. */
    private readonly idle: () => void = () => undefined,
  ) {}

  get limit(): number {
    return this.#limit;
  }
  get waiting(): number {
    return this.#waiting;
  }
  get executing(): number {
    return this.#executing.size;
  }
  /** The requests that have seats. */
  get tickets(): Iterable<Ticket> {
    return this.#executing;
  }
  get seats(): number {
    return this.#seats;
  }
  get isIdle(): boolean {
    return this.#waiting === 0 && this.#executing.size === 0;
  }
  /** The progress meter now. */
  get currentR(): number {
    this.#advance(performance.now());
    return this.#r;
  }
  /** Its queues that have ever had something to do lately, by number. */
  get queues(): readonly Queue[] {
    return [...this.#queues.values()].toSorted((a, b) => a.index - b.index);
  }

  /** Puts new bounds into force; who waits already stays where he is. */
  configure(queuing: Queuing | undefined, limit: number): void {
    this.#observe(performance.now());
    this.#queuing = queuing;
    this.#limit = limit;
    this.#dispatch();
  }

  /**
   * Asks for seats: 'executing' when the request may go on at once, a promise when it waits for at most `waitMs`
   * milliseconds, or why it may not. Whoever is let in calls `finish` once.
   */
  enter(ticket: Ticket, waitMs: number): Outcome | Promise<Outcome> {
    const now = ticket.arrived;
    const { stats } = ticket.flow;
    stats.seats.add(ticket.maxSeats);
    this.#advance(now);
    if (this.exempt) return this.#execute(ticket, undefined, now);
    const queuing = this.#queuing;
    if (queuing === undefined) {
      if (this.#waiting === 0 && this.#fits(ticket, undefined)) return this.#execute(ticket, undefined, now);
      return this.#reject(ticket, 'concurrency-limit');
    }
    const queue = this.#choose(ticket.flow.hand);
    if (this.#waiting === 0 && this.#fits(ticket, queue)) {
      if (queue.isIdle) queue.nextR = this.#r;
      return this.#execute(ticket, queue, now);
    }
    if (queue.waiting.length >= queuing.queueLengthLimit || this.#waiting >= MAX_WAITING)
      return this.#reject(ticket, 'queue-full');
    return this.#enqueue(ticket, queue, now, waitMs);
  }

  /** The request is over, and its seats are free; those that it keeps for a moment (see Work) a little later. */
  finish(ticket: Ticket, now = performance.now()): void {
    if (ticket.state !== 'executing') return;
    ticket.state = 'over';
    const { stats } = ticket.flow;
    const tookMs = now - ticket.startedAt;
    (ticket.isWatch ? stats.watchSeconds : stats.regularSeconds).add(tookMs / 1000);
    const { finalSeats, extraMs } = ticket.estimate;
    ticket.queue?.ended(ticket, now);
    if (finalSeats === 0) {
      this.#leave(ticket, ticket.maxSeats, now);
      return;
    }
    this.#free(ticket, ticket.maxSeats - finalSeats, now);
    setTimeout(() => this.#leave(ticket, finalSeats, performance.now()), extraMs);
  }

  /** The client is gone: if its request waits, it waits no more. */
  cancel(ticket: Ticket): void {
    if (ticket.state === 'waiting') this.#giveUp(ticket, 'cancelled');
  }

  #enqueue(ticket: Ticket, queue: Queue, now: number, waitMs: number): Promise<Outcome> {
    this.#observe(now);
    if (queue.isIdle) {
      queue.nextR = this.#r;
      this.#active++;
    }
    ticket.state = 'waiting';
    ticket.queue = queue;
    ticket.arrivalR = this.#r;
    queue.waiting.push(ticket);
    queue.waitingSeats += ticket.maxSeats;
    this.#busy.add(queue);
    this.#waiting++;
    this.#waitingSeats += ticket.maxSeats;
    const { stats } = ticket.flow;
    stats.inQueue++;
    stats.queueLength.add(queue.waiting.length);
    this.#tellDemand(now);
    const outcome = new Promise<Outcome>((resolve) => {
      ticket.settle = resolve;
      ticket.timer = setTimeout(() => this.#giveUp(ticket, 'time-out'), waitMs);
      ticket.timer.unref();
    });
    // While others begin one after the other it is one of them.
    if (startTurns.isAsked(this.#dispatchNext)) this.#dispatch();
    else this.#dispatchNext();
    return outcome;
  }

  #execute(ticket: Ticket, queue: Queue | undefined, now: number): Outcome {
    this.#observe(now);
    if (queue !== undefined) {
      if (queue.isIdle) this.#active++;
      queue.executing++;
      queue.seats += ticket.maxSeats;
    }
    ticket.queue = queue;
    ticket.state = 'executing';
    ticket.startedAt = now;
    queue?.began(ticket);
    this.#executing.add(ticket);
    if (ticket.maxSeats === 1) this.#narrow++;
    this.#seats += ticket.maxSeats;
    const { stats } = ticket.flow;
    stats.dispatched++;
    stats.executing++;
    stats.executingSeats += ticket.maxSeats;
    stats.waitedToExecute.add((now - ticket.arrived) / 1000);
    this.#tellDemand(now);
    return 'executing';
  }

  #reject(ticket: Ticket, reason: Rejection): Outcome {
    ticket.state = 'over';
    ticket.flow.stats.rejected[reason]++;
    ticket.flow.stats.waitedInVain.add((performance.now() - ticket.arrived) / 1000);
    return reason;
  }

  /** The queue of the hand that has least to do. */
  #choose(hand: readonly number[]): Queue {
    let chosen: Queue | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const index of hand) {
      const queue = this.#queues.get(index);
      const backlog = queue === undefined ? 0 : queue.seats + queue.waitingSeats;
      if (backlog >= least) continue;
      least = backlog;
      chosen = queue;
      if (queue === undefined) this.#queues.set(index, (chosen = new Queue(index)));
      if (backlog === 0) break;
    }
    return chosen ?? this.#queueAt(0);
  }

  #queueAt(index: number): Queue {
    let queue = this.#queues.get(index);
    if (queue === undefined) this.#queues.set(index, (queue = new Queue(index)));
    return queue;
  }

  /**
   * Whether there are seats. A request wider than the limit has them when it is alone. Wide requests leave a tenth of the
   * seats to those that need one: lists take long, and would have every GET wait until one of them ends. A flow of many
   * requests leaves some to those of which none is executed: writes end together, and would have them wait for that.
   */
  #fits({ maxSeats }: Ticket, queue: Queue | undefined): boolean {
    if (this.#seats >= this.#limit) return false;
    if (maxSeats === 1) return isQuiet(queue) || this.#seats < this.#limit - Math.floor(this.#limit / QUIET_SHARE);
    const most = this.#limit - this.#reserve;
    if (maxSeats > most) return this.#executing.size === 0;
    return this.#seats - Math.min(this.#narrow, this.#reserve) + maxSeats <= most;
  }

  /** Seats that only requests that need one may take. */
  get #reserve(): number {
    return Math.floor(this.#limit / NARROW_SHARE);
  }

  /** Lets those begin who wait and for whom there are seats, one after the other. */
  #dispatch(): void {
    if (this.#waiting > 0 && this.#seats < this.#limit) startTurns.ask(this.#dispatchNext);
  }

  readonly #dispatchNext = (): boolean => {
    if (this.#waiting === 0 || this.#seats >= this.#limit) return false;
    const now = performance.now();
    const queue = this.#next(now);
    const ticket = queue?.waiting[0];
    if (queue === undefined || ticket === undefined) return false;
    this.#advance(now);
    this.#unqueue(ticket, queue);
    this.#execute(ticket, queue, now);
    if (queue.waiting.length > 0) {
      // Among equals it is the others' turn.
      this.#busy.delete(queue);
      this.#busy.add(queue);
    }
    ticket.settle?.('executing');
    return true;
  };

  /** The queue whose turn it is, if there are seats for its first request. */
  #next(now: number): Queue | undefined {
    const first = this.#earliest(now, () => true);
    const ticket = first?.waiting[0];
    if (ticket === undefined || this.#fits(ticket, first)) return first;
    // Nobody passes it, or wide requests would never have their turn, except into the seats that it may not take.
    ticket.flow.stats.noAccommodation++;
    if (ticket.maxSeats > 1 && this.#narrow >= this.#reserve) return undefined;
    return this.#earliest(now, (other, queue) => other.maxSeats === 1 && this.#fits(other, queue));
  }

  /** The queue whose first request, of those that `may`, would end first in virtual time. */
  #earliest(now: number, may: (first: Ticket, queue: Queue) => boolean): Queue | undefined {
    let next: Queue | undefined;
    let earliest = Number.POSITIVE_INFINITY;
    for (const queue of this.#busy) {
      const first = queue.waiting[0];
      if (first === undefined || !may(first, queue)) continue;
      // What it did not use while it had nothing to do is lost.
      if (queue.nextR < first.arrivalR) queue.nextR = first.arrivalR;
      const end = queue.nextRAt(now) + first.work;
      if (end >= earliest) continue;
      earliest = end;
      next = queue;
    }
    return next;
  }

  #unqueue(ticket: Ticket, queue: Queue): void {
    this.#observe(performance.now());
    clearTimeout(ticket.timer);
    const at = queue.waiting.indexOf(ticket);
    queue.waiting.splice(at, 1);
    queue.waitingSeats -= ticket.maxSeats;
    if (queue.waiting.length === 0) this.#busy.delete(queue);
    this.#waiting--;
    this.#waitingSeats -= ticket.maxSeats;
    ticket.flow.stats.inQueue--;
    if (queue.isIdle) this.#active--;
  }

  #giveUp(ticket: Ticket, reason: Rejection): void {
    const { queue } = ticket;
    if (ticket.state !== 'waiting' || queue === undefined) return;
    const now = performance.now();
    this.#advance(now);
    this.#unqueue(ticket, queue);
    this.#tellDemand(now);
    ticket.settle?.(this.#reject(ticket, reason));
    this.#dispatch();
    if (this.isIdle) this.idle();
  }

  #leave(ticket: Ticket, seats: number, now: number): void {
    this.#free(ticket, seats, now, true);
    if (this.isIdle) this.idle();
  }

  #free(ticket: Ticket, seats: number, now: number, last = false): void {
    this.#advance(now);
    this.#observe(now);
    const { queue, flow } = ticket;
    this.#seats -= seats;
    flow.stats.executingSeats -= seats;
    if (queue !== undefined) queue.seats -= seats;
    if (last) {
      this.#executing.delete(ticket);
      if (ticket.maxSeats === 1) this.#narrow--;
      flow.stats.executing--;
      if (queue !== undefined) {
        queue.executing--;
        if (queue.isIdle) {
          this.#active--;
          if (this.#queues.size > MAX_IDLE_QUEUES) this.#queues.delete(queue.index);
        }
      }
    }
    this.#tellDemand(now);
    this.#dispatch();
  }

  /** Moves the progress meter on. */
  #advance(now: number): void {
    const time = now - this.#lastR;
    if (time <= 0) return;
    this.#lastR = now;
    if (this.#active === 0) return;
    this.#r += (time * Math.min(this.#seats + this.#waitingSeats, this.#limit)) / this.#active;
  }

  #tellDemand(now: number): void {
    this.demand.set(this.#seats + this.#waitingSeats, now);
  }

  /** Counts the time since the last change under what has been so far; to be called before a change. */
  #observe(now: number): void {
    const time = now - this.#lastChange;
    if (time <= 0) return;
    this.#lastChange = now;
    const limit = Math.max(1, this.#limit);
    this.seatUtilization.add(this.#seats / limit, time);
    this.executingUtilization.add(this.#executing.size / limit, time);
    const room = this.#queuing === undefined ? 1 : this.#queuing.queues * this.#queuing.queueLengthLimit;
    this.waitingUtilization.add(this.#waiting / room, time);
    this.demandRatio.add((this.#seats + this.#waitingSeats) / limit, time);
  }
}

/** Whether nothing of it is executed; without queues none is told from others. */
const isQuiet = (queue: Queue | undefined): boolean => queue === undefined || queue.executing === 0;
