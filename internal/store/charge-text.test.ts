import { expect, test } from 'vitest';
import { type ChargeOp, chargedRecord, chargedText } from './charge.js';
import { encodeObject } from './rows.js';

const QUOTA =
  '{"kind":"ResourceQuota","metadata":{"name":"q","uid":"one","resourceVersion":"7","annotations":{"a":"b"}},"spec":{"hard":{"pods":"3"}},"status":{"hard":{"memory":"2Gi","pods":"3"},"used":{"memory":"1Gi","pods":"1"}}}';
const charge = (...amounts: [string, string][]): ChargeOp => ({ type: 'charge', key: 'q', uid: 'one', amounts });
const charged = (text: string, op: ChargeOp, revision = 7): string | undefined => {
  const result = chargedText(text, revision, op);
  if (result === undefined) return undefined;
  const { value, revisionAt } = result;
  return `${value.toString('latin1', 0, revisionAt)}8${value.toString('latin1', revisionAt)}`;
};

test('The text stays as it is but for the revision and what is used', () => {
  expect(charged(QUOTA, charge(['pods', '2'], ['memory', '512Mi']))).toBe(
    QUOTA.replace('"resourceVersion":"7"', '"resourceVersion":"8"').replace(
      '"memory":"1Gi","pods":"1"',
      '"memory":"1536Mi","pods":"3"',
    ),
  );
  // Bytes beyond ASCII are not read, and stay.
  const annotated = QUOTA.replace('"a":"b"', `"a":"${Buffer.from('ü€').toString('latin1')}"`);
  expect(charged(annotated, charge(['pods', '1']))).toContain(Buffer.from('ü€').toString('latin1'));
});

test('The same amount may be charged twice in one, within the bound', () => {
  expect(charged(QUOTA, charge(['pods', '1'], ['pods', '1']))).toContain('"pods":"3"}}}');
  expect(charged(QUOTA, charge(['pods', '1'], ['pods', '1'], ['pods', '1']))).toBeUndefined();
});

test.each<[string, string, ChargeOp]>([
  ['another revision', QUOTA.replace('"7"', '"6"'), charge(['pods', '1'])],
  ['another uid', QUOTA.replace('"one"', '"two"'), charge(['pods', '1'])],
  [
    'a uid behind the revision only',
    QUOTA.replace('"uid":"one",', '').replace('"a":"b"', '"uid":"one"'),
    charge(['pods', '1']),
  ],
  ['no status', '{"metadata":{"uid":"one","resourceVersion":"7"}}', charge(['pods', '1'])],
  ['no usage', QUOTA.replace(/,"used":.*$/, '}}'), charge(['pods', '1'])],
  ['no bounds', QUOTA.replace('"hard":{"memory":"2Gi","pods":"3"},', ''), charge(['pods', '1'])],
  ['something behind the usage', QUOTA.replace(/\}$/, ',"x":1}'), charge(['pods', '1'])],
  [
    'bounds that are nothing',
    QUOTA.replace('{"memory":"2Gi","pods":"3"},"used"', 'null,"used"'),
    charge(['pods', '1']),
  ],
  [
    'bounds and usage in order, not by name',
    QUOTA.replace('{"memory":"2Gi","pods":"3"},"used"', '["9"],"used"').replace('"memory":"1Gi","pods":"1"', '"0":"1"'),
    charge(['0', '1']),
  ],
  [
    'bounds that are a text',
    QUOTA.replace('{"memory":"2Gi","pods":"3"},"used"', '"9","used"').replace('"memory":"1Gi","pods":"1"', '"0":"1"'),
    charge(['0', '1']),
  ],
  ['usage that is no list', QUOTA.replace('"memory":"1Gi","pods":"1"', '"pods":1'), charge(['pods', '1'])],
  ['usage that is no JSON', QUOTA.replace('"memory":"1Gi",', '"memory",'), charge(['pods', '1'])],
  ['usage that is no quantity', QUOTA.replace('"pods":"1"', '"pods":"many"'), charge(['pods', '1'])],
  ['a bound that is no quantity', QUOTA.replace('"pods":"3"},"used"', '"pods":"many"},"used"'), charge(['pods', '1'])],
  ['what is not bounded', QUOTA.replace('"memory":"2Gi",', ''), charge(['memory', '1'])],
  ['what is bounded and not known to be used', QUOTA.replace('"memory":"1Gi",', ''), charge(['memory', '1'])],
  ['one of two that has no room', QUOTA, charge(['memory', '1Gi'], ['pods', '3'])],
])('Nothing is charged to a quota with %s', (_what, text, op) => {
  expect(chargedText(text, 7, op)).toBeUndefined();
});

test('A bound is reached, and not passed', () => {
  expect(charged(QUOTA, charge(['memory', '1Gi']))).toContain('"memory":"2Gi","pods":"1"}}}');
  expect(charged(QUOTA, charge(['memory', '1025Mi']))).toBeUndefined();
});

test('A record is charged as its text is, and none that is not there', () => {
  const record = encodeObject(Buffer.from(QUOTA), -1, { modRevision: 7, createRevision: 1, expiresAt: 0 });
  expect(chargedRecord(record, charge(['pods', '1']))?.value.toString()).toContain('"pods":"2"}}}');
  expect(chargedRecord(undefined, charge(['pods', '1']))).toBeUndefined();
});
