import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { lockDirectory } from './lock.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('keeps a second replica out until it is released', () => {
  const lock = lockDirectory(directory);
  expect(() => lockDirectory(directory)).toThrow(FatalError);
  expect(() => lockDirectory(directory)).toThrow(`in use by process ${process.pid}`);
  lock.release();
  lockDirectory(directory).release();
});

it.each([
  ['a process that is gone', '999999999 1 x'],
  ['a process id in use again by another', `${process.pid} 1 x`],
  ['a torn file', ''],
])('takes over the lock of %s', (_what, content) => {
  writeFileSync(join(directory, 'lock'), content);
  const lock = lockDirectory(directory);
  expect(() => lockDirectory(directory)).toThrow('in use');
  lock.release();
});
