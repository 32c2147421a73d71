import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openFilesBelow } from '../open-files.testkit.js';
import { directoriesIn, DirectoryTarget } from './directory.js';

let root = '';
let target: DirectoryTarget;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'quorate-archive-'));
  target = new DirectoryTarget(root, 'c');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function* chunksOf(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}
const failureOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => '',
    (error: Error) => `${error.name}: ${error.message}`,
  );

it('a directory of an archive is made when it is needed, for its owner only, and holds what was put there', async () => {
  expect(await target.list()).toEqual([]);
  expect(statSync(join(root, 'c')).mode & 0o777).toBe(0o700);
  await target.put('x', chunksOf('one ', 'two'));
  expect([await target.list(), (await target.read('x')).toString()]).toEqual([['x'], 'one two']);
  expect([await target.file('x'), target.path('x')]).toEqual([join(root, 'c', 'x'), join(root, 'c', 'x')]);
  expect(statSync(target.path('x')).mode & 0o777).toBe(0o600);
  await target.put('x', chunksOf('three'));
  expect((await target.read('x')).toString()).toBe('three');
  expect(await directoriesIn(root)).toEqual(['c']);
  await target.remove('x');
  await target.remove('x');
  expect([readdirSync(join(root, 'c')), openFilesBelow(root)]).toEqual([[], []]);
});

it('what breaks off amid a file leaves nothing of it, and what was there before', async () => {
  await target.list();
  await target.put('x', chunksOf('before'));
  async function* broken(): AsyncGenerator<Buffer> {
    yield* chunksOf('half');
    throw new Error('no more');
  }
  expect(await failureOf(target.put('x', broken()))).toBe('Error: no more');
  expect([readdirSync(join(root, 'c')), readFileSync(target.path('x'), 'utf8')]).toEqual([['x'], 'before']);
  expect(openFilesBelow(root)).toEqual([]);
});

it('what a writer that was killed left behind is listed to nobody, and removed after a day', async () => {
  await target.list();
  const now = Date.now() / 1_000;
  for (const [name, hours] of [
    ['.part-old', 24.1],
    ['.part-new', 23.9],
    ['old', 1_000],
  ] as const) {
    writeFileSync(target.path(name), '');
    utimesSync(target.path(name), now - hours * 3_600, now - hours * 3_600);
  }
  expect(await target.list()).toEqual(['old']);
  expect(readdirSync(join(root, 'c'))).toEqual(['.part-new', 'old']);
});

it('what cannot be read is told with where it is', async () => {
  await target.list();
  expect(await failureOf(target.read('none'))).toMatch(
    new RegExp(`^FatalError: the archive ${join(root, 'c')} cannot be read: ENOENT.*\\. Try it once more\\.$`),
  );
  const nowhere = join(root, 'nowhere');
  expect(await failureOf(directoriesIn(nowhere))).toMatch(
    new RegExp(`^FatalError: the archive ${nowhere} cannot be read: ENOENT`),
  );
});
