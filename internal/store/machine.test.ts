import { beforeEach, describe, expect, test } from 'vitest';
import type { Command } from './command.js';
import { applyProposal } from './machine.js';
import { emptyMeta, hashText, type StateMeta } from './meta.js';
import { addRow, emptySums, type SummedTable } from './row-sums.js';
import {
  createRevisionOf,
  decodeEvent,
  eventKeyRevision,
  eventKeySub,
  expiresAtOf,
  modRevisionOf,
  parseExpiryKey,
  parsePastKey,
  valueOf,
} from './rows.js';
import type { ApplyTables } from './tables.js';
import type { Compare, Op } from './types.js';

/** Tables in memory, keys as hexadecimal text: the machine is a function of them and of `meta`. */
class Tables implements ApplyTables {
  readonly rows: Record<SummedTable, Map<string, Buffer>> = {
    objects: new Map(),
    past: new Map(),
    events: new Map(),
    expiry: new Map(),
  };
  getObject(key: string): Buffer | undefined {
    return this.rows.objects.get(Buffer.from(key).toString('hex'));
  }
  put(table: SummedTable, key: string | Buffer, value: Buffer): void {
    this.rows[table].set(Buffer.from(key).toString('hex'), value);
  }
  remove(table: SummedTable, key: string | Buffer): void {
    this.rows[table].delete(Buffer.from(key).toString('hex'));
  }
  sums(): object {
    const sums = emptySums(true);
    for (const [table, rows] of Object.entries(this.rows) as [SummedTable, Map<string, Buffer>][]) {
      for (const [key, row] of rows) addRow(sums, table, Buffer.from(key, 'hex'), row);
    }
    return sums;
  }
}

const conf = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
let meta: StateMeta;
let tables: Tables;
let seq = 0;
beforeEach(() => {
  meta = emptyMeta(conf, new Map());
  tables = new Tables();
  seq = 0;
});

const apply = (commands: readonly Command[], time = 1000) =>
  applyProposal(meta, tables, { proposer: 1, seq: ++seq, time, commands });
const txn = (ops: readonly Op[], compares: readonly Compare[] = []): Command => ({
  kind: 'txn',
  txn: { compares, ops },
});
const put = (key: string, value: string, ttlSeconds = 0): Op => ({
  type: 'put',
  key,
  value: Buffer.from(value),
  revisionAt: -1,
  ...(ttlSeconds === 0 ? {} : { ttlSeconds }),
});
const del = (key: string): Op => ({ type: 'delete', key });
const events = () =>
  [...tables.rows.events].map(([key, row]) => {
    const bytes = Buffer.from(key, 'hex');
    const { type, key: of, prevRevision } = decodeEvent(bytes, row);
    return `${eventKeyRevision(bytes)}/${eventKeySub(bytes)} ${type} ${of} after ${prevRevision}`;
  });
const past = () =>
  [...tables.rows.past].map(([key, row]) => {
    const { key: of, modRevision, supersededAt } = parsePastKey(Buffer.from(key, 'hex'));
    return `${of} ${modRevision}-${supersededAt} ${valueOf(row).toString()}`;
  });

