import { Packr } from 'msgpackr';
import { expect, test } from 'vitest';
import { decodeMeta, emptyMeta, encodeMeta, foldHash, hashText, headOf, type StateMeta, stateHashOf } from './meta.js';
import { addRow, completeSums, differenceOf, emptySums, subtractRow } from './row-sums.js';
import { encodeEvent, encodeObject, encodeRevision, eventKey, expiryKey, pastKey, seal } from './rows.js';

test('the hash of all changes tells when, what, of which key and with which content', () => {
  const hashOf = (...change: [revision: number, type: number, key: string, checksum: number]): string => {
    const meta = { hashA: 1, hashB: 2 } as StateMeta;
    foldHash(meta, ...change);
    return `${meta.hashA} ${meta.hashB}`;
  };
  const hashes = [
    hashOf(7, 1, 'core/pods/a/b', 99),
    hashOf(8, 1, 'core/pods/a/b', 99),
    hashOf(7, 2, 'core/pods/a/b', 99),
    hashOf(7, 1, 'core/pods/a/c', 99),
    hashOf(7, 1, 'core/pods/a/b', 98),
  ];
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(hashOf(7, 1, 'core/pods/a/b', 99)).toBe(hashes[0]);
});

const conf = { voters: [1, 2, 3], learners: [4], votersOutgoing: [1], learnersNext: [2], autoLeave: true };

/** Replicas of different releases compare these with each other: they must come to the same numbers for ever. */
test('the hashes of changes and of rows are those of every release', () => {
  const meta = emptyMeta(conf, new Map());
  foldHash(meta, 7, 1, 'core/pods/a/b', 99);
  foldHash(meta, 8, 2, 'core/pods/a/c', 0xdeadbeef);
  expect([meta.hashA, meta.hashB]).toEqual([1893989599, 2934695705]);
  const { sums } = meta;
  const key = 'core/pods/a/b';
  const record = encodeObject(Buffer.from('v'), -1, { modRevision: 1, createRevision: 1, expiresAt: 5 });
  const rows = [
    ['objects', key, record],
    ['past', pastKey(key, 1, 2), record],
    ['events', eventKey(1, 0), encodeEvent({ type: 'create', key, prevRevision: 0 })],
    ['expiry', expiryKey(5, key), encodeRevision(1)],
  ] as const;
  const seen = rows.map(([table, of, row]) => {
    addRow(sums, table, of, row);
    return [sums.liveA, sums.liveB, sums.historyA, sums.historyB];
  });
  expect(seen).toEqual([
    [1397029320, 1971265774, 0, 0],
    [1397029320, 1971265774, 2166403625, 3662586633],
    [1397029320, 1971265774, 533655844, 1562496512],
    [1228364494, 4059889693, 533655844, 1562496512],
  ]);
  expect(hashText(meta)).toBe('70e3fcdfaeebe71949375acef1fd001d');
  // What is taken away again leaves nothing, in whatever order.
  for (const [table, of, row] of rows) subtractRow(sums, table, of, row);
  expect(sums).toEqual(emptySums(true));
});

test('a hash has as many digits whatever its value', () => {
  const meta = emptyMeta(conf, new Map());
  expect(meta.lineage).toBe('');
  expect(stateHashOf(meta)).toEqual({ changes: '0'.repeat(16), rows: '0'.repeat(16) });
  meta.sums.complete = false;
  expect(stateHashOf(meta)).toEqual({ changes: '0'.repeat(16), rows: undefined });
  expect(hashText(meta)).toBe('0'.repeat(16));
});

test('sums that did not know of all rows are completed by who has counted them', () => {
  const count = (n: number) => ({ complete: true, liveA: n, liveB: n + 1, historyA: n + 2, historyB: n + 3 });
  const sums = { ...count(100), complete: false };
  completeSums(sums, count(7), count(2 ** 32 - 4));
  expect(sums).toEqual({ complete: true, liveA: 111, liveB: 112, historyA: 113, historyB: 114 });
});

test('which rows differ is told by what they are for', () => {
  const expected = { complete: true, liveA: 1, liveB: 2, historyA: 3, historyB: 4 };
  expect(differenceOf(expected, expected)).toBe('');
  for (const field of ['liveA', 'liveB'] as const)
    expect(differenceOf({ ...expected, [field]: 9 }, expected)).toBe('objects or expiry');
  for (const field of ['historyA', 'historyB'] as const)
    expect(differenceOf({ ...expected, [field]: 9 }, expected)).toBe('past or events');
  expect(differenceOf(emptySums(true), expected)).toBe('objects or expiry, and in past or events');
  expect(differenceOf(emptySums(true), { ...expected, complete: false })).toBe('');
});

/** What stands beside the data, as this release writes it. */
const ROW =
  '0136308b8800000000000800000000000900000000000200000000000370e3fcdfaeebe719989593010203910491019102c3929301a161a3683a319402a162a3683a32a16e91920506910995c3ce49375acecef1fd001dce1fcef124ce5d21ce00a46c696e65cd04d201';

test('what stands beside the data is read and written as in every release', () => {
  const row = Buffer.from(ROW, 'hex');
  const meta = decodeMeta(row);
  expect(meta).toStrictEqual({
    revision: 8,
    appliedIndex: 9,
    appliedTerm: 2,
    compactRevision: 3,
    hashA: 1893989599,
    hashB: 2934695705,
    sums: { complete: true, liveA: 1228364494, liveB: 4059889693, historyA: 533655844, historyB: 1562496512 },
    conf,
    members: new Map([
      [1, { name: 'a', address: 'h:1' }],
      [2, { name: 'b', address: 'h:2', nonce: 'n' }],
    ]),
    sessions: new Map([[5, 6]]),
    removed: new Set([9]),
    lineage: 'line',
    clock: 1234,
    version: 1,
  });
  expect(encodeMeta(meta).toString('hex')).toBe(ROW);
  expect(headOf(meta)).toEqual({ revision: 8, appliedIndex: 9, compactRevision: 3 });
});

test('what an earlier release did not keep is not known', () => {
  const row = Buffer.from(ROW, 'hex');
  const packr = new Packr({ useRecords: false, int64AsType: 'number' });
  const rest = packr.unpack(row.subarray(37)) as unknown[];
  const earlier = decodeMeta(seal(Buffer.concat([row.subarray(0, 37), packr.pack(rest.slice(0, 4))])));
  expect(earlier).toMatchObject({ revision: 8, sums: emptySums(false), lineage: '', clock: 0, version: 0 });
});

test('a row that is damaged or cut off is refused', () => {
  const row = Buffer.from(ROW, 'hex');
  expect(() => decodeMeta(row.subarray(0, 36))).toThrow(/"state" in table meta is damaged \(too short\)/);
  row[40] = 0;
  expect(() => decodeMeta(row)).toThrow(/"state" in table meta is damaged \(checksum mismatch\)/);
});
