import type { JsonObject } from '../machinery/json.js';
import { prefixEnd } from '../store/keys.js';
import { type Backend, CompactedError } from '../store/types.js';

/** Changes read at a time while catching up. */
const STEP = 512;
/** So far behind, reading everything anew costs less than reading every change. */
const RELOAD_AFTER = 20_000;

/**
 * Objects under some key prefixes, parsed once and kept as new as the local store. It costs nothing until somebody
 * asks, and then one look at each change since the last time. Bounded by what the store holds under the prefixes.
 */
export class ObjectCache<T> {
  private readonly objects = new Map<string, Map<string, T>>();
  private seen = -1;

  /** `prefixes` end in `/`. `parse` may return undefined for an object that does not count. */
  constructor(
    private readonly backend: Backend,
    prefixes: readonly string[],
    private readonly parse: (object: JsonObject, key: string) => T | undefined,
  ) {
    for (const prefix of prefixes) this.objects.set(prefix, new Map());
  }

  /** The objects under one of the prefixes, by key, as of the newest revision applied here. */
  under(prefix: string): ReadonlyMap<string, T> {
    this.catchUp();
    return this.objects.get(prefix) ?? new Map<string, T>();
  }

  private catchUp(): void {
    const { revision } = this.backend;
    if (revision === this.seen) return;
    if (this.seen < 0 || revision - this.seen > RELOAD_AFTER) {
      this.reload();
      return;
    }
    try {
      while (this.seen < revision) {
        const changes = this.backend.changes(this.seen, STEP);
        for (const change of changes) this.change(change.key, change.value);
        const last = changes.at(-1);
        if (last === undefined) break;
        this.seen = last.revision;
      }
      this.seen = Math.max(this.seen, revision);
    } catch (error) {
      if (!(error instanceof CompactedError)) throw error;
      this.reload();
    }
  }

  private change(key: string, value: Buffer | undefined): void {
    for (const [prefix, objects] of this.objects) {
      if (!key.startsWith(prefix)) continue;
      if (value === undefined) objects.delete(key);
      else this.put(objects, key, value);
    }
  }

  private put(objects: Map<string, T>, key: string, value: Buffer): void {
    const parsed = this.parse(JSON.parse(value.toString()) as JsonObject, key);
    if (parsed === undefined) objects.delete(key);
    else objects.set(key, parsed);
  }

  private reload(): void {
    const revision = this.backend.revision;
    for (const [prefix, objects] of this.objects) {
      objects.clear();
      for (const item of this.backend.range({ start: prefix, end: prefixEnd(prefix) }).items) {
        this.put(objects, item.key, item.value);
      }
    }
    this.seen = revision;
  }
}
