import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeProposal } from './command.js';
import { encodeEvent, eventKey, pastKey } from './rows.js';
import { StateStore } from './state.js';
import type { Snapshot, TableKey, TableName } from './tables.js';
import type { ChangeEvent, KeyValue, Op, RangeOptions } from './types.js';
import { changesAfter, getAsOf, getLatest, rangeAsOf, rangeLatest } from './view.js';

const conf = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const put = (key: string, text: string): Op => ({ type: 'put', key, value: Buffer.from(text), revisionAt: -1 });
const del = (key: string): Op => ({ type: 'delete', key });

/** The transactions of revisions 1 to 5. */
const HISTORY: readonly (readonly Op[])[] = [
  [put('a', 'a1'), put('b', 'b1'), put('d', 'd1')],
  [put('a', 'a22'), del('b')],
  [put('b', 'b3'), put('a/x', 'x3')],
  [del('d'), put('c', 'c4')],
  [put('a', 'a5'), del('a/x')],
];
/** What was there at each revision, in order. */
const THEN: readonly (readonly string[])[] = [
  [],
  ['a=a1@1', 'b=b1@1', 'd=d1@1'],
  ['a=a22@2', 'd=d1@1'],
  ['a=a22@2', 'a/x=x3@3', 'b=b3@3', 'd=d1@1'],
  ['a=a22@2', 'a/x=x3@3', 'b=b3@3', 'c=c4@4'],
  ['a=a5@5', 'b=b3@3', 'c=c4@4'],
];
const NOW = THEN.length - 1;
const REVISIONS = THEN.map((_, revision) => revision);

let directory = '';
let state: StateStore;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-view-'));
  const nothing = (): void => undefined;
  state = new StateStore({
    path: join(directory, 'state'),
    conf,
    members: new Map(),
    onVisible: nothing,
    onDurable: nothing,
    onDiskFull: nothing,
    onFatal: nothing,
  });
  for (const [i, ops] of HISTORY.entries()) {
    const commands = [{ kind: 'txn', txn: { compares: [], ops } } as const];
    state.applyEntry(i + 1, 1, encodeProposal({ proposer: 1, seq: i + 1, time: 0, commands }));
  }
  state.commit();
});
afterAll(async () => {
  await state.close();
  rmSync(directory, { recursive: true, force: true });
});

type Change = readonly [table: TableName, key: TableKey, row: Buffer | undefined];

/** The state with some rows other than they are: damaged, or not there. */
function changed(...changes: readonly Change[]): Snapshot {
  const { snapshot } = state;
  const of = (table: TableName, key: TableKey): Change | undefined =>
    changes.find(([t, k]) => t === table && Buffer.from(k).equals(Buffer.from(key)));
  return {
    get: (table, key) => {
      const change = of(table, key);
      return change === undefined ? snapshot.get(table, key) : change[2];
    },
    *scan(table: TableName, start: never, end: never, options?: object) {
      for (const row of snapshot.scan(table as 'objects', start, end, options)) {
        const change = of(table, row.key);
        if (change === undefined) yield row;
        else if (change[2] !== undefined) yield { ...row, value: change[2] };
      }
    },
    count: (...range) => snapshot.count(...range),
  } as Snapshot;
}

const BAD = Buffer.alloc(40);
/** The record of an object with its last byte changed. */
function spoilt(key: string): Buffer {
  const record = Buffer.from(state.snapshot.get('objects', key) ?? BAD);
  record[record.length - 1] = 0;
  return record;
}
const textOf = ({ key, value, modRevision }: KeyValue): string => `${key}=${value.toString()}@${modRevision}`;
const damaged = (table: string, key: string, reason = 'layout version 0 is not known'): string =>
  `the record of "${key}" in table ${table} is damaged (${reason})`;

function ranged(
  options: Partial<RangeOptions> = {},
  snapshot: Snapshot = state.snapshot,
): { items: string[]; more: boolean; told: string[] } {
  const told: string[] = [];
  const { revision } = options;
  const all = { start: 'a', end: 'e', ...options };
  const tell = (error: Error): void => void told.push(error.message);
  const { items, more } =
    revision === undefined ? rangeLatest(snapshot, all, tell) : rangeAsOf(snapshot, all, revision, tell);
  return { items: items.map(textOf), more, told };
}

