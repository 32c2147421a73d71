import { describe, expect, it } from 'vitest';
import { Random } from '../../sim/random.js';
import type { Content, Seen, WatchHistory, WatchItem } from './history.js';
import { judge } from './judge.js';

const BASE = 10;
const KEYS = ['a', 'b', 'c'];
type EventItem = Extract<WatchItem, { kind: 'event' }>;

interface Step {
  readonly revision: number;
  readonly key: string;
  readonly before: Content | undefined;
  readonly after: Content | undefined;
  readonly uid: string;
}

/** Changes of some objects, as a correct store makes them. */
function story(random: Random, count: number): Step[] {
  const now = new Map<string, { content: Content; uid: string }>();
  const steps: Step[] = [];
  let revision = BASE;
  for (let i = 0; i < count; i += 1) {
    revision += 1 + random.below(3); // others write elsewhere
    const key = random.pick(KEYS);
    const old = now.get(key);
    const gone = old !== undefined && random.chance(0.25);
    const after = gone ? undefined : { id: `w${i}`, side: random.pick(['x', 'y']) };
    const uid = old?.uid ?? `${key}${i}`;
    steps.push({ revision, key, before: old?.content, after, uid });
    if (after === undefined) now.delete(key);
    else now.set(key, { content: after, uid });
  }
  return steps;
}

/** What a watch of one side, or of all, is told of a step. */
function told(step: Step, side: string | undefined): EventItem | undefined {
  const matches = (content: Content | undefined): content is Content =>
    content !== undefined && (side === undefined || content.side === side);
  const { before, after, key, uid, revision } = step;
  const seen = (content: Content): Seen => ({ key, revision, uid, content });
  if (matches(after)) return { kind: 'event', at: 0, type: matches(before) ? 'MODIFIED' : 'ADDED', seen: seen(after) };
  return matches(before) ? { kind: 'event', at: 0, type: 'DELETED', seen: seen(before) } : undefined;
}

const openAt = (random: Random, after: number, initial = false): WatchItem => ({
  kind: 'open',
  at: 0,
  asked: 0,
  replica: random.pick(['r1', 'r2', 'r3']),
  after,
  initial,
});
const bookmark = (revision: number, initialEnd = false): WatchItem => ({
  kind: 'bookmark',
  at: 0,
  revision,
  initialEnd,
});
const close: WatchItem = { kind: 'close', at: 0, reason: 'test' };

/** A correct watch of a story, with bookmarks, resumed now and then, sometimes with the state anew. */
function watchOf(steps: readonly Step[], name: string, side: string | undefined, random: Random): WatchHistory {
  const items: WatchItem[] = [openAt(random, BASE)];
  let reached = BASE;
  for (const [i, step] of steps.entries()) {
    const item = told(step, side);
    if (item !== undefined) {
      items.push(item);
      reached = step.revision;
    }
    // Anywhere before the next change.
    const free = random.below((steps[i + 1]?.revision ?? step.revision + 1) - step.revision);
    if (random.chance(0.2)) {
      reached = step.revision + free;
      items.push(bookmark(reached));
    }
    if (random.chance(0.15)) items.push(close, openAt(random, reached));
    else if (random.chance(0.05)) {
      const state = stateAfter(steps.slice(0, i + 1), side);
      reached = step.revision + free;
      items.push(close, openAt(random, 0, true), ...state, bookmark(reached, true));
    }
  }
  const fence = (steps.at(-1)?.revision ?? BASE) + 5;
  items.push(bookmark(fence));
  return { name, side, items, fence };
}

function stateAfter(steps: readonly Step[], side: string | undefined): EventItem[] {
  const last = new Map<string, Step>(steps.map((step) => [step.key, step]));
  return [...last.values()].flatMap((step) => {
    const item = told({ ...step, before: undefined }, side);
    return item === undefined ? [] : [item];
  });
}

function properties(seed: number, change?: (items: WatchItem[], random: Random) => WatchItem[]): string[] {
  const random = new Random(seed);
  const steps = story(random, 40);
  const sides = [undefined, 'x', 'y'];
  const watches = ['w', 'v', 'u'].map((name, i) => watchOf(steps, name, sides[(seed + i) % 3], random));
  // One stream that saw all, so that the truth is known whatever becomes of the others.
  const witness = steps.map((step) => told(step, undefined)).filter((item) => item !== undefined);
  const fence = watches[0]?.fence ?? 0;
  const all = { name: 'witness', side: undefined, items: [openAt(random, BASE), ...witness, bookmark(fence)], fence };
  const [first, ...others] = watches;
  if (first === undefined) throw new Error('no watch');
  const changed = change === undefined ? first : { ...first, items: change([...first.items], random) };
  const history = { operations: [], listings: [], localGets: [], watches: [all, changed, ...others] };
  return judge(history, BASE, fence, 0).violations.map((violation) => violation.property);
}

