import { describe, expect, it } from 'vitest';
import type { Content, History, Listing, Operation, Seen, WatchHistory, WatchItem } from './history.js';
import { judge } from './judge.js';

let clock = 0;
const at = (): number => (clock += 1);
const seen = (key: string, revision: number, id: string, more: Content = {}): Seen => ({
  key,
  revision,
  uid: key,
  content: { id, ...more },
});
const open = (after: number, replica = 'r1'): WatchItem => ({
  kind: 'open',
  at: at(),
  asked: at(),
  replica,
  after,
  initial: false,
});
/** Asked for before anything was shown, unless told otherwise. */
const openInitial = (asked = 0): WatchItem => ({
  kind: 'open',
  at: at(),
  asked,
  replica: 'r1',
  after: 0,
  initial: true,
});
const event = (type: 'ADDED' | 'MODIFIED' | 'DELETED', what: Seen): WatchItem => ({
  kind: 'event',
  at: at(),
  type,
  seen: what,
});
const bookmark = (revision: number, initialEnd = false): WatchItem => ({
  kind: 'bookmark',
  at: at(),
  revision,
  initialEnd,
});
const close = (): WatchItem => ({ kind: 'close', at: at(), reason: 'test' });
const gone = (revision: number): WatchItem => ({ kind: 'gone', at: at(), revision });

/** What really happened: a at 11, 12, 15 (deleted), 16; b at 13, 14. */
const truth = (): WatchItem[] => [
  event('ADDED', seen('a', 11, 'a1', { side: 'x' })),
  event('MODIFIED', seen('a', 12, 'a2', { side: 'y' })),
  event('ADDED', seen('b', 13, 'b1', { side: 'x' })),
  event('MODIFIED', seen('b', 14, 'b2', { side: 'x' })),
  event('DELETED', seen('a', 15, 'a2', { side: 'y' })),
  event('ADDED', seen('a', 16, 'a3', { side: 'x' })),
];
const stream = (name: string, items: WatchItem[], side?: string, fence?: number): WatchHistory => ({
  name,
  side,
  items,
  fence,
});
/** A stream that saw everything, so that the truth is known. */
const witness = (): WatchHistory => stream('witness', [open(10), ...truth(), bookmark(20)]);

function findings(watch: WatchHistory, more: Partial<History> = {}, compacted = 0): string[] {
  const history: History = {
    operations: [],
    listings: [],
    localGets: [],
    watches: [witness(), watch],
    ...more,
  };
  return judge(history, 10, 20, compacted).violations.map((violation) => violation.property);
}
/** The truth with some items changed. */
const altered = (change: (items: WatchItem[]) => WatchItem[]): WatchHistory =>
  stream('w', [open(10), ...change(truth()), bookmark(20)]);

describe('a watch keeps its promises', () => {
  it('when it shows everything in order', () => {
    expect(findings(altered((items) => items))).toEqual([]);
  });

  it('when it is resumed on other replicas where it stopped', () => {
    const items = truth();
    const parts = [open(10, 'r1'), ...items.slice(0, 2), close(), open(12, 'r2'), ...items.slice(2, 5), bookmark(15)];
    expect(findings(stream('w', [...parts, close(), open(15, 'r3'), ...items.slice(5)], undefined, 16))).toEqual([]);
  });

  it('when a selector turns changes into arrivals and departures', () => {
    const x = [
      event('ADDED', seen('a', 11, 'a1', { side: 'x' })),
      event('DELETED', seen('a', 12, 'a1', { side: 'x' })),
      event('ADDED', seen('b', 13, 'b1', { side: 'x' })),
      event('MODIFIED', seen('b', 14, 'b2', { side: 'x' })),
      event('ADDED', seen('a', 16, 'a3', { side: 'x' })),
    ];
    const y = [
      event('ADDED', seen('a', 12, 'a2', { side: 'y' })),
      event('DELETED', seen('a', 15, 'a2', { side: 'y' })),
    ];
    expect(findings(stream('x', [open(10), ...x, bookmark(20)], 'x'))).toEqual([]);
    expect(findings(stream('y', [open(10), ...y, bookmark(20)], 'y'))).toEqual([]);
  });

  it('when it begins with the state of one revision', () => {
    const items = [
      openInitial(),
      event('ADDED', seen('a', 12, 'a2', { side: 'y' })),
      event('ADDED', seen('b', 14, 'b2', { side: 'x' })),
      bookmark(14, true),
      ...truth().slice(4),
    ];
    expect(findings(stream('w', items))).toEqual([]);
  });

  it('when it starts anew after compaction', () => {
    const items = [open(10), ...truth().slice(0, 1), close(), gone(11), open(14, 'r2'), ...truth().slice(4)];
    expect(findings(stream('w', items), {}, 13)).toEqual([]);
  });
});

