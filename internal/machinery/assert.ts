/** A broken invariant of ours: never caused by a client or a disk. */
export class AssertionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AssertionError';
  }
}

/** Throws AssertionError when `condition` is false. For our own bugs only. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** A broken environment or configuration: the process stops with this sentence, which says what to do. */
export class FatalError extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'FatalError';
  }
}
