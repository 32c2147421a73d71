import { type History, type Seen, textOf, type Violation, type WatchHistory, type WatchItem } from './history.js';
import { type Change, lineOf, type Timeline } from './timeline.js';

/** Items of a stream shown around the bad one. */
const CONTEXT = 6;

type EventItem = Extract<WatchItem, { kind: 'event' }>;

/**
 * Holds every watch to etcd's promises (api_guarantees, Watch APIs): ordered, unique, reliable, atomic, resumable,
 * bookmarkable; also through a label selector, where leaving it is a DELETED and entering it an ADDED, as in kube-apiserver's watch
 * cache. `base` is a revision before which no key of the run existed; `compacted` one below
 * which history may be gone.
 */
export function checkWatches(history: History, timeline: Timeline, base: number, compacted: number): Violation[] {
  return history.watches.flatMap((watch) => new StreamCheck(watch, timeline, base, compacted).run());
}

class StreamCheck {
  readonly #violations: Violation[] = [];
  /** Everything up to here has been delivered; undefined while an initial state is coming in. */
  #reached: number | undefined;
  #bookmark = 0;
  /** Initial state: what came before its end. */
  #initial: EventItem[] = [];
  /** Events since the stream was complete up to `#start`. */
  #events: EventItem[] = [];
  readonly #got = new Set<string>();
  #start = 0;

  constructor(
    private readonly watch: WatchHistory,
    private readonly timeline: Timeline,
    private readonly base: number,
    private readonly compacted: number,
  ) {}

  run(): Violation[] {
    const { items, fence, name } = this.watch;
    for (const [i, item] of items.entries()) {
      if (item.kind === 'open') this.#open(item, i);
      else if (item.kind === 'event') this.#event(item, i);
      else if (item.kind === 'bookmark') this.#onBookmark(item, i);
      else if (item.kind === 'gone') this.#gone(item, i);
    }
    this.#settle();
    if (fence !== undefined && (this.#reached ?? 0) < fence) {
      this.#broken('reliable', items.length, `${name} stands at ${this.#reached} and never got to ${fence}`);
    }
    return this.#violations;
  }

  #open(item: Extract<WatchItem, { kind: 'open' }>, i: number): void {
    if (item.initial) {
      this.#settle();
      this.#reached = undefined;
      this.#initial = [];
      this.#bookmark = 0;
      return;
    }
    if (this.#reached === item.after) return;
    if (this.#reached !== undefined && i > 0) {
      this.#broken(
        'resumable',
        i,
        `resumed at ${item.after}, where it had been told everything up to ${this.#reached}`,
      );
    }
    this.#settle();
    this.#begin(item.after);
  }

