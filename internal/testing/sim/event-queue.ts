export interface SimEvent {
  readonly at: number;
  /** Breaks ties: what was scheduled first happens first. */
  readonly order: number;
  readonly actor: Actor;
  /** May return `STILL` (world.ts). */
  readonly run: () => unknown;
  /** After a pause it may happen before what was due earlier. */
  readonly outOfOrder: boolean;
  canceled: boolean;
  /** It was due while its process was paused. */
  readonly heldBack?: boolean;
}

/** On whose behalf things happen: one run of a replica's process, or the world outside. */
export interface Actor {
  readonly name: string;
  /** False once the process is gone: what it had scheduled does not happen. */
  alive: boolean;
  /** The process stands still until then: what is due happens afterwards. */
  pausedUntil: number;
  /** How fast its clock runs. */
  clockRate: number;
  /** What its wall clock is off by. */
  clockSkewMs: number;
  /** It runs a later release of the product: what it says holds more than we know (world.ts). */
  readonly laterRelease: boolean;
}

/** A binary heap by time, then by order of scheduling. */
export class EventQueue {
  readonly #heap: SimEvent[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** Puts other events in the place of all. */
  replaceAll(other: (event: SimEvent) => SimEvent): void {
    for (const event of this.#heap.splice(0)) this.push(other(event));
  }

  push(event: SimEvent): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, event)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = event;
  }

  pop(): SimEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      let next = left;
      if (right !== undefined && isBefore(right, left)) {
        child += 1;
        next = right;
      }
      if (isBefore(last, next)) break;
      heap[i] = next;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
