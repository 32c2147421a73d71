/** One call as the checker sees it. */
export interface Interval {
  readonly begin: number;
  /** Infinite for a call without an answer. */
  readonly end: number;
}

/** A sequential object: what a call that takes effect in a state leads to, or undefined if its answer does not fit. */
export interface SequentialModel<State, Op extends Interval> {
  readonly initial: State;
  /** The same state (the very object) for a call that changes nothing. */
  step(state: State, op: Op): State | undefined;
  /** Equal exactly for equal states. */
  text(state: State): string;
  /**
   * For a call of which nothing shows that it took effect; it has no end. Calls of one kind do the same in every state.
   * Undefined for every other call.
   */
  optionalKind(op: Op): string | undefined;
}

export type Verdict<Op> =
  | { readonly kind: 'linearizable' }
  /** `order` is the longest beginning of an order that was found; `stuck` the calls of which none fits next. */
  | { readonly kind: 'violation'; readonly order: readonly Op[]; readonly stuck: readonly Op[] }
  /** The search was given up after its bound of steps. */
  | { readonly kind: 'undecided'; readonly steps: number };

/** Steps of one search, at most; then the verdict is `undecided`. */
const STEPS_MAX = 300_000;

/** A call or a return in the list of those that are still to come, in order of time. */
interface Node<Op> {
  readonly op: Op;
  readonly isCall: boolean;
  readonly number: number;
  prev: Node<Op> | undefined;
  next: Node<Op> | undefined;
  /** Of a call: its return, if it has one. */
  match: Node<Op> | undefined;
}

/** One call that was put into the order, and where to go on when it must be taken out again. */
interface Choice<State, Op> {
  readonly before: State;
  /** A call of the list, or the place of one that may be left out. */
  readonly chosen: Node<Op> | number;
}

/**
 * Decides whether the calls can be put into one order that respects real time and the model (Wing and Gong 1993, with
 * the list of Lowe 2017 and memoisation of configurations). Three things keep long histories with many lost answers
 * cheap: a call that changes nothing is taken as soon as it fits, since waiting can not help it; calls that may be left
 * out are tried last; and a configuration that used more of those than another like it is not pursued.
 */
export function checkLinearizable<State, Op extends Interval>(
  ops: readonly Op[],
  model: SequentialModel<State, Op>,
  stepsMax = STEPS_MAX,
): Verdict<Op> {
  return new Search(ops, model).run(stepsMax);
}

class Search<State, Op extends Interval> {
  readonly #head: Node<Op>;
  readonly #optional: readonly Op[];
  /** For each of those the one of its kind that began before it: which of them is taken makes no difference. */
  readonly #twins: readonly (number | undefined)[];
  readonly #marks: readonly (readonly [number, number])[];
  readonly #stack: Choice<State, Op>[] = [];
  readonly #seen = new Map<string, bigint[]>();
  #state: State;
  /** Two hashes of 32 bits name the set of calls that are done: a false match has odds of 2^-64. */
  #high = 0;
  #low = 0;
  /** The calls that could have been left out, and were not. */
  #used = 0n;
  /** Returns that are still to come. */
  #open = 0;
  #best: readonly Op[] = [];
  #stuck: readonly Op[] | undefined;

