import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
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

test('a file that has not changed for long is still followed, whoever replaces it', async () => {
  const [file, link] = ['old', 'old-link'].map((name) => join(dir, name)) as [string, string];
  const written = (text: string): void => {
    writeFileSync(file, text);
    utimesSync(file, 1_000, 1_000);
  };
  written('1');
  symlinkSync(file, link);
  // Older than what the kernel's clock could confuse; and sixty looks take longer than a test may.
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  const { changed, next } = told();
  const watched = watchFiles([link], [Buffer.from('0')], changed, 400);
  expect(await next()).toBe('1');
  // Of the same length, with the same time.
  written('2');
  expect(await next()).toBe('2');
  writeFileSync(join(dir, 'other'), '3');
  symlinkSync(join(dir, 'other'), join(dir, 'other-link'));
  renameSync(join(dir, 'other-link'), link);
  expect(await next()).toBe('3');
  watched.stop();
}, 20_000);

test.each([
  ['a pipe', (file: string) => void execFileSync('mkfifo', [file])],
  ['a directory', (file: string) => mkdirSync(file)],
  ['a device without end', (file: string) => symlinkSync('/dev/zero', file)],
  ['a file of 100 MB', (file: string) => writeFileSync(file, Buffer.alloc(100_000_000))],
])('%s in the place of a file changes nothing, and the file is followed when it is back', async (_, put) => {
  const file = join(dir, 'replaced');
  rmSync(file, { recursive: true, force: true });
  writeFileSync(file, '1');
  const { changed, next } = told();
  const watched = watchFiles([file], [Buffer.from('0')], changed, 5);
  expect(await next()).toBe('1');
  rmSync(file);
  put(file);
  await new Promise((resolve) => setTimeout(resolve, 100));
  rmSync(file, { recursive: true });
  writeFileSync(file, '2');
  expect(await next()).toBe('2');
  watched.stop();
});
