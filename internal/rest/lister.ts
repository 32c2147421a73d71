import type { KeyValue, RangeResult } from '../store/types.js';
import { encodeContinue } from './continue.js';
import type { RestDeps } from './deps.js';
import type { Filter } from './filter.js';
import { LazyObject } from './lazy.js';
import { remainingOf } from './remaining.js';

/** Values read from the store at a time, bytes: bounds what a list holds in memory. A smaller answer is sent in one piece. */
export const PAGE_BYTES = 1024 * 1024;
/** Values read for one piece of what is streamed, bytes: what holds the event loop for about a millisecond. */
export const STREAM_BYTES = 256 * 1024;
/** Objects looked at before other requests get their turn, when a selector passes few of them. */
const PAGE_ITEMS = 2_000;
/** How long objects of one page are looked at, milliseconds: a selector may have thousands of terms. */
const SELECT_MS = 5;

/** Has objects converted; see `Converter.prepare`. */
export type Prepare = (objects: readonly LazyObject[]) => Promise<void>;

const lazy = (kv: KeyValue): LazyObject => new LazyObject(kv.key, kv.value, kv.modRevision);

/** A list pinned to one revision. */
export interface Snapshot {
  readonly revision: number;
  readonly start: string;
  readonly end: string;
}

/** Reads a snapshot page by page. */
export class Lister {
  private next: string;
  private done = false;
  /** So many are read for a selector: fewer where the time of a page was over before all of them were looked at. */
  private most = PAGE_ITEMS;
  constructor(
    private readonly deps: RestDeps,
    private readonly filter: Filter,
    readonly snapshot: Snapshot,
  ) {
    this.next = snapshot.start;
  }
  get finished(): boolean {
    return this.done;
  }
  /** First key that has not been looked at. */
  get position(): string {
    return this.next;
  }
  get selective(): boolean {
    return this.filter.selective;
  }

  /** The next objects that are meant, at most `limit` and about `bytesMax` of values; may be none although more follow. */
  page(limit = PAGE_ITEMS, bytesMax = PAGE_BYTES): LazyObject[] {
    const { items, more } = this.read(limit, bytesMax);
    return this.select(items, more, limit, lazy);
  }

  /** The same where objects must be converted before the filter can look at them. */
  async convertedPage(prepare: Prepare, limit = PAGE_ITEMS): Promise<LazyObject[]> {
    const { items, more } = this.read(limit, PAGE_BYTES);
    const objects = items.map(lazy);
    await prepare(objects);
    return this.select(objects, more, limit, (obj) => obj);
  }

  private read(limit: number, bytesMax: number): RangeResult {
    const { backend } = this.deps;
    const { revision, end } = this.snapshot;
    const { matches } = this.filter;
    return backend.range({
      start: this.next,
      end,
      limit: matches === undefined ? Math.min(limit, PAGE_ITEMS) : this.most,
      bytesMax,
      ...(backend.revision === revision ? {} : { revision }),
    });
  }

  /** Those that the filter means; goes on behind the last one that was looked at. */
  private select<T extends { readonly key: string }>(
    items: readonly T[],
    more: boolean,
    limit: number,
    objectOf: (item: T) => LazyObject,
  ): LazyObject[] {
    const { matches } = this.filter;
    const out: LazyObject[] = [];
    const until = performance.now() + SELECT_MS;
    let last: T | undefined;
    for (const [i, item] of items.entries()) {
      if (matches !== undefined && last !== undefined && performance.now() >= until) {
        this.most = i;
        this.next = `${last.key}\0`;
        return out;
      }
      const obj = objectOf(item);
      if (matches !== undefined && !matches(obj)) {
        last = item;
        continue;
      }
      if (out.length === limit) {
        this.next = last === undefined ? this.next : `${last.key}\0`;
        return out;
      }
      out.push(obj);
      last = item;
    }
    this.most = Math.min(PAGE_ITEMS, this.most * 2);
    if (last !== undefined) this.next = `${last.key}\0`;
    this.done = !more;
    return out;
  }

  /** How many keys follow the `items` that have been read; see Remaining. */
  remaining(items: number): number {
    const { revision, start, end } = this.snapshot;
    const first = start === this.filter.start;
    return remainingOf(this.deps.backend).behind({ revision, start, next: this.next, end, items, first });
  }

  /** The same list again, up to where this one has come. */
  rewound(): Lister {
    return new Lister(this.deps, this.filter, { ...this.snapshot, end: this.done ? this.snapshot.end : this.next });
  }
  continueToken(): string {
    return encodeContinue(this.next, this.filter.prefix, this.snapshot.revision);
  }
}
