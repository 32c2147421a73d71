import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { join } from 'node:path';
import { Room } from './room.js';

const MIB = 1024 * 1024;
let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-room-'));
});
afterEach(() => vi.useRealTimers());
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const free = (): number => {
  const { bavail, bsize } = statfsSync(tmpdir());
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

test.skipIf(free() < 4_096 * MIB)('With plenty free the disk is looked at once a second, or when less is left', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const room = new Room();
  // A look at what is not there fails.
  const gone = join(directory, 'gone');
  const looks = (bytes: number): boolean => {
    try {
      expect(room.lacks(gone, bytes, 0)).toBeUndefined();
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOENT' });
      return true;
    }
  };
  expect(looks(0)).toBe(true);
  expect(room.lacks(directory, 0, 0)).toBeUndefined();
  vi.advanceTimersByTime(999);
  expect(looks(0)).toBe(false);
  vi.advanceTimersByTime(1);
  expect(looks(0)).toBe(true);
  expect(room.lacks(directory, 0, 0)).toBeUndefined();
  const most = Math.floor(free() / MIB) * MIB;
  expect(looks(most - 2_048 * MIB)).toBe(false);
  // Plenty is 1 GiB.
  expect(looks(1_536 * MIB)).toBe(true);
});

test('What is free is told in MiB', () => {
  const has = / (\d+) MiB free/.exec(new Room().lacks(directory, 2 ** 50, 1)?.message ?? '')?.[1];
  const now = free() / MIB;
  expect(Math.abs(Number(has) - now)).toBeLessThan(Math.max(now / 2, 1_024));
});
