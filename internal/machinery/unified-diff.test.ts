import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unifiedDiff } from './unified-diff.js';

const letters = (text: string): string[] => text.split('');

describe('unifiedDiff', () => {
  it('says nothing of what is the same', () => {
    expect(unifiedDiff(letters('abc'), letters('abc'))).toBe('');
    expect(unifiedDiff([], [])).toBe('');
  });

  it('shows three lines around a change, and names the lines', () => {
    expect(unifiedDiff(letters('abcdefghi'), letters('abcdXfghi'))).toBe(
      '@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+X\n f\n g\n h\n',
    );
  });

  it('joins changes that are near each other, and parts those that are far', () => {
    const near = unifiedDiff(letters('abcdefgh'), letters('aBcdefGh'));
    expect(near.match(/^@@/gm)).toHaveLength(1);
    const far = unifiedDiff(letters('abcdefghijkl'), letters('aBcdefghijKl'));
    expect(far.match(/^@@/gm)).toHaveLength(2);
  });

  it('names an empty side by the line before, and a single line without its count', () => {
    expect(unifiedDiff([], ['a', 'b'])).toBe('@@ -0,0 +1,2 @@\n+a\n+b\n');
    expect(unifiedDiff(['a'], ['b'])).toBe('@@ -1 +1 @@\n-a\n+b\n');
  });

  it('is a recipe: applied to the one text it gives the other', () => {
    const line = fc.constantFrom('a', 'b', 'c', '{', '},');
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), fc.array(line, { maxLength: 40 }), (a, b) => {
        expect(applied(a, unifiedDiff(a, b))).toEqual(b);
      }),
    );
  });
});

function applied(a: readonly string[], diff: string): string[] {
  const out: string[] = [];
  let at = 0;
  for (const line of diff.split('\n').slice(0, -1)) {
    const start = /^@@ -(\d+)(,0)?/.exec(line);
    if (start !== null) {
      // A range of no lines names the line before it.
      const first = Number(start[1]) - (start[2] === undefined ? 1 : 0);
      while (at < first) out.push(a[at++] ?? '');
    } else if (line.startsWith('+')) out.push(line.slice(1));
    else {
      if (line.startsWith(' ')) out.push(line.slice(1));
      at++;
    }
  }
  return [...out, ...a.slice(at)];
}
