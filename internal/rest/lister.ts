import type { KeyValue } from '../store/types.js';
import { encodeContinue } from './continue.js';
import type { RestDeps } from './deps.js';
import type { Filter } from './filter.js';
import { LazyObject } from './lazy.js';
import { remainingOf } from './remaining.js';

/** Values read from the store at a time, bytes: bounds what a list holds in memory. A smaller answer is sent in one piece. */
export const PAGE_BYTES = 1024 * 1024;
/** Objects looked at before other requests get their turn, when a selector passes few of them. */
const PAGE_ITEMS = 2_000;

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
    const { backend } = this.deps;
    const { revision, end } = this.snapshot;
    const { matches } = this.filter;
    const result = backend.range({
      start: this.next,
      end,
      limit: matches === undefined ? Math.min(limit, PAGE_ITEMS) : PAGE_ITEMS,
      bytesMax,
      ...(backend.revision === revision ? {} : { revision }),
    });
    const out: LazyObject[] = [];
    let last: KeyValue | undefined;
    for (const kv of result.items) {
      const obj = new LazyObject(kv.key, kv.value, kv.modRevision);
      if (matches !== undefined && !matches(obj)) {
        last = kv;
        continue;
      }
      if (out.length === limit) {
        this.next = last === undefined ? this.next : `${last.key}\0`;
        return out;
      }
      out.push(obj);
      last = kv;
    }
    if (last !== undefined) this.next = `${last.key}\0`;
    this.done = !result.more;
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
