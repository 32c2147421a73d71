import { type Content, type History, idOf, type Seen, textOf, type Violation, type WatchHistory } from './history.js';

/** One change of one key, at its revision. */
export interface Change {
  readonly revision: number;
  readonly key: string;
  /** What the key holds from this revision on; undefined: deleted. */
  readonly content: Content | undefined;
  readonly uid: string;
  /** Who told first, for evidence. */
  readonly by: string;
}

/** Revisions after `after`, up to `upTo`, that one stream has delivered in full. */
interface Coverage {
  readonly after: number;
  readonly upTo: number;
}

/**
 * The one order of all changes, put together from everything that anybody saw: answers, lists, watch events. Where
 * streams cover a stretch of revisions, nothing can be missing from it unless all of them missed it.
 */
export class Timeline {
  readonly #byRevision = new Map<number, Change>();
  readonly #byKey = new Map<string, Change[]>();
  #sorted: readonly Change[] = [];
  #coverage: readonly Coverage[] = [];
  readonly violations: Violation[] = [];

  constructor(history: History) {
    for (const { outcome, key, client } of history.operations) {
      if (outcome.kind !== 'ok' || outcome.content === undefined || outcome.revision === undefined) continue;
      this.#saw({ key, revision: outcome.revision, uid: outcome.uid ?? '', content: outcome.content }, client);
    }
    for (const { items, client } of history.listings) for (const seen of items) this.#saw(seen, client);
    for (const { seen, client } of history.localGets) if (seen !== undefined) this.#saw(seen, client);
    const coverage: Coverage[] = [];
    for (const watch of history.watches) {
      for (const item of watch.items) {
        if (item.kind !== 'event') continue;
        if (item.type !== 'DELETED') this.#saw(item.seen, watch.name);
        else if (watch.side === undefined) this.#deleted(item.seen, watch.name);
      }
      if (watch.side === undefined) coverage.push(...covered(watch));
    }
    this.#coverage = merge(coverage);
    this.#sorted = [...this.#byRevision.values()].sort((a, b) => a.revision - b.revision);
    for (const change of this.#sorted) {
      const changes = this.#byKey.get(change.key);
      if (changes === undefined) this.#byKey.set(change.key, [change]);
      else changes.push(change);
    }
  }

  #saw(seen: Seen, by: string): void {
    this.#note({ ...seen, by });
  }

  #deleted(seen: Seen, by: string): void {
    this.#note({ key: seen.key, revision: seen.revision, uid: seen.uid, content: undefined, by });
  }

  #note(change: Change): void {
    const before = this.#byRevision.get(change.revision);
    if (before === undefined) {
      this.#byRevision.set(change.revision, change);
      return;
    }
    if (before.key === change.key && before.uid === change.uid && versionText(before) === versionText(change)) return;
    this.violations.push({
      property: 'one revision',
      key: change.key,
      text: `revision ${change.revision} was seen as two different changes`,
      evidence: [lineOf(before), lineOf(change)],
    });
  }

  /** All keys that ever existed. */
  get keys(): Iterable<string> {
    return this.#byKey.keys();
  }

  /** Changes after one revision, up to another, in order. */
  between(after: number, upTo: number): readonly Change[] {
    const from = firstAbove(this.#sorted, after);
    return this.#sorted.slice(from, firstAbove(this.#sorted, upTo));
  }

  /** The last change of a key up to a revision. */
  asOf(key: string, revision: number): Change | undefined {
    const changes = this.#byKey.get(key) ?? [];
    return changes[firstAbove(changes, revision) - 1];
  }

  /** The first change of a key after a revision. */
  next(key: string, revision: number): Change | undefined {
    const changes = this.#byKey.get(key) ?? [];
    return changes[firstAbove(changes, revision)];
  }

  /** True when every change after `after` up to `upTo` is known. */
  complete(after: number, upTo: number): boolean {
    return upTo <= after || this.#coverage.some((c) => c.after <= after && upTo <= c.upTo);
  }
}

/** One line for one change. */
export function lineOf({ revision, key, content, uid, by }: Change): string {
  const what = content === undefined ? 'deleted' : `{${textOf(content)}}`;
  return `${revision} ${key} ${what} uid ${uid.slice(0, 8)} (${by})`;
}

const versionText = (change: Change): string =>
  change.content === undefined ? 'deleted' : `${idOf(change.content)} ${textOf(change.content)}`;

/** The place of the first change with a revision above. */
function firstAbove(changes: readonly Change[], revision: number): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((changes[middle]?.revision ?? 0) <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The stretches of revisions that an unfiltered watch delivered without interruption. */
function covered(watch: WatchHistory): Coverage[] {
  const stretches: Coverage[] = [];
  let after: number | undefined;
  let upTo = 0;
  const end = (): void => {
    if (after !== undefined && upTo > after) stretches.push({ after, upTo });
  };
  for (const item of watch.items) {
    if (item.kind === 'open') {
      if (after !== undefined && !item.initial && item.after === upTo) continue;
      end();
      after = item.initial ? undefined : item.after;
      upTo = item.after;
    } else if (item.kind === 'event' && after !== undefined) upTo = Math.max(upTo, item.seen.revision);
    else if (item.kind === 'bookmark') {
      if (after === undefined && item.initialEnd) after = item.revision;
      upTo = Math.max(upTo, item.revision);
    } else if (item.kind === 'gone') {
      end();
      after = undefined;
    }
  }
  end();
  return stretches;
}

function merge(stretches: readonly Coverage[]): Coverage[] {
  const merged: Coverage[] = [];
  for (const stretch of [...stretches].sort((a, b) => a.after - b.after)) {
    const last = merged.at(-1);
    if (last === undefined || stretch.after > last.upTo) merged.push(stretch);
    else merged[merged.length - 1] = { after: last.after, upTo: Math.max(last.upTo, stretch.upTo) };
  }
  return merged;
}