/** The place of some event that did not come as part of an initial state. */
function somewhere(items: readonly WatchItem[], random: Random): number {
  let initial = false;
  const places: number[] = [];
  for (const [i, item] of items.entries()) {
    if (item.kind === 'open') initial = item.initial;
    if (item.kind === 'bookmark' && item.initialEnd) initial = false;
    if (item.kind === 'event' && !initial) places.push(i);
  }
  return random.pick(places);
}

/** Likewise, with more told before the state is sent anew: only then it shows that something is missing. */
function midway(items: readonly WatchItem[], random: Random): number {
  for (;;) {
    const i = somewhere(items, random);
    const next = items.slice(i + 1).find((item) => item.kind === 'event' || item.kind === 'bookmark' || isAnew(item));
    if (next !== undefined && !isAnew(next)) return i;
  }
}
const isAnew = (item: WatchItem): boolean => item.kind === 'open' && item.initial;

const eventAt = (items: readonly WatchItem[], i: number): EventItem => {
  const item = items[i];
  if (item?.kind !== 'event') throw new Error('no event there');
  return item;
};

/** Ways for a server to be wrong. */
const MISTAKES: Readonly<Record<string, (items: WatchItem[], random: Random) => WatchItem[]>> = {
  'leaves out an event': (items, random) => items.toSpliced(midway(items, random), 1),
  'repeats an event at once': (items, random) => {
    const i = somewhere(items, random);
    return items.toSpliced(i, 0, eventAt(items, i));
  },
  'repeats an event at the end': (items, random) => [...items, eventAt(items, somewhere(items, random))],
  'sends a bookmark before its event': (items, random) => {
    const i = somewhere(items, random);
    return items.toSpliced(i, 0, bookmark(eventAt(items, i).seen.revision));
  },
  'delivers an event too late': (items, random) => {
    const i = somewhere(items, random);
    const after = items.findIndex((item, j) => j > i && item.kind === 'event');
    // The last one is late when it comes after the last bookmark.
    const place = after < 0 ? items.length : after + 1;
    return [...items.slice(0, i), ...items.slice(i + 1, place), eventAt(items, i), ...items.slice(place)];
  },
  'invents an event': (items, random) => {
    const i = somewhere(items, random);
    const event = eventAt(items, i);
    const seen = { ...event.seen, revision: event.seen.revision + 0.5, content: { id: 'ghost' } };
    return items.toSpliced(i + 1, 0, { ...event, type: 'MODIFIED', seen });
  },
  'tells another content': (items, random) => {
    const i = somewhere(items, random);
    const event = eventAt(items, i);
    return items.with(i, { ...event, seen: { ...event.seen, content: { ...event.seen.content, more: '1' } } });
  },
  'tells another type': (items, random) => {
    const i = somewhere(items, random);
    const event = eventAt(items, i);
    return items.with(i, { ...event, type: event.type === 'MODIFIED' ? 'ADDED' : 'MODIFIED' });
  },
  'resumes one change too late': (items, random) => {
    const i = midway(items, random);
    const before = items[i - 1];
    const reached =
      before?.kind === 'event' ? before.seen.revision : before?.kind === 'bookmark' ? before.revision : undefined;
    const resumed = reached === undefined ? [] : [close, openAt(random, reached)];
    return [...items.slice(0, i), ...resumed, ...items.slice(i + 1)];
  },
  'resumes one change too early': (items, random) => {
    const i = somewhere(items, random);
    const event = eventAt(items, i);
    return items.toSpliced(i + 1, 0, close, openAt(random, event.seen.revision), event);
  },
  'stops telling': (items, random) => items.slice(0, somewhere(items, random)),
};

describe('random watches', () => {
  it('of a correct server pass', () => {
    for (let seed = 1; seed <= 100; seed += 1) expect(properties(seed), `seed ${seed}`).toEqual([]);
  });

  it.each(Object.entries(MISTAKES))('of one that %s are refused', (_, mistake) => {
    for (let seed = 1; seed <= 40; seed += 1) expect(properties(seed, mistake), `seed ${seed}`).not.toEqual([]);
  });
});
