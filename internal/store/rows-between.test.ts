import { expect, test } from 'vitest';
import { byteText, type LayerWrite } from './layer.js';
import { type RowsFrom, withRowsBetween } from './rows-between.js';
import type { TableKey, TableName } from './tables.js';

const PAGE = 8_192;

/** A row that takes `size` bytes in a page: 10 beside its key and value. */
const row = (key: TableKey, size: number, more: Partial<LayerWrite> = {}): LayerWrite => ({
  table: 'objects',
  key,
  value: Buffer.alloc(size - 10 - Buffer.byteLength(key)),
  isNew: true,
  ...more,
});
/** New rows that take four pages, one for each letter. */
const fourPages = (letters: string, more: Partial<LayerWrite> = {}): LayerWrite[] =>
  letters.split('').map((letter) => row(letter, (4 * PAGE) / letters.length, more));

interface Stored {
  readonly rows: Readonly<Record<string, number>>;
  readonly reads: string[];
  readonly open: Set<object>;
}
/** Rows that are there, of these sizes; what was read of them is noted, and whose reading did not end. */
const stored = (rows: Readonly<Record<string, number>>): Stored => ({ rows, reads: [], open: new Set() });
const readerOf = ({ rows, reads, open }: Stored): RowsFrom =>
  function* (table, from) {
    const own = {};
    open.add(own);
    reads.push(`${table} from ${from}`);
    try {
      for (const text of Object.keys(rows).sort()) {
        if (text < from) continue;
        reads.push(text);
        const { value } = row(text, rows[text] ?? 0);
        if (value !== undefined) yield { text, value };
      }
    } finally {
      open.delete(own);
    }
  };

/** The keys that are written, in order, `-` before those that are removed. */
function keysOf(writes: readonly LayerWrite[], there: Stored): string {
  const out = [...withRowsBetween(writes, readerOf(there))];
  expect(there.open.size).toBe(0);
  return out.map(({ key, value }) => `${value === undefined ? '-' : ''}${byteText(key)}`).join(' ');
}

test('Few rows between many new ones are removed first, and written again in between as they were', () => {
  const there = stored({ A: 100, ab: 700, bb: 800, bc: 900, x: 100 });
  const out = [...withRowsBetween(fourPages('abcd'), readerOf(there))];
  expect(out.map(({ key, value, isNew }) => `${String(key)} ${value?.length} ${isNew}`)).toEqual([
    'ab undefined false',
    'bb undefined false',
    'bc undefined false',
    'a 8181 true',
    'ab 688 true',
    'b 8181 true',
    'bb 788 true',
    'bc 888 true',
    'c 8181 true',
    'd 8181 true',
  ]);
});

test('With nothing between the new rows they are written as they come, and what is behind them is read once', () => {
  const there = stored({ A: 100, x: 100 });
  expect(keysOf(fourPages('abcd'), there)).toBe('a b c d');
  expect(there.reads).toEqual(['objects from a', 'x']);
});

test.each<[string, readonly LayerWrite[], Readonly<Record<string, number>>, string]>([
  ['a quarter of the new bytes', fourPages('abcd'), { ab: 4_080, bb: 4_080, bc: 32 }, '-ab -bb -bc a ab b bb bc c d'],
  ['more than a quarter of the new bytes', fourPages('abcd'), { ab: 4_080, bb: 4_080, bc: 33 }, 'a b c d'],
  ['fewer new bytes than four pages', [...fourPages('abc'), row('d', 100)].slice(1), { bb: 100 }, 'b c d'],
  ['one that has pages of its own', fourPages('abcd'), { bb: 4_085 }, 'a b c d'],
  [
    'what more new rows make up for',
    fourPages('abcd'),
    { ab: 4_080, bb: 3_000, bc: 1_000 },
    '-ab -bb -bc a ab b bb bc c d',
  ],
  [
    'nothing but one behind them',
    [...fourPages('abcd'), row('e', 100, { table: 'events' })],
    { dd: 9 + 10 },
    'a b c d e',
  ],
])('Of rows between new ones is decided by their bytes: %s', (_what, writes, rows, expected) => {
  expect(keysOf(writes, stored(rows))).toBe(expected);
});

