/** A value, or a promise of it: whoever can answer at once does, and costs its caller no turn of the event loop. */
export type Awaitable<T> = T | Promise<T>;

/** Goes on with a value as soon as it is there: now, when it is no promise. */
export function andThen<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