describe('a transaction', () => {
  test('writes objects, what they were before, and what changed, at one revision', () => {
    expect(apply([txn([put('a', '1'), put('b', '1')])])).toEqual([{ succeeded: true, revision: 1 }]);
    expect(apply([txn([put('a', '2'), del('b'), del('none'), put('c', '1')])])).toEqual([
      { succeeded: true, revision: 2 },
    ]);
    expect(events()).toEqual([
      '1/0 create a after 0',
      '1/1 create b after 0',
      '2/0 modify a after 1',
      '2/1 delete b after 1',
      '2/2 create c after 0',
    ]);
    expect(past()).toEqual(['a 1-2 1', 'b 1-2 1']);
    const a = tables.getObject('a') ?? Buffer.alloc(0);
    expect([valueOf(a).toString(), modRevisionOf(a), createRevisionOf(a), expiresAtOf(a)]).toEqual(['2', 2, 1, 0]);
    expect(tables.getObject('b')).toBeUndefined();
    expect(meta.sums).toEqual(tables.sums());
  });

  test('that changes nothing takes no revision', () => {
    expect(apply([txn([del('none')]), txn([])])).toEqual([
      { succeeded: true, revision: 0 },
      { succeeded: true, revision: 0 },
    ]);
    expect([meta.revision, events()]).toEqual([0, []]);
  });

  test.each<[string, Compare, boolean]>([
    ['a revision', { key: 'a', modRevision: 1 }, true],
    ['another revision', { key: 'a', modRevision: 2 }, false],
    ['that it is not there', { key: 'a', modRevision: 0 }, false],
    ['that it is there', { key: 'a', exists: true }, true],
    ['that what is not there is there', { key: 'b', exists: true }, false],
    ['that what is not there is not', { key: 'b', modRevision: 0 }, true],
  ])('on condition of %s', (_what, compare, holds) => {
    apply([txn([put('a', '1')])]);
    const result = apply([txn([put('c', '1')], [{ key: 'a', exists: true }, compare])]);
    expect(result).toEqual([holds ? { succeeded: true, revision: 2 } : { succeeded: false, revision: 1, failed: 1 }]);
    expect(tables.getObject('c') !== undefined).toBe(holds);
  });

  test('sees those before it in the same entry', () => {
    expect(apply([txn([put('a', '1')]), txn([put('b', '1')], [{ key: 'a', modRevision: 1 }])])).toEqual([
      { succeeded: true, revision: 1 },
      { succeeded: true, revision: 2 },
    ]);
  });

  test('may write a key more than once: the last stays, and its sums are right', () => {
    apply([txn([put('a', '1'), put('a', '2'), put('a', '3'), del('a'), put('a', '4')])]);
    expect(events().map((text) => text.slice(4))).toEqual([
      'create a after 0',
      'modify a after 1',
      'modify a after 1',
      'delete a after 1',
      'create a after 0',
    ]);
    expect(meta.sums).toEqual(tables.sums());
    // Also of what was there before.
    apply([txn([put('a', '5'), put('a', '6'), put('a', '7')])]);
    expect(meta.sums).toEqual(tables.sums());
  });

  describe('with charges', () => {
    const quota = (revision: string, used: string): string =>
      `{"metadata":{"uid":"one","resourceVersion":"${revision}"},"status":{"hard":{"pods":"3"},"used":{"pods":"${used}"}}}`;
    const charge = (amount: string, uid = 'one'): Op => ({
      type: 'charge',
      key: 'q',
      uid,
      amounts: [['pods', amount]],
    });
    const texts = (): string[] => [...tables.rows.objects.values()].map((record) => valueOf(record).toString());
    beforeEach(() => {
      const text = quota('', '1');
      const revisionAt = text.indexOf('""},') + 1;
      apply([txn([{ type: 'put', key: 'q', value: Buffer.from(text), revisionAt }])]);
    });

    test('writes the object anew with what is used, beside the rest, at one revision', () => {
      expect(apply([txn([put('a', 'x'), charge('2')])])).toEqual([{ succeeded: true, revision: 2 }]);
      expect(texts()).toEqual([quota('2', '3'), 'x']);
      expect(events().slice(1)).toEqual(['2/0 create a after 0', '2/1 modify q after 1']);
      const record = tables.getObject('q') ?? Buffer.alloc(0);
      expect([modRevisionOf(record), createRevisionOf(record), expiresAtOf(record)]).toEqual([2, 1, 0]);
      expect(meta.sums).toEqual(tables.sums());
    });

    test.each<[string, Op]>([
      ['passes a bound', charge('3')],
      ['is of another quota', charge('1', 'two')],
      ['is of none', { ...charge('1'), key: 'none' }],
    ])('does nothing of it when one %s, and says which', (_what, bad) => {
      const compares: Compare[] = [{ key: 'q', exists: true }];
      expect(apply([txn([put('a', 'x'), charge('1'), bad], compares)])).toEqual([
        { succeeded: false, revision: 1, failed: 3 },
      ]);
      expect(texts()).toEqual([quota('1', '1')]);
    });
  });
});

