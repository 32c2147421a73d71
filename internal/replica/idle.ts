/**
 * Passes items through; throws when none comes for `idleMs`, and when `interrupted` rejects. A sender that lost its power
 * says nothing any more, and a stream from it would otherwise stay open for ever. The source is told when it is not read to
 * its end, whatever the reason.
 */
export async function* withIdleTimeout<T>(
  items: AsyncIterable<T>,
  idleMs: number,
  interrupted?: Promise<never>,
): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let isOver = false;
  try {
    for (;;) {
      const next = iterator.next();
      next.catch(() => (isOver = true)); // Heard below, unless it comes too late.
      const result = await orTimeout(interrupted === undefined ? next : Promise.race([interrupted, next]), idleMs);
      if (result.done === true) {
        isOver = true;
        return;
      }
      yield result.value;
    }
  } finally {
    // Not awaited: a generator that waits for its next item ends only after that, which may never come.
    if (!isOver) iterator.return?.().catch(() => undefined);
  }
}

function orTimeout<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`nothing came for ${ms} ms`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