describe('one key', () => {
  test.each(REVISIONS)('is as it was at revision %i', (revision) => {
    for (const key of ['a', 'a/x', 'b', 'c', 'd', 'none']) {
      const found = getAsOf(state.snapshot, key, revision);
      expect(found === undefined ? undefined : textOf(found), key).toBe(
        THEN[revision]?.find((text) => text.startsWith(`${key}=`)),
      );
    }
  });

  test('is now what was written last, and knows since when it is there', () => {
    expect(getLatest(state.snapshot, 'a')).toEqual({
      key: 'a',
      value: Buffer.from('a5'),
      modRevision: 5,
      createRevision: 1,
    });
    expect(getLatest(state.snapshot, 'b')).toMatchObject({ modRevision: 3, createRevision: 3 });
    expect(getLatest(state.snapshot, 'd')).toBeUndefined();
  });

  test('that is damaged is not given away', () => {
    const now = changed(['objects', 'a', BAD]);
    expect(() => getLatest(now, 'a')).toThrow(damaged('objects', 'a'));
    expect(() => getAsOf(now, 'a', 5)).toThrow(damaged('objects', 'a'));
    const then = changed(['past', pastKey('a', 2, 5), BAD]);
    expect(() => getAsOf(then, 'a', 3)).toThrow(damaged('past', 'a'));
    expect(getAsOf(then, 'a', 5)?.value.toString()).toBe('a5');
  });
});

describe.each([...REVISIONS, undefined])('a range as of %s', (revision) => {
  const then = [...(THEN[revision ?? NOW] ?? [])];
  const at = revision === undefined ? {} : { revision };

  test('has what was there, in order, from its start to before its end', () => {
    expect(ranged(at)).toEqual({ items: then, more: false, told: [] });
    const keys = ['a', 'a\0', 'a/x', 'b', 'b\0', 'c', 'd', 'd\0', 'e'];
    for (const start of keys) {
      for (const end of keys) {
        if (start > end) continue;
        const within = then.filter((text) => text.slice(0, text.indexOf('=')) >= start);
        const items = within.filter((text) => text.slice(0, text.indexOf('=')) < end);
        expect(ranged({ ...at, start, end }), `${start} to ${end}`).toEqual({ items, more: false, told: [] });
      }
    }
  });

  test('is cut off at its bounds, and says whether there is more', () => {
    for (let limit = 1; limit <= 5; limit++) {
      const more = limit < then.length;
      expect(ranged({ ...at, limit })).toEqual({ items: then.slice(0, limit), more, told: [] });
      // Values of two bytes, and one of three: the page is full when it holds so many.
      let bytes = 0;
      const count = then.findIndex((text) => (bytes += text.slice(text.indexOf('=') + 1, -2).length) >= limit * 2) + 1;
      const items = count === 0 ? then : then.slice(0, count);
      expect(ranged({ ...at, bytesMax: limit * 2 })).toEqual({ items, more: items.length < then.length, told: [] });
    }
    // Never none.
    expect(ranged({ ...at, bytesMax: 0 }).items).toEqual(then.slice(0, 1));
  });
});

describe('a range with damage', () => {
  test('has the rest, and tells which record is damaged or missing', () => {
    const bad = changed(
      ['objects', 'b', BAD],
      ['past', pastKey('a', 2, 5), BAD],
      ['past', pastKey('d', 1, 4), undefined],
    );
    expect(ranged({}, bad)).toEqual({ items: ['a=a5@5', 'c=c4@4'], more: false, told: [damaged('objects', 'b')] });
    expect(ranged({ revision: 3 }, bad)).toEqual({
      items: ['a/x=x3@3'],
      more: false,
      // What has no readable revision may be of any.
      told: [damaged('past', 'a'), damaged('objects', 'b')],
    });
    // The row of the past is in the list of keys, and gone when it is read.
    const torn: Snapshot = {
      ...changed(),
      get: (table, key) => (table === 'past' ? undefined : state.snapshot.get(table, key)),
    };
    expect(ranged({ revision: 1 }, torn)).toEqual({
      items: [],
      more: false,
      told: ['a@1', 'b@1', 'd@1'].map((key) => damaged('past', key, 'missing')),
    });
  });

  test('does not take another error for damage', () => {
    const closed: Snapshot = {
      ...changed(),
      *scan() {
        yield { key: 'a', value: undefined } as never;
      },
    };
    expect(() => ranged({}, closed)).toThrow(TypeError);
  });
});

