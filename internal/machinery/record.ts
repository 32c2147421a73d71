/** An object without a prototype: the names of its members may come from a client (`constructor`, `__proto__`). */
export function emptyRecord<V>(): Record<string, V> {
  return Object.create(null) as Record<string, V>;
}
