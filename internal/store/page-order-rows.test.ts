import { expect, test } from 'vitest';
import type { LayerWrite } from './layer.js';
import { inPageOrder } from './page-order.js';

/** A row that takes `size` bytes in a page: 10 beside its key and value. A page has room for 8,168. */
const row = (key: string | Buffer, size: number, more: Partial<LayerWrite> = {}): LayerWrite => ({
  table: 'objects',
  key,
  value: Buffer.alloc(size - 10 - Buffer.byteLength(key)),
  isNew: true,
  ...more,
});
const past: Partial<LayerWrite> = { table: 'past' };
const many = (letters: string, size: number): LayerWrite[] => letters.split('').map((letter) => row(letter, size));
const small = (letters: string): LayerWrite[] => many(letters, 100);

test.each<[string, readonly LayerWrite[], string]>([
  ['nothing', [], ''],
  ['new rows that do not fill a page', [row('a', 4_000), row('b', 4_000)], 'ab'],
  ['the first of a full page behind the others', [row('a', 4_000), row('b', 4_000), row('c', 4_000)], 'bac'],
  ['a page that is full to the byte', [row('a', 4_084), row('b', 4_084), row('c', 100)], 'bac'],
  ['and no byte more', [row('a', 3_000), row('b', 3_000), row('c', 2_169), row('d', 4_000)], 'bacd'],
  [
    'page after page',
    [row('a', 3_000), row('b', 4_000), row('c', 3_000), row('d', 4_000), row('e', 3_000), row('f', 4_000)],
    'badcef',
  ],
  [
    'a row that gets pages of its own where it comes',
    [row('a', 4_000), row('b', 4_085), row('c', 4_000), row('d', 4_000)],
    'abcd',
  ],
  [
    'a change of a row that is there where it comes, and begins anew behind it',
    [row('a', 3_000), row('b', 3_000), row('X', 100, { isNew: false }), ...many('cde', 4_000)],
    'abXdce',
  ],
  [
    'a removal where it comes',
    [row('a', 3_000), row('b', 3_000), row('X', 100, { value: undefined }), ...many('cde', 4_000)],
    'abXdce',
  ],
  ['the first of a table behind its others', [row('a', 3_000), row('b', 3_000), row('c', 100, past)], 'bac'],
  ['many small rows as they come', [...small('abcdefghijklmno'), row('p', 100, past)], 'abcdefghijklmonp'],
  ['twelve rows as a page', [...small('abcdefghijkl'), row('m', 100, past)], 'bcdefghijklam'],
])('Writes %s', (_what, writes, order) => {
  expect([...inPageOrder(writes)].map(({ key }) => String(key)).join('')).toBe(order);
});

test.each(['ü', Buffer.from('ab')])('The bytes of a key count: %s', (key) => {
  const written = (bytes: number): number =>
    [...inPageOrder([row('a', 4_000), row(key, bytes), row('y', 4_000), row('z', 4_000)])].findIndex(
      (write) => write.key === key,
    );
  // One byte more, and it has pages of its own: it does not come before what stood in front of it.
  expect([written(4_084), written(4_085)]).toEqual([0, 1]);
});
