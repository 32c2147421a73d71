import { type StateReader, CompactedError } from '../store/types.js';

/** Ranges whose size is remembered; the one asked for longest ago is counted anew. */
const TOTALS_MAX = 256;
/** Pages of which is remembered how many objects follow; beyond, those are counted. */
const PAGES_MAX = 1024;
/** Changes by which a remembered size is brought up to date; after more of them the range is counted again. */
const CHANGES_MAX = 256;

interface Total {
  readonly count: number;
  readonly revision: number;
}

/** A page of a list, and where it ends. */
export interface Page {
  readonly revision: number;
  /** First key of the page. */
  readonly start: string;
  /** First key behind the page. */
  readonly next: string;
  /** First key behind the list. */
  readonly end: string;
  readonly items: number;
  /** Nothing of the list comes before it. */
  readonly first: boolean;
}

/**
 * Answers `remainingItemCount` without walking over all that remains, which would make every page of a long list cost
 * as much as the list: the size of a range is counted once and then follows the changes, and what remains behind a page
 * is what remained behind the one before, less the page.
 */
export class Remaining {
  private readonly totals = new Map<string, Total>();
  private readonly pages = new Map<string, number>();

  constructor(private readonly backend: StateReader) {}

  /** How many objects follow the page; an estimate, as the API says, when the list is not of the present. */
  behind(page: Page): number {
    const { revision, start, next, end, items } = page;
    const before = page.first ? this.total(start, end) : this.pages.get(`${revision} ${start} ${end}`);
    // The page has a next one.
    const count = before === undefined ? this.backend.count(next, end) : Math.max(1, before - items);
    remember(this.pages, `${revision} ${next} ${end}`, count, PAGES_MAX);
    return count;
  }

  private total(start: string, end: string): number {
    const key = `${start} ${end}`;
    const known = this.totals.get(key);
    const { revision } = this.backend;
    const count =
      (known === undefined ? undefined : this.brought(known, start, end, revision)) ?? this.backend.count(start, end);
    remember(this.totals, key, { count, revision }, TOTALS_MAX);
    return count;
  }

  /** The size now, from what it was; undefined when too much has happened since. */
  private brought(known: Total, start: string, end: string, revision: number): number | undefined {
    if (known.revision === revision) return known.count;
    try {
      const changes = this.backend.changes(known.revision, CHANGES_MAX);
      if (changes.length >= CHANGES_MAX && changes.at(-1)?.revision !== revision) return undefined;
      let { count } = known;
      for (const { key, type } of changes) {
        if (key < start || key >= end) continue;
        if (type === 'create') count++;
        else if (type === 'delete') count--;
      }
      return count;
    } catch (error) {
      if (error instanceof CompactedError) return undefined;
      throw error;
    }
  }
}

function remember<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

const byReader = new WeakMap<StateReader, Remaining>();

/** The one of a store. */
export function remainingOf(backend: StateReader): Remaining {
  let found = byReader.get(backend);
  if (found === undefined) byReader.set(backend, (found = new Remaining(backend)));
  return found;
}
