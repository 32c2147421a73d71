import { effort, MAX_EFFORT } from '../values/effort.js';
import type { Value } from '../values/value.js';

/** Gives the value of a variable, undefined when it has none. */
export type Resolve = (name: string) => Value | undefined;

/** An evaluation has cost more than it may; nothing that it would have said counts. */
export class BudgetExceeded extends Error {}
const EXCEEDED = new BudgetExceeded('operation cancelled: actual cost limit exceeded');

const NO_LOCALS: Value[] = [];

/** The state of one evaluation; only one runs at a time. */
export class Frame {
  cost = 0;
  readonly locals: Value[];

  constructor(
    readonly resolve: Resolve,
    slots: number,
    readonly limit: number,
  ) {
    this.locals = slots === 0 ? NO_LOCALS : Array.from<Value>({ length: slots });
  }

  /** Adds to the cost. Throws BudgetExceeded. */
  charge(cost: number): void {
    this.cost += cost;
    if (this.cost > this.limit || effort.spent > MAX_EFFORT) throw EXCEEDED;
  }
}

/** An expression that is ready to be evaluated. */
export type Step = (f: Frame) => Value;