describe('the checker of watches finds', () => {
  it('a duplicate event', () => {
    expect(findings(altered((items) => [...items.slice(0, 3), ...items.slice(2)]))).toContain('unique');
  });

  it('an event that comes again later', () => {
    expect(findings(altered((items) => [...items, ...items.slice(1, 2)]))).toContain('unique');
  });

  it('a missed event', () => {
    expect(findings(altered((items) => items.filter((_, i) => i !== 3)))).toEqual(['reliable']);
  });

  it('a missed deletion', () => {
    expect(findings(altered((items) => items.filter((_, i) => i !== 4)))).toEqual(['reliable']);
  });

  it('a missed event before the first one', () => {
    expect(findings(altered((items) => items.slice(1)))).toEqual(['reliable']);
  });

  it('an acknowledged write that no watch showed', () => {
    const operation: Operation = {
      key: 'c',
      client: 'c1',
      replica: 'r1',
      begin: 1,
      end: 2,
      request: { kind: 'create', id: 'c1', content: { id: 'c1' } },
      outcome: { kind: 'ok', revision: 17, uid: 'c', content: { id: 'c1' } },
    };
    expect(findings(witness(), { operations: [operation] })).toContain('reliable');
  });

  it('events out of order: time travel', () => {
    expect(findings(altered(([a, b, c, ...rest]) => [a, c, b, ...rest].filter((i) => i !== undefined)))).toEqual([
      'ordered',
    ]);
  });

  it('an event that never happened', () => {
    const ghost = event('MODIFIED', seen('b', 17, 'b9'));
    expect(findings(altered((items) => [...items, ghost]))).not.toEqual([]);
  });

  it('an event with the content of another version', () => {
    const changed = event('MODIFIED', seen('a', 12, 'a1', { side: 'x' }));
    expect(findings(altered((items) => items.map((item, i) => (i === 1 ? changed : item))))).not.toEqual([]);
  });

  it('a deletion that shows another version than the last one', () => {
    const changed = event('DELETED', seen('a', 15, 'a1', { side: 'x' }));
    expect(findings(altered((items) => items.map((item, i) => (i === 4 ? changed : item))))).toEqual(['reliable']);
  });

  it('ADDED for an object that was there', () => {
    const changed = event('ADDED', seen('a', 12, 'a2', { side: 'y' }));
    expect(findings(altered((items) => items.map((item, i) => (i === 1 ? changed : item))))).toEqual(['reliable']);
  });

  it('a resumed watch that repeats', () => {
    const items = [open(10), ...truth().slice(0, 3), bookmark(14), close(), open(14), ...truth().slice(3)];
    expect(findings(stream('w', items))).not.toEqual([]);
  });

  it('a resumed watch that skips', () => {
    const items = [open(10), ...truth().slice(0, 2), close(), open(12, 'r2'), ...truth().slice(4)];
    expect(findings(stream('w', items))).toEqual(['reliable', 'reliable']);
  });

  it('a bookmark ahead of an event', () => {
    const items = [open(10), ...truth().slice(0, 3), bookmark(14), ...truth().slice(3)];
    expect(findings(stream('w', items))).toContain('bookmarkable');
  });

  it('a bookmark ahead of an event that never comes', () => {
    expect(findings(stream('w', [open(10), ...truth().slice(0, 3), bookmark(14)]))).toEqual(['reliable']);
  });

  it('a bookmark that goes back', () => {
    expect(findings(stream('w', [open(10), ...truth(), bookmark(20), bookmark(18)]))).toEqual(['bookmarkable']);
  });

  it('a 410 for a revision that is not compacted', () => {
    expect(findings(stream('w', [open(10), gone(10)]), {}, 5)).toEqual(['resumable']);
  });

  it('a watch that stands still', () => {
    expect(findings(stream('w', [open(10), ...truth().slice(0, 2)], undefined, 16))).toEqual(['reliable']);
  });

  it('a selector that lets a departure go unsaid', () => {
    const items = [open(10), event('ADDED', seen('a', 11, 'a1', { side: 'x' })), bookmark(12)];
    expect(findings(stream('x', items, 'x'))).toEqual(['reliable']);
  });

  it('an initial state that never was', () => {
    const torn = [
      event('ADDED', seen('a', 11, 'a1', { side: 'x' })),
      event('ADDED', seen('b', 14, 'b2', { side: 'x' })),
    ];
    expect(findings(stream('w', [openInitial(), ...torn, bookmark(14, true)]))).toContain('atomic');
  });

  it('an initial state that is older than what had been shown before it was asked for', () => {
    const items = (asked: number): WatchItem[] => [
      openInitial(asked),
      event('ADDED', seen('a', 12, 'a2', { side: 'y' })),
      event('ADDED', seen('b', 14, 'b2', { side: 'x' })),
      bookmark(14, true),
      ...truth().slice(4),
    ];
    expect(findings(stream('w', items(0)))).toEqual([]);
    expect(findings(stream('w', items(1e9)))).toEqual(['linearizability']);
  });

  it('two changes under one revision', () => {
    expect(findings(stream('w', [open(10), event('ADDED', seen('z', 12, 'z1'))]))).toContain('one revision');
  });
});

