import { describe, expect, it } from 'vitest';
import { isLineageOf, judge, newLineage, type Witness } from './verdict.js';

/** Witnesses from words like 'H:a': the hash, and the lineage that it comes from. */
const witnesses = (...words: string[]): Map<number, Witness> =>
  new Map(
    words.map((word, i) => {
      const [changes = '', lineage = '', rows] = word.split(':');
      return [i + 1, { changes, lineage, rows }];
    }),
  );
const voters = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('a verdict on states', () => {
  it('believes a majority that computed the same each by itself', () => {
    expect(judge(witnesses('H:a', 'H:b'), voters(3))).toEqual({ kind: 'agreed' });
    expect(judge(witnesses('X:a', 'H:b', 'H:c'), voters(3))).toEqual({
      kind: 'differs',
      right: { changes: 'H', rows: undefined },
      lineages: 2,
    });
    expect(judge(witnesses('X:a', 'X:b', 'H:c', 'H:d', 'H:e'), voters(5))).toMatchObject({
      kind: 'differs',
      right: { changes: 'H' },
    });
  });

  it('counts a state and its copies once', () => {
    expect(judge(witnesses('X:a', 'H:b', 'X:a'), voters(3))).toEqual({ kind: 'disputed' });
    expect(judge(witnesses('X:a', 'X:a', 'X:a', 'H:d', 'H:e'), voters(5))).toEqual({ kind: 'disputed' });
    // A state whose lineage is not known may be a copy of any other such.
    expect(judge(witnesses('X', 'X', 'H:c'), voters(3))).toEqual({ kind: 'disputed' });
  });

  it('believes a copy that has computed on and comes to what others have', () => {
    expect(judge(witnesses('X:a', 'H:a', 'H:b'), voters(3))).toEqual({
      kind: 'differs',
      right: { changes: 'H', rows: undefined },
      lineages: 2,
    });
  });

  it('agrees when all voters have the same, wherever they have it from, and not when one is missing', () => {
    expect(judge(witnesses('H:a', 'H:a', 'H:a'), voters(3))).toEqual({ kind: 'agreed' });
    expect(judge(witnesses('H:a', 'H:a'), voters(3))).toEqual({ kind: 'unknown' });
    expect(judge(witnesses('H:a'), voters(1))).toEqual({ kind: 'agreed' });
    expect(judge(new Map(), voters(0))).toEqual({ kind: 'unknown' });
  });

  it('looks at rows among those that have the same changes, and asks no learner', () => {
    expect(judge(witnesses('H:a:1', 'H:b:1', 'H:c:2'), voters(3))).toMatchObject({
      kind: 'differs',
      right: { rows: '1' },
    });
    expect(judge(witnesses('H:a:1', 'H:a:1', 'H:c:2'), voters(3))).toEqual({ kind: 'disputed' });
    // Whose changes are others has no say in the rows.
    expect(judge(witnesses('X:a:9', 'H:b:1', 'H:c'), voters(3))).toEqual({
      kind: 'differs',
      right: { changes: 'H', rows: '1' },
      lineages: 2,
    });
    // A release that knows nothing of rows.
    expect(judge(witnesses('H:a:1', 'H:b', 'H:c'), voters(3))).toEqual({ kind: 'agreed' });
    expect(judge(witnesses('H:a', 'H:b', 'X:c'), voters(2))).toMatchObject({
      kind: 'differs',
      right: { changes: 'H' },
    });
    expect(judge(witnesses('H:a', 'X:b', 'X:c'), voters(2))).toEqual({ kind: 'disputed' });
  });

  it('names lineages by the member where they begin, and no two alike', () => {
    expect(isLineageOf(newLineage(7), 7)).toBe(true);
    expect(isLineageOf(newLineage(77), 7)).toBe(false);
    expect(newLineage(7)).not.toBe(newLineage(7));
  });
});
