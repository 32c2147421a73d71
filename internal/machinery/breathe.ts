/** How long work goes on before others get their turn, in milliseconds. */
const SLICE_MS = 10;
/** Looking at the clock costs as much as a small step: it is looked at once in this many. */
export const BREATH_STEPS = 64;

/** From so many bytes or characters on, to read, make or write a text is a piece of work by itself. */
export const LARGE_BYTES = 64 * 1024;

const waiting: (() => void)[] = [];

function letOneGoOn(): void {
  const next = waiting.shift();
  // In a later turn: what is done now may take long.
  if (waiting.length > 0) setImmediate(letOneGoOn);
  next?.();
}

/**
 * Resolves in a later turn of the event loop. Of all who wait one goes on in each turn, so that many pieces of long work
 * together hold the loop no longer than one does.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    // What is asked for where a socket is read would come before the next one is: one turn more.
    if (waiting.length === 1) setImmediate(() => setImmediate(letOneGoOn));
  });
}

/**
 * Long work in slices: between two of its steps it asks whether a pause is due, and rests then, so that other requests,
 * heartbeats and timers of this process are served. Work that ends within one slice never waits.
 */
export class Breath {
  #since = performance.now();
  #steps = 0;

  /** Whether this work has held the loop for a slice. `steps` is how much was done since the last question. */
  isDue(steps = 1): boolean {
    this.#steps += steps;
    if (this.#steps < BREATH_STEPS) return false;
    this.#steps = 0;
    return performance.now() - this.#since >= SLICE_MS;
  }

  /** The same by the clock alone, before a step that may itself take long. */
  isOver(): boolean {
    return performance.now() - this.#since >= SLICE_MS;
  }

  /** Lets the others have their turn. */
  async rest(): Promise<void> {
    await nextTurn();
    this.#since = performance.now();
  }
}

/** What is made of each item, in order; others have their turn between them where that takes long. */
export async function mapInTurns<T, R>(items: Iterable<T>, make: (item: T, index: number) => R): Promise<R[]> {
  const breath = new Breath();
  const made: R[] = [];
  for (const item of items) {
    made.push(make(item, made.length));
    if (breath.isOver()) await breath.rest();
  }
  return made;
}

/** Work in steps, of which each is short: between two of them others may have their turn. */
export type Steps<R> = Generator<undefined, R, undefined>;

/** What comes of all steps, one behind the other. */
export function atOnce<R>(steps: Steps<R>): R {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The same; others have their turn between the steps where those take long. Rejects with what a step throws. */
export async function inTurns<R>(steps: Steps<R>): Promise<R> {
  const breath = new Breath();
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (breath.isOver()) await breath.rest();
  }
}
