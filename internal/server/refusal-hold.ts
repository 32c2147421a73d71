import type { Awaitable } from '../machinery/awaitable.js';
import type { Answer } from './http-listener.js';

/** How long a refusal is kept back at least, and at most, milliseconds: less than the least Retry-After of 1 s. */
const LEAST_MS = 250;
const MOST_MS = 1000;
/** Refusals leave so many at a time, once in so many milliseconds: what that takes of the event loop nobody feels. */
const SLOT_MS = 10;
const SLOT_REFUSALS = 20;
const SLOTS = MOST_MS / SLOT_MS;

/** A refusal that waits to be told. */
export interface Held {
  readonly tell: () => void;
  readonly slot: Held[];
}

/**
 * Keeps refusals back for a moment, so that clients that ask again at once cannot keep the server busy with refusing them.
 * Each leaves after 250 ms, or in the next of the 100 slots of 10 ms that has room for one more: 20 in each slot, 2,000 in
 * all, for about a second at most. What finds no room is told at once. One timer, which runs while there is something to tell.
 */
export class RefusalHold {
  /** In a ring: the one at `#next` is the next to leave. */
  readonly #slots: Held[][] = Array.from({ length: SLOTS }, () => []);
  #next = 0;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Refusals that are kept back now. */
  get count(): number {
    return this.#count;
  }

  /**
   * The same answer, later: a promise of it, or itself where there is no room or no time. It is kept back for at most
   * `mostMs`, and no longer when the client goes away, of which `onAborted` tells.
   */
  hold(answer: Awaitable<Answer>, mostMs: number, onAborted: (listener: () => void) => void): Awaitable<Answer> {
    const slot = this.#slotWithin(mostMs);
    if (slot === undefined) return answer;
    this.#timer ??= setInterval(this.#tick, SLOT_MS).unref();
    this.#count++;
    return new Promise((resolve) => {
      const held: Held = { tell: () => resolve(answer), slot };
      slot.push(held);
      onAborted(() => this.#drop(held));
    });
  }

  #slotWithin(mostMs: number): Held[] | undefined {
    const last = Math.min(SLOTS, Math.floor(mostMs / SLOT_MS)) - 1;
    for (let i = Math.min(LEAST_MS / SLOT_MS - 1, last); i >= 0 && i <= last; i++) {
      const slot = this.#slots[(this.#next + i) % SLOTS];
      if (slot !== undefined && slot.length < SLOT_REFUSALS) return slot;
    }
    return undefined;
  }

  /** Its client is gone: it is told to nobody, so that it is over. */
  #drop(held: Held): void {
    const at = held.slot.indexOf(held);
    if (at === -1) return;
    held.slot.splice(at, 1);
    this.#count--;
    held.tell();
  }

  readonly #tick = (): void => {
    // What waited longer than its time, because the loop was busy, does not leave in a rush.
    const due = this.#slots[this.#next]?.splice(0) ?? [];
    this.#next = (this.#next + 1) % SLOTS;
    this.#count -= due.length;
    for (const held of due) held.tell();
    if (this.#count > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  };
}
