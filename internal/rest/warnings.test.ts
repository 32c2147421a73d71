import { describe, expect, it } from 'vitest';
import { GatheredWarnings, warningHeaders } from './warnings.js';

describe('Warning headers', () => {
  it('tell each text once, quoted', () => {
    expect(warningHeaders(['a "b" \\', 'a "b" \\', '', 'two\nlines', 'é'])).toEqual([
      '299 - "a \\"b\\" \\\\"',
      '299 - "two lines"',
      '299 - "é"',
    ]);
  });

  it('are whole up to 4,096 characters together, and beyond them cut to 256 each', () => {
    const fits = ['x'.repeat(4000), 'y'.repeat(96)];
    expect(warningHeaders(fits).map((h) => h.length)).toEqual([4008, 104]);
    expect(warningHeaders([...fits, 'z']).map((h) => h.length)).toEqual([264, 104, 9]);
    const smile = '\u{1F600}'.repeat(5000);
    expect(warningHeaders([smile])).toEqual([`299 - "${'\u{1F600}'.repeat(256)}"`]);
  });

  it('stop when the cut texts have 4,096 characters, behind the one that was too much', () => {
    const many = Array.from({ length: 200_000 }, (_, i) => `unknown field "spec.field${i}"`.padEnd(128, '.'));
    expect(warningHeaders(many)).toHaveLength(33);
    const full = Array.from({ length: 16 }, (_, i) => String(i).padEnd(256, '.'));
    expect(warningHeaders([...full, 'one more', 'and another'])).toHaveLength(17);
  });
});

describe('warnings of many objects', () => {
  it.each([
    ['short', (i: number) => `w${i}`],
    ['long', (i: number) => `${i}`.padEnd(100_000, '\u{1F600}')],
  ])('that are %s: no more are kept than are told', (_, text) => {
    const gathered = new GatheredWarnings();
    const all: string[] = [];
    for (let i = 0; i < 20_000; i++) {
      // Long ones are no longer looked at.
      if (i < 200) all.push(text(i), text(i));
      gathered.add(i < 200 ? [text(i), text(i)] : [text(i % 200)]);
    }
    const kept = gathered.texts;
    expect(kept.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(1_000_000);
    expect(warningHeaders(kept)).toEqual(warningHeaders(all));
  });
});
