import { constants, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openLogDirectory } from './files.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'quorate-log-files-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** How this process has a file open: the flags of each of its descriptors, as Linux tells them. */
function flagsOf(path: string): readonly number[] {
  return readdirSync('/proc/self/fd')
    .filter((fd) => linkOf(fd) === path)
    .map((fd) => parseInt(/^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0', 8));
}

function linkOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // The descriptor with which the directory was listed is closed by now.
    return undefined;
  }
}

it('reads back what was written, also in more than one piece, and is as long as was asked for', async () => {
  const file = openLogDirectory(dir).create('log', 1024 * 1024);
  const bytes = Buffer.alloc(600 * 1024, 'quorate');
  await file.write(bytes, 4096);
  await file.sync();
  expect(file.size).toBe(1024 * 1024);
  expect(file.read(4096, bytes.length).equals(bytes)).toBe(true);
  expect(readFileSync(join(dir, 'log')).subarray(0, 4096).equals(Buffer.alloc(4096))).toBe(true);
  file.close();
});

it('writes what was put into its own memory, of which it gives no more than it has', async () => {
  const file = openLogDirectory(dir).create('log', 8192);
  for (const letter of ['a', 'b']) {
    const bytes = file.memory?.(1024)?.fill(letter) ?? Buffer.alloc(1024, letter);
    await file.write(bytes, letter === 'a' ? 0 : 1024);
  }
  expect(file.read(0, 2048).toString()).toBe('a'.repeat(1024) + 'b'.repeat(1024));
  expect(file.memory?.(1024 * 1024)).toBeUndefined();
  file.close();
});

it.skipIf(process.platform !== 'linux')('writes around the page cache only so that each write is synced', async () => {
  const file = openLogDirectory(dir).create('log', 8192);
  await file.write(Buffer.alloc(512, 1), 0);
  const flags = flagsOf(join(dir, 'log'));
  expect(flags.length).toBeGreaterThan(0);
  const { O_DIRECT, O_DSYNC } = constants;
  for (const each of flags) expect((each & O_DIRECT) === 0 || (each & O_DSYNC) !== 0).toBe(true);
  file.close();
  expect(flagsOf(join(dir, 'log'))).toEqual([]);
});

it('files come, get other names and go, in a directory that only its owner sees', async () => {
  const path = join(dir, 'made');
  const directory = openLogDirectory(path);
  expect([statSync(path).mode & 0o777, directory.list()]).toEqual([0o700, []]);
  for (const name of ['a', 'b']) directory.create(name, 4096).close();
  expect(statSync(join(path, 'a')).mode & 0o777).toBe(0o600);
  directory.rename('a', 'c');
  directory.remove('b');
  await directory.sync();
  expect(openLogDirectory(path).list()).toEqual(['c']);
  expect(directory.open('c').size).toBe(4096);
  expect(() => directory.open('a')).toThrow('ENOENT');
  // What is longer stays as it is.
  const longer = directory.create('c', 1024);
  expect(longer.size).toBe(4096);
  longer.close();
});