test('What is read ahead is bounded: two pages beyond a quarter of the new bytes', () => {
  const many = (count: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${String(i).padStart(2, '0')}`, 1_024]));
  // After the first new row of a page 2 KiB and 16 KiB are looked at, and the one that is too much.
  const there = stored(many(40));
  expect(keysOf(fourPages('abcd'), there)).toBe('a b c d');
  expect(there.reads.filter((read) => read.startsWith('a')).length).toBe(19);
  // What fits is written again when there is enough new behind it.
  const [first, ...rest] = fourPages('abcd');
  const more = [...(first === undefined ? [] : [first]), ...rest, ...fourPages('efgh'), ...fourPages('ijkl')];
  expect(keysOf(more, stored(many(18)))).toMatch(/^-a00 .*-a17 a a00 .* a17 b c d e/);
  expect(keysOf(more, stored(many(19)))).toBe('a b c d e f g h i j k l');
});

test('Rows of what cannot be written again so part the new ones, and stay where they come', () => {
  const there = { ab: 100, bb: 100 };
  for (const more of [{ isNew: false }, { value: undefined, isNew: false }]) {
    const writes = [...fourPages('ab'), row('ba', 100, more), ...fourPages('cd')];
    expect(keysOf(writes, stored(there))).toBe(
      `-ab a ab b ${more.value === undefined && 'value' in more ? '-' : ''}ba c d`,
    );
  }
});

test.each<[TableName, string]>([
  ['objects', '-ab a ab b'],
  ['past', '-ab a ab b'],
  ['events', 'a b'],
  ['expiry', 'a b'],
  ['meta', 'a b'],
])('Only objects and versions of the past are looked at: %s', (table, expected) => {
  const there = stored({ ab: 100 });
  expect(keysOf(fourPages('ab', { table }), there)).toBe(expected);
  expect(there.reads.length > 0).toBe(expected.includes('-'));
});

test('Rows of two tables are two stretches', () => {
  const there = stored({ ab: 100, bb: 100 });
  const writes = [...fourPages('ab'), ...fourPages('ab', { table: 'past' })];
  expect(keysOf(writes, there)).toBe('-ab a ab b -ab a ab b');
  expect(there.reads.filter((read) => read.includes('from'))).toEqual(['objects from a', 'past from a']);
});

test('A row that is there although a write says that it is not is replaced by what is written', () => {
  expect(keysOf(fourPages('abcd'), stored({ ab: 100, b: 200 }))).toBe('-ab a ab b c d');
});

test('Keys beyond ASCII are compared and written as bytes', () => {
  const there = stored({ [byteText('ü1')]: 100 });
  const out = [
    ...withRowsBetween(
      ['ü', 'üz'].map((key) => row(key, 2 * PAGE)),
      readerOf(there),
    ),
  ];
  expect(out.map(({ key }) => key)).toEqual(['ü1', 'ü', 'ü1', 'üz']);
});

test('Where there is nothing to gain, more and more new rows pass unlooked at, until there is something again', () => {
  const letters = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, i) => String(from + i).padStart(5, '0'));
  // Between each two of the first ones is more than they are; between those behind them is little.
  const rows: Record<string, number> = {};
  for (const text of letters(0, 2_000)) for (let i = 0; i < 9; i++) rows[`${text}-${i}`] = 2_048;
  for (const text of letters(2_000, 800)) rows[`${text}-0`] = 100;
  const there = stored(rows);
  const writes = letters(0, 2_800).map((text) => row(text, 1_024));
  const out = [...withRowsBetween(writes, readerOf(there))];
  const starts = there.reads.filter((read) => read.startsWith('objects')).map((read) => Number(read.slice(13)));
  // Two rows and what is between them, and 1, 2, 4 ... 256 rows that pass.
  expect(starts.slice(0, 10)).toEqual([0, 2, 5, 10, 19, 36, 69, 134, 263, 520]);
  expect(starts.slice(10, 14)).toEqual([777, 1_034, 1_291, 1_548]);
  const removed = out.filter(({ value }) => value === undefined).length;
  expect(removed).toBeGreaterThan(500);
  expect(out.length).toBe(2_800 + 2 * removed);
});
