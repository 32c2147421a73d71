import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { watchFiles } from './watched-files.js';

const dir = mkdtempSync(join(tmpdir(), 'quorate-watched-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** What is told, one after the other. */
function told() {
  const waiting: ((text: string) => void)[] = [];
  const texts: string[] = [];
  return {
    changed: (contents: readonly Buffer[]): void => {
      const text = contents.map(String).join('+');
      const next = waiting.shift();
      if (next === undefined) texts.push(text);
      else next(text);
    },
    next: (): Promise<string> => {
      const text = texts.shift();
      return text === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(text);
    },
  };
}

test('a change of any of the files is told with all of them, however they were replaced', async () => {
  const [a, b, real] = ['a', 'b', 'real'].map((name) => join(dir, name)) as [string, string, string];
  writeFileSync(a, 'a1');
  writeFileSync(real, 'b1');
  symlinkSync(real, b);
  const { changed, next } = told();
  // It was read when it was still another.
  const watched = watchFiles([a, b], [Buffer.from('a0'), Buffer.from('b1')], changed, 10);
  expect(await next()).toBe('a1+b1');
  writeFileSync(join(dir, 'new'), 'b2');
  symlinkSync(join(dir, 'new'), join(dir, 'link'));
  renameSync(join(dir, 'link'), b);
  expect(await next()).toBe('a1+b2');
  rmSync(a);
  renameSync(b, join(dir, 'gone'));
  writeFileSync(b, 'b3');
  writeFileSync(a, 'a3');
  expect(await next()).toMatch(/^a3\+b3$/);
  watched.stop();
});
