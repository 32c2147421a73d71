import { expect, test } from 'vitest';
import { COUNTED, leastShare } from './ci.js';
import { FOLDERS } from './folders.js';
import type { Mutant } from './mutants.js';
import { nearest, steadySample } from './nearest.js';
import { distance } from './score.js';
import type { Sources } from './sources.js';

const mutant = (line: number, text: string): Mutant => ({
  id: String(line),
  key: `f.ts ${line}`,
  file: 'internal/a/f.ts',
  line,
  text,
  kind: 'StringLiteral',
  original: "''",
  replacement: '"x"',
});

test('another line exchanges at most one break of the sample, and lines that only moved none', () => {
  const before = Array.from({ length: 200 }, (_, i) => mutant(i, `line ${i % 150}`));
  const sample = steadySample(before, 20);
  expect(sample).toHaveLength(20);
  const moved = steadySample(
    before.map(({ line, text }) => mutant(line + 7, text)),
    20,
  );
  expect(moved.map(({ text }) => text)).toEqual(sample.map(({ text }) => text));
  const more = steadySample([mutant(1000, 'a new line'), ...before], 20);
  expect(more.filter((each) => sample.includes(each)).length).toBeGreaterThanOrEqual(19);
});

test('the test of a file’s own name is asked first, then those made for it, who imports it, and those that import least', () => {
  const imports: Record<string, string[]> = {
    'internal/a/f.test.ts': ['internal/a/f.ts', 'internal/b/far.ts', 'internal/b/more.ts'],
    'internal/a/f-rules.test.ts': ['internal/b/far.ts', 'internal/b/more.ts'],
    'internal/a/other.test.ts': ['internal/b/far.ts', 'internal/a/f.ts'],
    'internal/a/same.test.ts': ['internal/b/far.ts'],
    'internal/b/direct.test.ts': ['internal/a/f.ts'],
    'internal/b/far.test.ts': ['internal/b/far.ts'],
    'internal/b/none.test.ts': ['internal/b/other.ts'],
    'internal/b/far.ts': ['internal/a/f.ts'],
  };
  const needs = (file: string): Set<string> =>
    new Set([file, ...(imports[file] ?? []).flatMap((each) => [...needs(each)])]);
  const sources = { imports: (file: string) => new Set(imports[file]), needs } as unknown as Sources;
  const tests = Object.keys(imports).filter((file) => file.endsWith('.test.ts'));
  expect(nearest(tests.toReversed(), mutant(1, ''), sources)).toEqual(tests.slice(0, 6));
  expect(tests.slice(0, 6).map((each) => distance(each, 'internal/a/f.ts', sources))).toEqual([0, 1, 2, 3, 4, 5]);
});

test('a sample fails when it is so much worse than the one that was counted that chance is no reason', () => {
  expect(leastShare([36, 36], 36)).toBeGreaterThan(75);
  expect(leastShare([30, 36], 36)).toBeGreaterThan(45);
  expect(leastShare([30, 36], 36)).toBeLessThan(60);
  // The more were counted, the closer.
  expect(leastShare([210, 252], 252)).toBeGreaterThan(70);
  expect(leastShare([30, 36], 0)).toBe(0);
  for (const { name } of FOLDERS) expect(COUNTED[name]?.[1], name).toBeGreaterThan(5);
});