describe('changes', () => {
  const changes = (after: number, limit = 100, snapshot: Snapshot = state.snapshot): [string[], string[]] => {
    const told: string[] = [];
    const found = changesAfter(snapshot, after, limit, (error) => told.push(error.message));
    const text = ({ revision, sub, type, key, value, ...more }: ChangeEvent): string =>
      `${revision}/${sub} ${type} ${key} ${value?.toString() ?? '-'}${'prev' in more ? ` was ${textOf(more.prev)}` : ''}`;
    return [found.map(text), told];
  };
  const ALL = [
    '1/0 create a a1',
    '1/1 create b b1',
    '1/2 create d d1',
    '2/0 modify a a22 was a=a1@1',
    '2/1 delete b - was b=b1@1',
    '3/0 create b b3',
    '3/1 create a/x x3',
    '4/0 delete d - was d=d1@1',
    '4/1 create c c4',
    '5/0 modify a a5 was a=a22@2',
    '5/1 delete a/x - was a/x=x3@3',
  ];

  test('are all of them after a revision, with what was there before', () => {
    for (const after of REVISIONS) {
      expect(changes(after)).toEqual([ALL.filter((text) => Number(text[0]) > after), []]);
    }
  });

  test('come in whole transactions, up to the first end at or beyond the limit', () => {
    const counts = [1, 2, 3, 4, 5, 6, 7, 8].map((limit) => changes(0, limit)[0].length);
    expect(counts).toEqual([3, 3, 3, 5, 5, 7, 7, 9]);
  });

  test('of keys that nobody wants come without their versions, which are not read', () => {
    const past: Change[] = [
      ['past', pastKey('a', 1, 2), undefined],
      ['past', pastKey('d', 1, 4), undefined],
    ];
    const found = changesAfter(
      changed(...past),
      1,
      100,
      () => expect.unreachable(),
      (key) => !/^[ad]$/.test(key),
    );
    expect(found.slice(0, 2)).toEqual([
      { revision: 2, sub: 0, type: 'modify', key: 'a' },
      { revision: 2, sub: 1, type: 'delete', key: 'b', prev: expect.objectContaining({ modRevision: 1 }) },
    ]);
    expect(found).toHaveLength(8);
  });

  test('that cannot be read whole are told and left out, the others are not', () => {
    const without = (...texts: string[]): string[] => ALL.filter((text) => !texts.some((t) => text.startsWith(t)));
    for (const [change, gone, told] of [
      [['events', eventKey(4, 0), BAD], ['4/0'], damaged('events', '4/0')],
      [['past', pastKey('b', 1, 2), undefined], ['1/1', '2/1'], damaged('past', 'b@1', 'missing')],
      [['objects', 'c', BAD], ['4/1'], damaged('past', 'c@4', 'missing')],
      [['objects', 'c', spoilt('c')], ['4/1'], damaged('objects', 'c', 'checksum mismatch')],
      [['past', pastKey('d', 1, 4), BAD], ['1/2', '4/0'], damaged('past', 'd')],
    ] as const) {
      const [found, heard] = changes(0, 100, changed(change));
      expect([found, new Set(heard)], told).toEqual([without(...gone), new Set([told])]);
    }
    // A change of what there is no version of.
    const odd = encodeEvent({ type: 'modify', key: 'a', prevRevision: 2 });
    expect(changes(4, 100, changed(['events', eventKey(5, 1), odd]))[0]).toEqual([
      '5/0 modify a a5 was a=a22@2',
      '5/1 modify a a5 was a=a22@2',
    ]);
  });

  test('do not take another error for damage', () => {
    const closed: Snapshot = {
      ...changed(),
      get: () => {
        throw new TypeError('closed');
      },
    };
    expect(() => changes(0, 100, closed)).toThrow(TypeError);
  });
});
