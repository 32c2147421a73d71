import { expect, test } from 'vitest';
import { addRow, emptySums, type RowSums, type SummedTable, subtractRow } from './row-sums.js';

type Row = readonly [table: SummedTable, key: string, content: string];

function sumsOf(...rows: Row[]): RowSums {
  const sums = emptySums(true);
  for (const [table, key, content] of rows) addRow(sums, table, Buffer.from(key), Buffer.from(content));
  return sums;
}

// Bytes 1 to 5 of a row are its checksum, which stands for all of it.
const ANN: Row = ['objects', 'ann', '(ann) is so'];
const BOB: Row = ['objects', 'bob', '(bob) is not'];

test('the sums are those of the rows, in whatever order they came', () => {
  expect(sumsOf(ANN, BOB)).toEqual(sumsOf(BOB, ANN));
  expect(sumsOf(ANN, BOB)).not.toEqual(sumsOf(ANN));
  expect(sumsOf(ANN, ANN)).not.toEqual(sumsOf());
});

test('a row with another key, in another table or with other content is another row', () => {
  const [table, key, content] = ANN;
  expect(sumsOf([table, 'bob', content])).not.toEqual(sumsOf(ANN));
  expect(sumsOf(['expiry', key, content])).not.toEqual(sumsOf(ANN));
  expect(sumsOf(['past', key, content])).not.toEqual(sumsOf(['events', key, content]));
  expect(sumsOf([table, key, '(bob) is not'])).not.toEqual(sumsOf(ANN));
});

test('keys that have changed places are found', () => {
  const [, , annContent] = ANN;
  const [, , bobContent] = BOB;
  expect(sumsOf(['objects', 'ann', bobContent], ['objects', 'bob', annContent])).not.toEqual(sumsOf(ANN, BOB));
});

test('a row that is taken away leaves no trace', () => {
  const sums = sumsOf(ANN, BOB);
  const [table, key, content] = BOB;
  subtractRow(sums, table, Buffer.from(key), Buffer.from(content));
  expect(sums).toEqual(sumsOf(ANN));
});

test('a row that was cut short counts as what is left of it', () => {
  const cut = (content: string): RowSums => sumsOf(['objects', 'ann', content]);
  expect(cut('(an')).not.toEqual(cut('(bo'));
  expect(cut('(ann')).not.toEqual(cut(')ann'));
  // From five bytes on there is a checksum.
  expect(cut('(ann)')).toEqual(cut(')ann)'));
});