  constructor(
    ops: readonly Op[],
    private readonly model: SequentialModel<State, Op>,
  ) {
    this.#optional = ops.filter((op) => model.optionalKind(op) !== undefined).sort((a, b) => a.begin - b.begin);
    const places = new Map<string, number>();
    this.#twins = this.#optional.map((op, i) => {
      const kind = model.optionalKind(op) ?? '';
      const twin = places.get(kind);
      places.set(kind, i);
      return twin;
    });
    const needed = ops.filter((op) => model.optionalKind(op) === undefined);
    this.#head = chain(needed);
    this.#open = needed.filter((op) => Number.isFinite(op.end)).length;
    this.#marks = zobrist(needed.length);
    this.#state = model.initial;
  }

  run(stepsMax: number): Verdict<Op> {
    let from: Node<Op> | number | undefined = this.#head.next;
    for (let steps = 0; this.#open > 0; steps += 1) {
      if (steps > stepsMax) return { kind: 'undecided', steps };
      if (this.#advance(from)) {
        from = this.#head.next;
        continue;
      }
      this.#noteBest();
      const back = this.#retreat();
      if (back === undefined) return { kind: 'violation', order: this.#best, stuck: this.#stuck ?? [] };
      from = back;
    }
    return { kind: 'linearizable' };
  }

  /** Takes the next call that fits, starting the search at `from`. False when none does. */
  #advance(from: Node<Op> | number | undefined): boolean {
    if (typeof from !== 'number') {
      for (let node = from; node?.isCall === true; node = node.next) {
        const next = this.model.step(this.#state, node.op);
        if (next !== undefined && this.#take(node, next)) return true;
      }
    }
    // What may be left out must have begun before the first return.
    const limit = this.#firstReturn()?.op.end ?? Number.NEGATIVE_INFINITY;
    for (let i = typeof from === 'number' ? from : 0; i < this.#optional.length; i += 1) {
      const op = this.#optional[i];
      const twin = this.#twins[i];
      if (op === undefined || op.begin > limit || this.#isUsed(i)) continue;
      if (twin !== undefined && !this.#isUsed(twin)) continue;
      const next = this.model.step(this.#state, op);
      if (next !== undefined && next !== this.#state && this.#take(i, next)) return true;
    }
    return false;
  }

  #take(chosen: Node<Op> | number, next: State): boolean {
    const mark = typeof chosen === 'number' ? undefined : this.#marks[chosen.number];
    const high = this.#high ^ (mark?.[0] ?? 0);
    const low = this.#low ^ (mark?.[1] ?? 0);
    const used = typeof chosen === 'number' ? this.#used | (1n << BigInt(chosen)) : this.#used;
    const configuration = `${high},${low},${this.model.text(next)}`;
    const others = this.#seen.get(configuration);
    if (others?.some((other) => (other & used) === other) === true) return false;
    if (others === undefined) this.#seen.set(configuration, [used]);
    else others.push(used);
    this.#stack.push({ before: this.#state, chosen });
    this.#state = next;
    this.#high = high;
    this.#low = low;
    this.#used = used;
    if (typeof chosen !== 'number') {
      if (chosen.match !== undefined) this.#open -= 1;
      lift(chosen);
    }
    return true;
  }

  /** Takes back the last choice that had alternatives; where to go on from, undefined when there was none. */
  #retreat(): Node<Op> | number | undefined {
    for (;;) {
      const last = this.#stack.pop();
      if (last === undefined) return undefined;
      const { before, chosen } = last;
      const changed = before !== this.#state;
      this.#state = before;
      if (typeof chosen === 'number') {
        this.#used &= ~(1n << BigInt(chosen));
        return chosen + 1;
      }
      const mark = this.#marks[chosen.number];
      this.#high ^= mark?.[0] ?? 0;
      this.#low ^= mark?.[1] ?? 0;
      unlift(chosen);
      if (chosen.match !== undefined) this.#open += 1;
      if (changed) return chosen.next ?? 0;
    }
  }

  #isUsed(i: number): boolean {
    return (this.#used & (1n << BigInt(i))) !== 0n;
  }

  #firstReturn(): Node<Op> | undefined {
    let node = this.#head.next;
    while (node?.isCall === true) node = node.next;
    return node;
  }

  #noteBest(): void {
    if (this.#stuck !== undefined && this.#stack.length <= this.#best.length) return;
    this.#best = this.#stack.flatMap(({ chosen }) => {
      const op = typeof chosen === 'number' ? this.#optional[chosen] : chosen.op;
      return op === undefined ? [] : [op];
    });
    const stuck: Op[] = [];
    for (let node = this.#head.next; node?.isCall === true; node = node.next) stuck.push(node.op);
    this.#stuck = stuck;
  }
}

/** All calls and returns in order of time, as a list. */
function chain<Op extends Interval>(ops: readonly Op[]): Node<Op> {
  const nodes: Node<Op>[] = [];
  const make = (op: Op, number: number, isCall: boolean): Node<Op> => {
    const node: Node<Op> = { op, isCall, number, prev: undefined, next: undefined, match: undefined };
    nodes.push(node);
    return node;
  };
  for (const [number, op] of ops.entries()) {
    const call = make(op, number, true);
    if (Number.isFinite(op.end)) call.match = make(op, number, false);
  }
  const time = ({ op, isCall }: Node<Op>): number => (isCall ? op.begin : op.end);
  // At equal times calls come first: such calls overlap.
  nodes.sort((a, b) => time(a) - time(b) || Number(b.isCall) - Number(a.isCall));
  const nothing = { begin: Number.NEGATIVE_INFINITY, end: Number.NEGATIVE_INFINITY } as Op;
  const head: Node<Op> = { op: nothing, isCall: false, number: -1, prev: undefined, next: nodes[0], match: undefined };
  for (const [i, node] of nodes.entries()) {
    node.prev = nodes[i - 1] ?? head;
    node.next = nodes[i + 1];
  }
  return head;
}

/** Takes a call and its return out of the list; they remember their places. */
function lift<Op>(call: Node<Op>): void {
  unlink(call);
  if (call.match !== undefined) unlink(call.match);
}

/** The reverse of `lift`, in reverse order. */
function unlift<Op>(call: Node<Op>): void {
  if (call.match !== undefined) relink(call.match);
  relink(call);
}

function unlink<Op>(node: Node<Op>): void {
  if (node.prev !== undefined) node.prev.next = node.next;
  if (node.next !== undefined) node.next.prev = node.prev;
}

function relink<Op>(node: Node<Op>): void {
  if (node.prev !== undefined) node.prev.next = node;
  if (node.next !== undefined) node.next.prev = node;
}

/** Two numbers of 32 bits for each call, from a fixed source (xorshift32): verdicts do not vary. */
function zobrist(count: number): (readonly [number, number])[] {
  let x = 0x2545f491;
  const next = (): number => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x | 0;
  };
  return Array.from({ length: count }, () => [next(), next()] as const);
}
