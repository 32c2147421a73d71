import { type Actor, EventQueue, type SimEvent } from './event-queue.js';
import { Random } from './random.js';
import { promise } from './violation.js';

/** What the product code's clock, timers and chance are bound to while it is simulated (see bundle.ts). */
export interface SimGlobals {
  now(): number;
  monotonic(): number;
  random(): number;
  setTimeout(run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): SimTimer;
  setInterval(run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): SimTimer;
  setImmediate(run: (...args: unknown[]) => void, ...args: unknown[]): SimTimer;
  clearTimeout(timer: SimTimer | undefined): void;
  /** Is this proposal to be handed on once more? */
  repeats(): boolean;
  /** Overrides of the core's settings (bundle.ts). */
  raftSettings: object;
  /** What a later release would write in the place of this row or these rows. */
  laterRow(row: readonly unknown[]): readonly unknown[];
  laterRows(rows: readonly (readonly unknown[])[]): readonly (readonly unknown[])[];
  laterMessages(rows: readonly (readonly unknown[])[]): readonly (readonly unknown[])[];
}

/** Stands for a NodeJS.Timeout. */
export class SimTimer {
  event: SimEvent | undefined;
  canceled = false;
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  hasRef(): boolean {
    return false;
  }
}

const DONE = Promise.resolve();

interface Immediate {
  readonly timer: SimTimer;
  readonly actor: Actor;
  readonly run: () => void;
}

/** A field that a later release has put at the end of what we know. */
const LATER_FIELD = { since: 'a later release' };
/** The number of a message type that only a later release knows. */
const LATER_MESSAGE = 99;
/** 2026-01-01: the simulated clocks start here. */
const EPOCH_MS = 1_767_225_600_000;

/** The promise that a run ends which does not go round and round, nor do ever more. */
export const COMES_TO_REST = 'the cluster comes to rest';
/** Events of a whole run: ten times what any needs. */
const STEPS_MAX = 1_000_000;
/** Events that wait at one time: ten times what is ever seen. */
const EVENTS_MAX = 40_000;
/** What a process puts off to the end of its turn again and again. */
const TURNS_MAX = 20_000;

/** What an event returns that has changed nothing, and of which nothing more follows: nobody need look. */
export const STILL = Symbol('still');

/** The world outside every replica: never paused, never gone. */
export function outsideActor(name: string): Actor {
  return { name, alive: true, pausedUntil: 0, clockRate: 1, clockSkewMs: 0, laterRelease: false };
}

/** Virtual time and everything that is yet to happen in it. Single-threaded and free of real time and chance. */
export class World {
  readonly random: Random;
  /** Milliseconds since the beginning. */
  now = 0;
  /** On whose behalf code runs at the moment. */
  actor: Actor = outsideActor('world');
  readonly outside: Actor = this.actor;
  /** On whose behalf the last event happened. */
  lastActor: Actor = this.actor;
  /** Events that have happened. */
  steps = 0;
  /** Folds what happened, when and to whom, into one number. */
  fingerprint = 7;
  /** What faults have brought about, by name. */
  readonly effects = new Map<string, number>();
  /** Probability that a proposal is handed on twice. */
  repeatChance = 0;
  readonly #queue = new EventQueue();
  /** What processes do at the end of this turn of their event loop. */
  #immediates: Immediate[] = [];
  /** Those of the turn that is being ended, the next one last. */
  #due: Immediate[] = [];
  /** Things put off that have been done since the last event. */
  #turns = 0;
  #failure: Error | undefined;
  #order = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** Does `run` after `delayMs` on behalf of `actor`, unless that process is gone by then. */
  schedule(delayMs: number, actor: Actor, run: () => unknown, outOfOrder = false): SimEvent {
    this.#order += 1;
    const at = this.now + Math.max(0, delayMs);
    const event: SimEvent = { at, order: this.#order, actor, run, outOfOrder, canceled: false };
    this.#queue.push(event);
    return event;
  }

  /** A process that is paused goes on at once. */
  resume(actor: Actor): void {
    if (actor.pausedUntil <= this.now) return;
    const sooner = actor.pausedUntil - this.now;
    actor.pausedUntil = 0;
    this.#queue.replaceAll((event) =>
      event.actor === actor && event.heldBack === true ? { ...event, at: event.at - sooner } : event,
    );
  }

  /** Calls into a process now, from outside. */
  as<T>(actor: Actor, run: () => T): T {
    const before = this.actor;
    this.actor = actor;
    try {
      return run();
    } finally {
      this.actor = before;
    }
  }

  /** Lets time pass up to `until`; after every event `afterStep` looks at the outcome. Rejects with what that throws. */
  run(until: number, afterStep: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let event: SimEvent | undefined;
      const goOn = (): void => {
        try {
          if (event !== undefined && !this.#runImmediate()) {
            if (this.#failure !== undefined) throw this.#failure;
            this.actor = this.outside;
            this.lastActor = event.actor;
            event = undefined;
            afterStep();
          }
          event ??= this.#happen(until);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        if (event !== undefined) process.nextTick(whenQuiet);
        else {
          this.now = Math.max(this.now, until);
          resolve();
        }
      };
      // A tick comes when all reactions of promises that are due have run, however many follow from one another; but from
      // within a tick the next one comes at once, and so the rest has to be a reaction, too.
      const whenQuiet = (): void => void DONE.then(goOn);
      goOn();
    });
  }

