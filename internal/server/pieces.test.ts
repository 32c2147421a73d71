import { expect, test } from 'vitest';
import { Pieces } from './pieces.js';

test('pieces of all sizes come out as they came in, and none is the memory that it came in', () => {
  for (const sizes of [
    [],
    [5],
    [0, 5],
    [1, 1, 1],
    [5_000, 1, 2, 5_000],
    Array.from({ length: 200 }, (_, n) => n * 97),
  ]) {
    const pieces = new Pieces();
    const sent = sizes.map((size, n) => Buffer.alloc(size, n + 1));
    for (const piece of sent) pieces.add(piece);
    const expected = Buffer.concat(sent);
    for (const piece of sent) piece.fill(0);
    expect(pieces.takeWhole().equals(expected)).toBe(true);
    expect(pieces.takeWhole()).toHaveLength(0);
  }
});

test('a body in pieces of a byte takes its own size and some KiB', () => {
  const pieces = new Pieces();
  const one = Buffer.from('x');
  for (let n = 0; n < 1_000_000; n++) pieces.add(one);
  const all = pieces.takeAll();
  const memory = new Set(all.map(({ buffer }) => buffer));
  expect([...memory].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(1_000_000 + 64 * 1024);
  expect(all.length).toBeLessThan(100);
  expect(Buffer.concat(all)).toHaveLength(1_000_000);
});