describe('the checker of lists', () => {
  const listing = (begin: number, revision: number, items: Seen[], local = false): Listing => ({
    client: 'l',
    replica: 'r1',
    boot: 1,
    begin,
    end: begin + 1,
    local,
    revision,
    items,
  });
  const a = (): Seen => seen('a', 12, 'a2', { side: 'y' });
  const b = (): Seen => seen('b', 14, 'b2', { side: 'x' });
  const found = (...listings: Listing[]): string[] => findings(witness(), { listings });

  it('takes the state of one revision, also an old one where that was asked for', () => {
    expect(found(listing(0, 14, [a(), b()]), listing(0, 15, [b()]))).toEqual([]);
    expect(found(listing(1e6, 14, [a(), b()], true))).toEqual([]);
  });

  it('finds what was not of one revision', () => {
    expect(found(listing(1e6, 14, [b()], true))).toEqual(['one revision']);
    expect(found(listing(1e6, 15, [a(), b()], true))).toEqual(['one revision']);
  });

  it('finds a list that is older than what had been shown before', () => {
    expect(found(listing(1e6, 15, [b()]))).toEqual(['linearizability']);
  });

  it('takes an old state where that was asked for, and no other', () => {
    const exact = (revision: number, items: Seen[]): Listing => ({ ...listing(1e6, revision, items), exact: 14 });
    expect(found(listing(1e6 - 5, 15, [b()], true), exact(14, [a(), b()]))).toEqual([]);
    expect(found(exact(14, [seen('a', 11, 'a1', { side: 'x' }), b()]))).toEqual(['one revision']);
    expect(found(exact(15, [b()]))).toEqual(['one revision']);
  });

  it('finds a replica that goes back in time', () => {
    expect(found(listing(1e6, 15, [b()], true), listing(1e6 + 5, 14, [a(), b()], true))).toEqual(['one revision']);
  });

  it('finds a read that misses a change of another key that was shown before', () => {
    const read: Operation = {
      key: 'a',
      client: 'c',
      replica: 'r1',
      begin: 1e6,
      end: 1e6 + 1,
      request: { kind: 'get' },
      outcome: { kind: 'ok', ...a() },
    };
    expect(findings(witness(), { operations: [read] })).toContain('linearizability');
  });
});
