import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { join } from 'node:path';
import { Room } from './room.js';

const MIB = 1024 * 1024;
let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-room-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const free = (): number => {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
};

test('What fits is let through, what does not is told with both numbers', () => {
  expect(new Room().lacks(directory, 0, 1)).toBeUndefined();
  const bytes = 2 ** 50;
  const error = new Room().lacks(directory, bytes, 1);
  expect(error?.message).toMatch(/^ENOSPC: \d+ MiB free, 1073741833 needed$/);
});

test('Room is wanted for the pages above the rows and for others who write, up to a bound', () => {
  const needs = (bytes: number, rows: number): string | undefined =>
    / (\d+) needed/.exec(new Room().lacks(directory, bytes, rows)?.message ?? '')?.[1];
  const large = 2 ** 50;
  expect(needs(large, 0)).toBe(String(large / MIB + 8));
  expect(needs(large, 128)).toBe(String(large / MIB + 9));
  expect(needs(large, 1_000_000)).toBe(String(large / MIB + 24));
});

test('What was let through counts as written until the disk is looked at again', () => {
  const room = new Room();
  const half = Math.floor(free() * 0.6);
  expect(room.lacks(directory, half, 1)).toBeUndefined();
  // Nothing was written: the next look finds all of it free again.
  expect(room.lacks(directory, half, 1)).toBeUndefined();
  expect(room.lacks(directory, Math.floor(free() * 1.5), 1)?.message).toMatch(/^ENOSPC/);
});
