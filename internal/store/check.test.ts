import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkState, type WholeSnapshot } from './check.js';
import { encodeProposal } from './command.js';
import type { StateMeta } from './meta.js';
import { encodeEvent, encodeObject, encodeRevision, eventKey, expiryKey, pastKey } from './rows.js';
import { StateStore } from './state.js';
import type { Row, TableName } from './tables.js';
import type { Op } from './types.js';

const conf = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
let directory = '';
let state: StateStore;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-check-'));
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
  const put = (key: string, value: string, ttlSeconds = 0): Op => ({
    type: 'put',
    key,
    value: Buffer.from(value),
    revisionAt: -1,
    ttlSeconds,
  });
  const txns: Op[][] = [
    [put('a', '1'), put('b', '1', 60)],
    [put('a', '2')],
    [{ type: 'delete', key: 'a' }, put('c', '1')],
    [put('c', '2')],
  ];
  for (const [i, ops] of txns.entries()) {
    const commands = [{ kind: 'txn', txn: { compares: [], ops } } as const];
    state.applyEntry(i + 1, 1, encodeProposal({ proposer: 1, seq: i + 1, time: 1000, commands }));
  }
  state.commit();
});
afterAll(async () => {
  await state.close();
  rmSync(directory, { recursive: true, force: true });
});

type Change = readonly [table: TableName, key: Buffer, row: Buffer | undefined];

/** The state with some rows other than they are, in the order of their keys. */
function changed(...changes: readonly Change[]): WholeSnapshot {
  const { snapshot } = state;
  const of = (table: TableName, key: string | Buffer): Change | undefined =>
    changes.find(([t, k]) => t === table && k.equals(Buffer.from(key)));
  return {
    get: (table, key) => {
      const change = of(table, key);
      return change === undefined ? snapshot.get(table, key) : change[2];
    },
    scan: snapshot.scan.bind(snapshot) as WholeSnapshot['scan'],
    count: (...range) => snapshot.count(...range),
    *scanAll(table): Iterable<Row<Buffer>> {
      const kept = [...snapshot.scanAll(table)].filter(({ key }) => of(table, key) === undefined);
      const added = changes.filter(([t, , row]) => t === table && row !== undefined);
      yield* [...kept, ...added.map(([, key, row]) => ({ key, value: row ?? Buffer.alloc(0) }))].toSorted((x, y) =>
        Buffer.compare(x.key, y.key),
      );
    },
  };
}
function problems(snapshot: WholeSnapshot, meta: Partial<StateMeta> = {}): string[] {
  const found: string[] = [];
  checkState(snapshot, { ...state.meta, ...meta }, (problem) => found.push(problem));
  return found;
}
const LIVE = 'rows are missing or left over in objects or expiry';
const HISTORY = 'rows are missing or left over in past or events';
const key = (text: string): Buffer => Buffer.from(text);
const object = (modRevision: number, expiresAt = 0): Buffer =>
  encodeObject(key('x'), -1, { modRevision, createRevision: 1, expiresAt });

test('A sound state has no problems, and every row is counted', () => {
  const found: string[] = [];
  expect(checkState(state.snapshot, state.meta, (problem) => found.push(problem))).toEqual({
    objects: 2,
    past: 3,
    events: 6,
    expiry: 1,
  });
  expect(found).toEqual([]);
});