  #begin(revision: number): void {
    this.#reached = revision;
    this.#start = revision;
    this.#events = [];
    this.#bookmark = 0;
  }

  #event(item: EventItem, i: number): void {
    const { revision, key } = item.seen;
    if (this.#reached === undefined) {
      if (item.type !== 'ADDED') this.#broken('ordered', i, `${item.type} of ${key} within the initial state`);
      this.#initial.push(item);
      return;
    }
    const last = this.#events.at(-1)?.seen;
    if (last !== undefined && revision === last.revision && key === last.key) {
      this.#broken('unique', i, `${key} at ${revision} came twice`);
    } else if (this.#got.has(`${revision} ${key}`)) {
      this.#broken('unique', i, `${key} at ${revision} came again`);
    } else if (revision <= this.#bookmark) {
      this.#broken('bookmarkable', i, `${key} at ${revision} came after the bookmark ${this.#bookmark}`);
    } else if (last !== undefined && revision < last.revision) {
      this.#broken('ordered', i, `${key} at ${revision} came after ${last.revision}`);
    } else if (revision <= this.#start) {
      this.#broken('resumable', i, `${key} at ${revision} came although ${this.#start} had been reached before`);
    }
    this.#events.push(item);
    this.#got.add(`${revision} ${key}`);
    this.#reached = Math.max(this.#reached, revision);
  }

  #onBookmark(item: Extract<WatchItem, { kind: 'bookmark' }>, i: number): void {
    if (this.#reached === undefined) {
      if (!item.initialEnd) return;
      this.#checkInitial(item.revision, i);
      this.#begin(item.revision);
    } else if (item.revision < this.#reached) {
      this.#broken('bookmarkable', i, `the bookmark ${item.revision} lies behind ${this.#reached}`);
    }
    this.#bookmark = Math.max(this.#bookmark, item.revision);
    this.#reached = Math.max(this.#reached ?? 0, item.revision);
  }

  #gone(item: Extract<WatchItem, { kind: 'gone' }>, i: number): void {
    if (item.revision >= this.compacted) {
      this.#broken('resumable', i, `410 for ${item.revision}, but nothing above ${this.compacted} is compacted`);
    }
    this.#settle();
    this.#reached = undefined;
  }

  /** The initial state is that of one revision: the bookmark's. */
  #checkInitial(revision: number, i: number): void {
    if (!this.timeline.complete(this.base, revision)) return;
    const got = new Map(this.#initial.map((event) => [event.seen.key, event.seen]));
    if (got.size < this.#initial.length) this.#broken('unique', i, 'the initial state holds an object twice');
    for (const key of this.timeline.keys) {
      const version = this.timeline.asOf(key, revision);
      const wanted = this.#matches(version) ? version : undefined;
      const seen = got.get(key);
      if (seen?.revision === wanted?.revision) continue;
      this.#broken(
        'atomic',
        i,
        `the initial state as of ${revision} has ${key} at ${seen?.revision ?? 'no revision'}`,
        [version === undefined ? `${key} never existed by then` : lineOf(version)],
      );
    }
  }

  #matches(change: Change | undefined): boolean {
    if (change?.content === undefined) return false;
    return this.watch.side === undefined || change.content.side === this.watch.side;
  }

  /** Compares a stretch without interruption with what happened. */
  #settle(): void {
    if (this.#reached === undefined) return;
    const got = new Map(this.#events.map((event) => [event.seen.revision, event]));
    for (const change of this.timeline.between(this.#start, this.#reached)) {
      const event = got.get(change.revision);
      got.delete(change.revision);
      this.#compare(change, event);
    }
    for (const event of got.values()) {
      // Every event of an unfiltered stream is on the timeline; one that a selector let through may be known to it alone.
      if (this.timeline.complete(this.#start, this.#reached)) {
        this.#broken('reliable', this.watch.items.indexOf(event), `nothing happened at ${event.seen.revision}`);
      }
    }
    this.#events = [];
    this.#start = this.#reached;
  }

  #compare(change: Change, event: EventItem | undefined): void {
    const { key, revision } = change;
    const i = event === undefined ? this.watch.items.length : this.watch.items.indexOf(event);
    if (event !== undefined && event.seen.key !== key) {
      this.#broken('reliable', i, `${event.seen.key} at ${revision}, where ${key} changed`, [lineOf(change)]);
      return;
    }
    const before = this.timeline.asOf(key, revision - 1);
    // A version that nobody saw may lie between; then only what must have come is known.
    const known = this.timeline.complete(before?.revision ?? this.base, revision);
    if (!known) {
      if (event === undefined && this.watch.side === undefined) this.#missed(change);
      return;
    }
    const was = this.#matches(before);
    const is = this.#matches(change);
    const type = is ? (was ? 'MODIFIED' : 'ADDED') : was ? 'DELETED' : undefined;
    if (event === undefined) {
      if (type !== undefined) this.#missed(change);
      return;
    }
    if (event.type !== type) {
      const told = type === undefined ? 'no event' : `a ${type}`;
      this.#broken('reliable', i, `${event.type} of ${key} at ${revision}, which is ${told}`, [
        ...(before === undefined ? [] : [lineOf(before)]),
        lineOf(change),
      ]);
      return;
    }
    const wanted = type === 'DELETED' ? before : change;
    if (wanted?.content !== undefined && !same(event.seen, wanted)) {
      this.#broken('reliable', i, `${event.type} of ${key} at ${revision} carries another version`, [lineOf(wanted)]);
    }
  }

  #missed(change: Change): void {
    const after = this.watch.items.findIndex((item) => item.kind === 'event' && item.seen.revision > change.revision);
    const place = after < 0 ? this.watch.items.length : after;
    this.#broken('reliable', place, `missed the change of ${change.key} at ${change.revision}`, [lineOf(change)]);
  }

  #broken(property: Violation['property'], i: number, text: string, more: readonly string[] = []): void {
    const { items, name, side } = this.watch;
    this.#violations.push({
      property,
      text: `${name}${side === undefined ? '' : ` (side=${side})`}: ${text}`,
      evidence: [
        ...more,
        'the stream:',
        ...items.slice(Math.max(0, i - CONTEXT), i + CONTEXT).map((item, j) => {
          return `${Math.max(0, i - CONTEXT) + j === i ? '> ' : '  '}${textOfItem(item)}`;
        }),
      ],
    });
  }
}

const same = (seen: Seen, change: Change): boolean =>
  seen.uid === change.uid && change.content !== undefined && textOf(seen.content) === textOf(change.content);

function textOfItem(item: WatchItem): string {
  const at = `${item.at.toFixed(1)} ${item.kind}`;
  switch (item.kind) {
    case 'open':
      return `${at} at ${item.replica} after ${item.after}${item.initial ? ' with the initial state' : ''}`;
    case 'event':
      return `${at} ${item.type} ${item.seen.key} ${item.seen.revision} {${textOf(item.seen.content)}}`;
    case 'bookmark':
      return `${at} ${item.revision}${item.initialEnd ? ', end of the initial state' : ''}`;
    case 'close':
      return `${at} ${item.reason}`;
    case 'gone':
      return `${at} after ${item.revision}`;
  }
}
