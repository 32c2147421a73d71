import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { MAX_FILE_BYTES, readBounded } from './bounded-file.js';

const dir = mkdtempSync(join(tmpdir(), 'quorate-bounded-'));
afterAll(() => rmSync(dir, { recursive: true }));
const at = (name: string): string => join(dir, name);

test('a file is read whole, through links too, up to its bound', () => {
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251));
  writeFileSync(at('file'), bytes);
  symlinkSync(at('file'), at('link'));
  expect(readBounded(at('link')).equals(bytes)).toBe(true);
  expect(readBounded(at('file'), 200_000).equals(bytes)).toBe(true);
  expect(() => readBounded(at('file'), 199_999)).toThrow(`${at('file')} has more than 199999 bytes`);
  writeFileSync(at('large'), Buffer.alloc(MAX_FILE_BYTES + 1));
  expect(() => readBounded(at('large'))).toThrow('has more than 1048576 bytes');
  // It tells no size.
  expect(readBounded('/proc/self/cmdline').length).toBeGreaterThan(0);
});

test('nothing else is read, and nothing is waited for', () => {
  execFileSync('mkfifo', [at('pipe')]);
  for (const path of [at('pipe'), '/dev/zero', dir]) {
    expect(() => readBounded(path)).toThrow(`${path} is no regular file`);
  }
  expect(() => readBounded(at('gone'))).toThrow(expect.objectContaining({ code: 'ENOENT' }) as Error);
});