test.each<[string, readonly Change[], string[]]>([
  ['an object that is gone', [['objects', key('c'), undefined]], [LIVE]],
  ['an object that is too much', [['objects', key('d'), object(2)]], [LIVE]],
  [
    'an object of the future',
    [['objects', key('c'), object(5)]],
    ["object c is of revision 5, beyond the state's 4", LIVE],
  ],
  [
    'a damaged object',
    [['objects', key('c'), Buffer.alloc(30)]],
    ['the record of "c" in table objects is damaged (layout version 0 is not known)', LIVE],
  ],
  [
    'an object whose end nobody will see',
    [['objects', key('c'), object(4, 9)]],
    ['object c has a time to live but will not be found when it is over', LIVE],
  ],
  [
    'a damaged version',
    [['past', pastKey('a', 1, 2), Buffer.alloc(30)]],
    ['the record of "a" in table past is damaged (layout version 0 is not known)', HISTORY],
  ],
  [
    'a version that is gone',
    [['past', pastKey('a', 1, 2), undefined]],
    ['the version of a before revision 2 is missing', HISTORY],
  ],
  [
    'a version that ended before it began',
    [['past', pastKey('a', 3, 2), object(3)]],
    ['an old version of a lived from 3 to 2, which cannot be', HISTORY],
  ],
  [
    'a version that ended when it began',
    [['past', pastKey('a', 2, 2), object(2)]],
    ['an old version of a lived from 2 to 2, which cannot be', HISTORY],
  ],
  [
    'a version that ends in the future',
    [['past', pastKey('a', 2, 5), object(2)]],
    ['an old version of a lived from 2 to 5, which cannot be', HISTORY],
  ],
  ['a change that is gone', [['events', eventKey(2, 0), undefined]], ['no change of revision 2 is kept', HISTORY]],
  ['one of several changes that is gone', [['events', eventKey(3, 1), undefined]], [HISTORY]],
  [
    'the last change that is gone',
    [['events', eventKey(4, 0), undefined]],
    ["the last change kept is of revision 3, the state's is 4", HISTORY],
  ],
  [
    'a damaged change',
    [['events', eventKey(2, 0), Buffer.alloc(20)]],
    ['the record of "2/0" in table events is damaged (layout version 0 is not known)', HISTORY],
  ],
  [
    'a change of what was not there',
    [['events', eventKey(4, 0), encodeEvent({ type: 'modify', key: 'd', prevRevision: 1 })]],
    ['the version of d before revision 4 is missing', HISTORY],
  ],
  [
    'an end of what has changed',
    [['expiry', expiryKey(9, 'c'), encodeRevision(3)]],
    ['a time to live is kept for c, which has changed since', LIVE],
  ],
  [
    'an end of what is gone',
    [['expiry', expiryKey(9, 'd'), encodeRevision(3)]],
    ['a time to live is kept for d, which has changed since', LIVE],
  ],
])('It finds %s', (_what, changes, expected) => {
  expect(problems(changed(...changes))).toEqual(expected);
});

test('What was compacted may be gone or there, in part or whole', () => {
  const gone: Change[] = [
    ['events', eventKey(1, 0), undefined],
    ['events', eventKey(1, 1), undefined],
    ['events', eventKey(2, 0), undefined],
    ['past', pastKey('a', 1, 2), undefined],
  ];
  expect(problems(changed(...gone), { compactRevision: 2 })).toEqual([HISTORY]);
  const partly = gone.filter(([table, at]) => table === 'past' || at.equals(eventKey(1, 0)));
  expect(problems(changed(...partly), { compactRevision: 2 })).toEqual([HISTORY]);
  // What is compacted is removed piece by piece, until nothing is left of it.
  const uncounted = { sums: { ...state.meta.sums, complete: false } };
  expect(problems(changed(['events', eventKey(2, 0), undefined]), { compactRevision: 3, ...uncounted })).toEqual([]);
  const all = [...state.snapshot.scanAll('events')].map(({ key: at }): Change => ['events', at, undefined]);
  expect(problems(changed(...all), { compactRevision: 4, ...uncounted })).toEqual([]);
  // A state whose rows were never counted is not said to lack any.
  expect(problems(changed(...gone), { compactRevision: 2, sums: { ...state.meta.sums, complete: false } })).toEqual([]);
});

test('An error that is no damage is not taken for one', () => {
  const broken = {
    ...changed(),
    get: (table: TableName) => {
      if (table === 'past') throw new TypeError('closed');
      return undefined;
    },
  };
  expect(() => problems(broken)).toThrow(TypeError);
});
