/**
 * Adds every item of a list to another. `push(...items)` passes each as an argument, and a list of a hundred thousand, which
 * a client may have made, does not fit on the stack.
 */
export function append<T>(out: T[], items: Iterable<T>): void {
  for (const item of items) out.push(item);
}
