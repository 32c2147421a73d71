import { describe, expect, test } from 'vitest';
import {
  checkObject,
  checksumOf,
  compareKeys,
  CorruptRecordError,
  createRevisionOf,
  decodeEvent,
  encodeEvent,
  encodeObject,
  encodeRevision,
  eventKey,
  eventKeyRevision,
  eventKeySub,
  expiresAtOf,
  expiryKey,
  MissingRowsError,
  modRevisionOf,
  parseExpiryKey,
  parsePastKey,
  pastKey,
  valueOf,
} from './rows.js';

const FIELDS = { modRevision: 0x010203040506, createRevision: 7, expiresAt: 1_700_000_000_000 };
const record = (): Buffer => encodeObject(Buffer.from('value'), -1, FIELDS);
const REASON = (reason: string) =>
  expect.objectContaining({ constructor: CorruptRecordError, message: expect.stringContaining(`(${reason})`) });
const thrown = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('the record of an object', () => {
  test('has its bytes where every release looks for them', () => {
    const bytes = record();
    expect([...bytes.subarray(0, 1), ...bytes.subarray(5, 17)]).toEqual([1, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 7]);
    expect(bytes.subarray(23).toString()).toBe('value');
    expect([modRevisionOf(bytes), createRevisionOf(bytes), expiresAtOf(bytes)]).toEqual(Object.values(FIELDS));
    expect(valueOf(bytes).toString()).toBe('value');
    expect(checksumOf(bytes)).toBe(bytes.readUInt32BE(1));
    expect(() => checkObject('objects', 'a', bytes)).not.toThrow();
  });

  test('holds its revision where the value has a hole for it', () => {
    const with42 = { ...FIELDS, modRevision: 42 };
    expect(valueOf(encodeObject(Buffer.from('{""}'), 2, with42)).toString()).toBe('{"42"}');
    expect(valueOf(encodeObject(Buffer.from('ab'), 0, with42)).toString()).toBe('42ab');
    expect(valueOf(encodeObject(Buffer.from('ab'), 2, with42)).toString()).toBe('ab42');
    expect(valueOf(encodeObject(Buffer.from('ab'), -1, with42)).toString()).toBe('ab');
  });

  test('that is damaged anywhere is found damaged', () => {
    for (let at = 0; at < record().length; at++) {
      const bytes = record();
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      const error = thrown(() => checkObject('past', 'a', bytes));
      expect(error, `${at}`).toEqual(REASON(at === 0 ? 'layout version 0 is not known' : 'checksum mismatch'));
      expect(error).toMatchObject({ table: 'past', key: 'a', name: 'CorruptRecordError' });
    }
  });

  test('that is cut off has no fields', () => {
    const cut = record().subarray(0, 22);
    expect(thrown(() => checkObject('objects', 'a', cut))).toEqual(REASON('too short'));
    expect([modRevisionOf(cut), createRevisionOf(cut), expiresAtOf(cut)]).toEqual([0, 0, 0]);
    // An empty value is whole.
    const empty = encodeObject(Buffer.alloc(0), -1, FIELDS);
    expect(() => checkObject('objects', 'a', empty)).not.toThrow();
    expect([modRevisionOf(empty), createRevisionOf(empty), expiresAtOf(empty)]).toEqual(Object.values(FIELDS));
  });
});

describe('a change', () => {
  test.each(['create', 'modify', 'delete'] as const)('of type %s is read as it was written', (type) => {
    const row = { type, key: 'core/pods/ü/a', prevRevision: 0x010203040506 };
    expect(decodeEvent(eventKey(9, 1), encodeEvent(row))).toEqual(row);
  });

  test('that is damaged says which it is', () => {
    const row = encodeEvent({ type: 'create', key: 'a', prevRevision: 0 });
    row[12] = 0;
    const error = thrown(() => decodeEvent(eventKey(9, 3), row));
    expect(error).toEqual(REASON('checksum mismatch'));
    expect(error).toMatchObject({ table: 'events', key: '9/3' });
    const unknown = encodeEvent({ type: 'upsert' as 'create', key: 'a', prevRevision: 0 });
    for (const [bytes, reason] of [
      [row.subarray(0, 11), 'too short'],
      [unknown, 'unknown type'],
    ] as const) {
      const said = thrown(() => decodeEvent(eventKey(9, 3), bytes));
      expect(said).toEqual(REASON(reason));
      expect(said).toMatchObject({ table: 'events', key: '9/3' });
    }
    expect(decodeEvent(eventKey(9, 3), encodeEvent({ type: 'create', key: '', prevRevision: 0 })).key).toBe('');
  });
});

test('Composed keys are read as they were written, and in order', () => {
  expect(parsePastKey(pastKey('core/ü', 5, 0x010203040506))).toEqual({
    key: 'core/ü',
    modRevision: 5,
    supersededAt: 0x010203040506,
  });
  expect([eventKeyRevision(eventKey(0x010203040506, 7)), eventKeySub(eventKey(1, 0xffff))]).toEqual([
    0x010203040506, 0xffff,
  ]);
  expect(parseExpiryKey(expiryKey(1_700_000_000_000, 'ü/a'))).toEqual({ time: 1_700_000_000_000, key: 'ü/a' });
  expect(encodeRevision(0x010203040506).toString('hex')).toBe('010203040506');
  const sorted = [pastKey('a', 1, 2), pastKey('a', 1, 3), pastKey('a', 2, 3), pastKey('a/b', 1, 2), pastKey('b', 1, 2)];
  expect(sorted.toReversed().toSorted((x, y) => Buffer.compare(x, y))).toEqual(sorted);
  expect(Buffer.compare(eventKey(1, 0xffff), eventKey(2, 0))).toBe(-1);
});

test('Keys are compared as LMDB does, by the bytes of UTF-8', () => {
  const keys = ['', 'a', 'a/b', 'aa', 'b', 'ü', '\ud7ff', '\ue000', '\ufffd', '\u{10000}', '\u{10000}a', '\u{10ffff}'];
  for (const a of keys) {
    for (const b of keys) {
      const order = Buffer.compare(Buffer.from(a), Buffer.from(b));
      expect(Math.sign(compareKeys(a, b)), JSON.stringify([a, b])).toBe(order);
    }
  }
});

test('Rows that are missing are told with their tables, and as of when', () => {
  const error = new MissingRowsError('past or events', 7);
  expect(error).toBeInstanceOf(CorruptRecordError);
  expect(error).toMatchObject({
    table: 'past or events',
    key: '',
    message: 'as of revision 7, rows are missing or left over in past or events',
  });
});
