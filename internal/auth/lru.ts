/** A map that holds at most `capacity` entries and drops the one that was used longest ago. */
export class Lru<V> {
  private readonly entries = new Map<string, V>();
  private lastKey = '';
  private lastValue: V | undefined;

  constructor(private readonly capacity: number) {}

  get(key: string): V | undefined {
    // Connections ask for the same key again and again: leave the order alone then.
    if (key === this.lastKey && this.lastValue !== undefined) return this.lastValue;
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, value);
    this.lastKey = key;
    this.lastValue = value;
    return value;
  }

  set(key: string, value: V): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    this.lastValue = undefined;
    if (this.entries.size > this.capacity) {
      const oldest = this.entries.keys().next();
      if (oldest.done !== true) this.entries.delete(oldest.value);
    }
  }
}
