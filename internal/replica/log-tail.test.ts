import { expect, it } from 'vitest';
import { entryBytes } from '../raft/entry.js';
import type { Entry } from '../raft/types.js';
import { LogTail } from './log-tail.js';

const entry = (index: number, bytes = 1, term = 1): Entry => ({
  index,
  term,
  type: 'normal',
  data: Buffer.alloc(bytes),
});
const MIB = 1024 * 1024;
/** An entry that counts for 1 MiB in all. */
const large = (index: number): Entry => entry(index, MIB - entryBytes(entry(0, 0)));
const held = (tail: LogTail): number[] => tail.slice(tail.first, tail.first + 100).map(({ index }) => index);

it('entries are held from the first on, and those of a new leader take the place of others', () => {
  const tail = new LogTail(5);
  tail.append([]);
  expect([tail.first, tail.get(5)]).toEqual([5, undefined]);
  tail.append([entry(5), entry(6), entry(7)]);
  expect([tail.get(4), tail.get(5)?.index, tail.get(7)?.index, tail.get(8)]).toEqual([undefined, 5, 7, undefined]);
  expect(tail.slice(6, 7).map(({ index }) => index)).toEqual([6]);
  tail.append([entry(6, 1, 2)]);
  expect([held(tail), tail.get(6)?.term]).toEqual([[5, 6], 2]);
  tail.append([entry(3), entry(4)]);
  expect([tail.first, held(tail)]).toEqual([3, [3, 4]]);
});

it('beyond 8 MiB all but 7 go at once, but not the last entry, nor what is not on the disk yet', () => {
  const tail = new LogTail(1);
  tail.append(Array.from({ length: 8 }, (_, i) => large(i + 1)));
  tail.trim(100);
  expect(tail.first).toBe(1);
  tail.append([entry(9, 0), entry(10, 0)]);
  tail.trim(1);
  expect(tail.first).toBe(1);
  tail.trim(100);
  expect([tail.first, held(tail)]).toEqual([3, [3, 4, 5, 6, 7, 8, 9, 10]]);
  tail.append([large(11), large(12), large(13)]);
  tail.trim(4);
  expect(tail.first).toBe(4);
  tail.trim(5);
  expect(tail.first).toBe(5);
  tail.append([entry(14, 20 * MIB)]);
  tail.trim(100);
  expect([tail.first, held(tail)]).toEqual([14, [14]]);
});

it('what nobody is expected to ask for goes at once, but not the last entry, nor what is not on the disk yet', () => {
  const tail = new LogTail(1);
  tail.append([1, 2, 3, 4, 5, 6].map((index) => entry(index)));
  tail.trim(100, 0);
  expect(tail.first).toBe(1);
  tail.trim(3, 4);
  expect(held(tail)).toEqual([3, 4, 5, 6]);
  tail.trim(100, 4);
  expect(held(tail)).toEqual([5, 6]);
  tail.trim(100, 9);
  expect([tail.first, held(tail)]).toEqual([6, [6]]);
  // Nor are they counted any more.
  tail.append(Array.from({ length: 7 }, (_, i) => large(i + 7)));
  tail.trim(100, 7);
  expect(held(tail)).toEqual([8, 9, 10, 11, 12, 13]);
  tail.append([large(14), large(15)]);
  tail.trim(100, 7);
  expect(tail.first).toBe(8);
});

it('what is dropped is not counted any more', () => {
  const some = (first: number, count: number): Entry[] => Array.from({ length: count }, (_, i) => large(first + i));
  const drops: readonly ((tail: LogTail) => void)[] = [
    (tail) => tail.dropTo(4),
    (tail) => tail.reset(5),
    (tail) => tail.append([large(5)]),
  ];
  for (const drop of drops) {
    const tail = new LogTail(1);
    tail.append(some(1, 8));
    drop(tail);
    const { first } = tail;
    const next = first + held(tail).length;
    tail.append(some(next, 8 - held(tail).length));
    tail.trim(100);
    expect([tail.first, held(tail).length]).toEqual([first, 8]);
    tail.append([entry(first + 8)]);
    tail.trim(100);
    expect(tail.first).toBe(first + 2);
  }
  const overwritten = new LogTail(10);
  overwritten.append(some(10, 8));
  overwritten.append(some(2, 8));
  overwritten.trim(100);
  expect(held(overwritten)).toHaveLength(8);
});

it('the log may begin anew within what is held, at its end, and behind it', () => {
  const tail = new LogTail(1);
  tail.append([1, 2, 3, 4].map((index) => entry(index)));
  tail.dropTo(0);
  expect(tail.first).toBe(1);
  tail.dropTo(1);
  expect([tail.first, held(tail)]).toEqual([2, [2, 3, 4]]);
  tail.dropTo(4);
  expect([tail.first, held(tail)]).toEqual([5, []]);
  tail.append([entry(5)]);
  tail.dropTo(9);
  expect([tail.first, held(tail)]).toEqual([10, []]);
  tail.append([entry(10), entry(11)]);
  tail.reset(3);
  expect([tail.first, held(tail)]).toEqual([3, []]);
});
