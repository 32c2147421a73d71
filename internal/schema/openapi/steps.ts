/** Work in steps: between two of them whoever drives it may let others have their turn. */
export type Steps<T> = Generator<undefined, T, unknown>;

/** So many small pieces of work are one step. */
const PIECES = 64;
let pieces = 0;

/** Whether a step ends with this piece of work. */
export function isStep(): boolean {
  pieces = (pieces + 1) % PIECES;
  return pieces === 0;
}

/** A result that is there already: one step. */
export function* ready<T>(value: T): Steps<T> {
  yield;
  return value;
}

/** The result of steps that are few: a reference, a scalar, one definition. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Entries of which each is made in steps when it is asked for; undefined where a step ends before there is one. */
export type Entries<T> = Iterable<readonly [string, Steps<T>] | undefined>;

/** Members of a JSON object in pieces; some are empty: there a step ends. */
export function* jsonMembers(members: Entries<unknown>): Iterable<string> {
  let separator = '';
  for (const member of members) {
    if (member === undefined) {
      yield '';
      continue;
    }
    const [key, steps] = member;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) yield '';
    yield `${separator}${JSON.stringify(key)}:${JSON.stringify(step.value)}`;
    separator = ',';
  }
}