  /** The next event happens, and with it those before it that change nothing. Undefined when none is due up to `until`. */
  #happen(until: number): SimEvent | undefined {
    this.#turns = 0;
    for (;;) {
      const waiting = this.#queue.size;
      promise(waiting <= EVENTS_MAX && this.steps < STEPS_MAX, COMES_TO_REST, () => {
        return `${waiting} events wait at ${this.now.toFixed(1)} ms, after ${this.steps} steps`;
      });
      const event = this.#queue.pop();
      if (event === undefined) return undefined;
      if (event.at > until) {
        this.#queue.push(event);
        return undefined;
      }
      if (event.canceled || !event.actor.alive) continue;
      if (event.actor.pausedUntil > event.at) {
        // What has gathered comes in its order; but what came from elsewhere than the rest may be read before it.
        const later = event.outOfOrder ? this.random.between(0, 0.02) : 0.01;
        this.#queue.push({ ...event, at: event.actor.pausedUntil + later, heldBack: true });
        continue;
      }
      this.now = event.at;
      this.actor = event.actor;
      this.steps += 1;
      this.fingerprint = (Math.imul(this.fingerprint, 31) + Math.floor(event.at * 1000) + event.order) | 0;
      // All that follows from it happens on behalf of the same process.
      if (event.run() !== STILL) return event;
      this.actor = this.outside;
    }
  }

  /** Does what a process has put off to the end of its turn, one thing at a time. False when there is nothing more. */
  #runImmediate(): boolean {
    for (;;) {
      if (this.#due.length === 0) {
        if (this.#immediates.length === 0) return false;
        this.#due = this.#immediates.reverse();
        this.#immediates = [];
      }
      const immediate = this.#due.pop();
      if (immediate === undefined) continue;
      const { timer, actor, run } = immediate;
      if (timer.canceled || !actor.alive) continue;
      if (actor.pausedUntil > this.now) {
        this.schedule(0, actor, run);
        continue;
      }
      this.actor = actor;
      this.#turns += 1;
      promise(this.#turns <= TURNS_MAX, COMES_TO_REST, () => {
        return `${actor.name} has put something off ${this.#turns} times at ${this.now.toFixed(1)} ms`;
      });
      run();
      return true;
    }
  }

  /** Something came of a fault. */
  count(effect: string, times = 1): void {
    this.effects.set(effect, (this.effects.get(effect) ?? 0) + times);
  }

  /** Ends the run with this error: for what goes wrong in a promise's reaction. */
  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  /** The clock of the process that asks. */
  clock(): number {
    return Math.floor(EPOCH_MS + this.actor.clockSkewMs + this.now * this.actor.clockRate);
  }

  globals(): SimGlobals {
    const repeat = (timer: SimTimer, actor: Actor, ms: number, run: () => void): void => {
      timer.event = this.schedule(ms / actor.clockRate, actor, () => {
        if (timer.canceled) return;
        run();
        if (!timer.canceled) repeat(timer, actor, ms, run);
      });
    };
    const once = (run: (...args: unknown[]) => void, ms: number, args: readonly unknown[]): SimTimer => {
      const timer = new SimTimer();
      const { actor } = this;
      timer.event = this.schedule(ms / actor.clockRate, actor, () => {
        if (!timer.canceled) run(...args);
      });
      return timer;
    };
    return {
      now: () => this.clock(),
      monotonic: () => this.now * this.actor.clockRate,
      random: () => this.random.next(),
      setTimeout: (run, ms = 0, ...args) => once(run, Math.max(1, ms), args),
      setImmediate: (run, ...args) => {
        const timer = new SimTimer();
        this.#immediates.push({ timer, actor: this.actor, run: () => run(...args) });
        return timer;
      },
      setInterval: (run, ms = 0, ...args) => {
        const timer = new SimTimer();
        repeat(timer, this.actor, Math.max(1, ms), () => run(...args));
        return timer;
      },
      clearTimeout: (timer) => {
        if (timer === undefined) return;
        timer.canceled = true;
        if (timer.event !== undefined) timer.event.canceled = true;
      },
      repeats: () => this.repeatChance > 0 && this.random.chance(this.repeatChance),
      raftSettings: {},
      laterRow: (row) => (this.actor.laterRelease ? [...row, LATER_FIELD] : row),
      laterRows: (rows) => (this.actor.laterRelease ? rows.map((row) => [...row, LATER_FIELD]) : rows),
      laterMessages: (rows) => {
        const [first] = rows;
        if (!this.actor.laterRelease || first === undefined) return rows;
        this.count('batches of a later release');
        return [...rows, [LATER_MESSAGE, ...first.slice(1)]].map((row) => [...row, LATER_FIELD]);
      },
    };
  }
}