/** Replicas of different releases compare it: the same history must come to the same number for ever. */
test('The hash of creating, changing and deleting is that of every release', () => {
  apply([txn([put('a', '1')])]);
  apply([txn([put('a', '2'), put('b', '1')])]);
  apply([txn([del('a')])]);
  expect([meta.hashA, meta.hashB]).toEqual([653630711, 962530208]);
});

describe('a time to live', () => {
  const expiry = () => [...tables.rows.expiry.keys()].map((key) => parseExpiryKey(Buffer.from(key, 'hex')));
  test('counts from when the write was proposed, and goes when the object is written or deleted', () => {
    apply([txn([put('a', '1', 60), put('b', '1', 60), put('c', '1')])], 5000);
    expect(expiry()).toEqual([
      { time: 65_000, key: 'a' },
      { time: 65_000, key: 'b' },
    ]);
    expect(expiresAtOf(tables.getObject('a') ?? Buffer.alloc(0))).toBe(65_000);
    apply([txn([put('a', '2', 10), del('b')])], 6000);
    expect(expiry()).toEqual([{ time: 16_000, key: 'a' }]);
    apply([txn([put('a', '3')])], 6000);
    expect(expiry()).toEqual([]);
    expect(meta.sums).toEqual(tables.sums());
  });
});

describe('an entry', () => {
  test('that comes twice does nothing the second time', () => {
    const proposal = { proposer: 9, seq: 4, time: 1000, commands: [txn([put('a', '1')])] };
    expect(applyProposal(meta, tables, proposal)).toHaveLength(1);
    const before = hashText(meta);
    expect(applyProposal(meta, tables, proposal)).toBeUndefined();
    expect(applyProposal(meta, tables, { ...proposal, seq: 3 })).toBeUndefined();
    expect(hashText(meta)).toBe(before);
    expect(applyProposal(meta, tables, { ...proposal, seq: 5 })).toHaveLength(1);
    expect(applyProposal(meta, tables, { ...proposal, proposer: 8, seq: 1 })).toHaveLength(1);
    expect([...meta.sessions]).toEqual([
      [9, 5],
      [8, 1],
    ]);
  });

  test('moves the clock forward, never back', () => {
    apply([], 2000);
    expect(meta.clock).toBe(2000);
    apply([], 1500);
    expect(meta.clock).toBe(2000);
  });

  test('forgets history up to a revision that there is, and never takes that back', () => {
    apply([txn([put('a', '1')]), txn([put('a', '2')]), txn([put('a', '3')])]);
    const compact = (revision: number) => apply([{ kind: 'compact', revision }])?.[0]?.succeeded;
    expect([compact(0), compact(4), compact(2), compact(2), compact(1), compact(3)]).toEqual([
      false,
      false,
      true,
      false,
      false,
      true,
    ]);
    expect([meta.compactRevision, meta.revision]).toEqual([3, 3]);
  });

  test('raises the version of the cluster, and never lowers it', () => {
    expect(apply([{ kind: 'raiseVersion', version: 1 }])).toEqual([{ succeeded: true, revision: 0 }]);
    apply([{ kind: 'raiseVersion', version: 0 }]);
    expect(meta.version).toBe(1);
  });
});

test('Every replica comes to the same hash, and another history to another', () => {
  const hashOf = (...histories: readonly (readonly Op[])[]): string => {
    meta = emptyMeta(conf, new Map());
    tables = new Tables();
    seq = 0;
    for (const ops of histories) apply([txn(ops)]);
    return hashText(meta);
  };
  const one = hashOf([put('a', '1')], [del('a')]);
  expect(hashOf([put('a', '1')], [del('a')])).toBe(one);
  const others = [
    hashOf([put('a', '1')]),
    hashOf([put('a', '2')], [del('a')]),
    hashOf([put('b', '1')], [del('b')]),
    hashOf([put('a', '1'), del('a')]),
    hashOf([put('a', '1')], [put('a', '1')]),
  ];
  expect(new Set([one, ...others]).size).toBe(6);
});
