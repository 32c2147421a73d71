import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OutcomeCache } from './outcome-cache.js';
import { Sources } from './sources.js';

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-sources-'));
  for (const folder of ['bench', 'cmd', 'docs', 'internal/a', 'proto']) {
    fs.mkdirSync(path.join(root, folder), { recursive: true });
  }
  write('internal/a/used.ts', "import type { X } from './type.js';\nexport const used = 1;\n");
  write('internal/a/type.ts', 'export type X = 1;\n');
  write('internal/a/lazy.ts', 'export const lazy = 1;\n');
  write('internal/a/other.ts', 'export const other = 1;\n');
  write('internal/a/middle.ts', "export * from './used.js';\nexport const lazy = () => import('./lazy.js');\n");
  write('internal/a/a.test.ts', "import {\n  used,\n} from './middle.js';\nused;\n");
  write('internal/a/b.test.ts', "import { execFileSync } from 'node:child_process';\nexecFileSync('true');\n");
});
afterEach(() => fs.rmSync(root, { recursive: true }));

const write = (file: string, text: string): void => fs.writeFileSync(path.join(root, file), text);
const print = (file: string): string => Sources.read(root).fingerprint(file);

test('a test needs what it imports when it runs, also through others and later, and no types', () => {
  const sources = Sources.read(root);
  expect([...sources.needs('internal/a/a.test.ts')].sort()).toEqual(
    ['a.test', 'lazy', 'middle', 'used'].map((name) => `internal/a/${name}.ts`),
  );
  expect(sources.tests(['internal/a/'])).toEqual(['internal/a/a.test.ts', 'internal/a/b.test.ts']);
});

test('a fingerprint changes with whatever the test needs, and with what is no TypeScript, and with nothing else', () => {
  const before = print('internal/a/a.test.ts');
  write('internal/a/other.ts', 'export const other = 2;\n');
  write('internal/a/b.test.ts', 'export {};\n');
  write('docs/page.md', '# Page');
  expect(print('internal/a/a.test.ts')).toBe(before);
  write('internal/a/used.ts', 'export const used = 2;\n');
  const after = print('internal/a/a.test.ts');
  expect(after).not.toBe(before);
  write('internal/a/table.json', '{}');
  expect(print('internal/a/a.test.ts')).not.toBe(after);
});

test('the fingerprint of a test that starts processes changes with every file of the product', () => {
  const before = print('internal/a/b.test.ts');
  write('internal/a/a.test.ts', 'export {};\n');
  expect(print('internal/a/b.test.ts')).toBe(before);
  write('internal/a/other.ts', 'export const other = 2;\n');
  expect(print('internal/a/b.test.ts')).not.toBe(before);
});

test('the fingerprint of a test that reads a page changes with pages', () => {
  write('internal/a/c.test.ts', "readFileSync('docs/page.md');\n");
  const before = print('internal/a/c.test.ts');
  write('docs/page.md', '# Page');
  expect(print('internal/a/c.test.ts')).not.toBe(before);
});

test('outcomes are found again by another run, but for a line that was cut short', () => {
  const file = path.join(root, 'cache/outcomes.jsonl');
  const cache = new OutcomeCache(file);
  cache.set('print', '', { failure: null, ms: 5, reached: { one: true, two: false } });
  cache.set('print', 'one', { failure: 'a test', ms: 7 });
  cache.set('print', 'two', { failure: null, ms: 8 });
  fs.truncateSync(file, fs.statSync(file).size - 5);
  const again = new OutcomeCache(file);
  expect(again.get('print', '')?.reached).toEqual({ one: true, two: false });
  expect(again.get('print', 'one')?.failure).toBe('a test');
  expect(again.get('print', 'two')).toBeUndefined();
  expect(again.get('another', 'one')).toBeUndefined();
  again.set('print', 'two', { failure: null, ms: 9 });
  expect(new OutcomeCache(file).get('print', 'two')?.ms).toBe(9);
});
