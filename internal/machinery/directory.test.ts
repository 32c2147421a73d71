import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FatalError } from './assert.js';
import { isThere, makeDirectory } from './directory.js';

const dir = mkdtempSync(join(tmpdir(), 'quorate-directory-'));
afterAll(() => rmSync(dir, { recursive: true }));

test('a directory is made with those above it, and is left alone when it is there', () => {
  const deep = join(dir, 'a', 'b c', 'd');
  makeDirectory(deep, 0o700);
  expect(statSync(deep).mode & 0o777).toBe(0o700);
  makeDirectory(deep);
  expect(statSync(deep).mode & 0o777).toBe(0o700);
});

test('what cannot be is said with the path and the reason', () => {
  writeFileSync(join(dir, 'file'), '');
  expect(() => makeDirectory(join(dir, 'file'))).toThrow(
    /cannot make the directory .*file: there is a file of that name/,
  );
  expect(() => makeDirectory(join(dir, 'file', 'below'))).toThrow(FatalError);
});

// Node's mkdirSync with `recursive` never comes back from this one.
test.skipIf(!existsSync('/proc/self'))('a place where nothing can be made ends with a sentence', () => {
  expect(() => makeDirectory('/proc/quorate/data')).toThrow(/cannot make the directory \/proc\/quorate: /);
});

test('what cannot be looked at is not taken for what is not there', () => {
  expect([isThere(dir), isThere(join(dir, 'none')), isThere(join(import.meta.filename, 'below'))]).toEqual([
    true,
    false,
    false,
  ]);
  // Root may look everywhere, but through no circle.
  symlinkSync('circle', join(dir, 'circle'));
  expect(() => isThere(join(dir, 'circle', 'x'))).toThrow(/^cannot look at .*circle\/x: ELOOP\./);
});
