/**
 * Passes items through; throws when none comes for `idleMs`. A sender that lost its power says nothing any more, and a
 * stream from it would otherwise stay open for ever.
 */
export async function* withIdleTimeout<T>(items: AsyncIterable<T>, idleMs: number): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  for (;;) {
    const next = iterator.next();
    next.catch(() => undefined); // Heard below, unless it comes too late.
    const result = await orTimeout(next, idleMs);
    if (result.done === true) return;
    yield result.value;
  }
}

function orTimeout<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`nothing came for ${ms} ms`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
