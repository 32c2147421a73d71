import { constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLogDirectory } from './files.js';

/** What the operating system answers. */
const system = vi.hoisted(() => ({
  /** Where direct writes are refused, and how. */
  direct: 'taken' as 'taken' | 'EINVAL at open' | 'EACCES at open' | 'EINVAL at write',
  /** Bytes that the next write leaves out. */
  short: 0,
  syncFails: false,
  syncs: 0,
  positions: [] as number[],
}));
vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  const refused = (code: string) => Object.assign(new Error(code), { code });
  const direct = new Set<number>();
  type Done = (error: Error | null, written: number) => void;
  return {
    ...real,
    openSync: (path: string, flags: number | string, mode?: number): number => {
      const isDirect = typeof flags === 'number' && (flags & real.constants.O_DIRECT) !== 0;
      if (isDirect && system.direct.endsWith('at open')) throw refused(system.direct.slice(0, 6).trim());
      const fd = real.openSync(path, isDirect ? flags & ~real.constants.O_DIRECT : flags, mode);
      if (isDirect) direct.add(fd);
      return fd;
    },
    write: (fd: number, source: Buffer, from: number, length: number, position: number, done: Done): void => {
      if (direct.has(fd) && system.direct === 'EINVAL at write') {
        done(refused('EINVAL'), 0);
        return;
      }
      system.positions.push(position);
      const { short } = system;
      system.short = 0;
      real.write(fd, source, from, length - short, position, done);
    },
    fdatasync: (fd: number, done: (error: Error | null) => void): void => {
      system.syncs += 1;
      if (system.syncFails) done(new Error('EIO'));
      else real.fdatasync(fd, done);
    },
  };
});

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'quorate-log-plain-'));
  Object.assign(system, { direct: 'taken', short: 0, syncFails: false, syncs: 0, positions: [] });
});
afterEach(() => rmSync(dir, { recursive: true }));

describe.skipIf((constants as { O_DIRECT?: number }).O_DIRECT === undefined)('a file of the log', () => {
  it.each([['EINVAL at open'], ['EINVAL at write']] as const)(
    'is synced after each write where direct writes are refused: %s',
    async (refusal) => {
      system.direct = refusal;
      const file = openLogDirectory(dir).create('log', 8192);
      // Its length is not on the disk yet.
      await file.sync();
      expect(system.syncs).toBe(1);
      await file.write(Buffer.alloc(1024, 'a'), 0);
      await file.sync();
      expect(system.syncs).toBe(2);
      await file.sync();
      expect(system.syncs).toBe(2);
      await file.write(Buffer.alloc(512, 'b'), 1024);
      await file.sync();
      expect(system.syncs).toBe(3);
      expect(file.read(0, 1536).toString()).toBe('a'.repeat(1024) + 'b'.repeat(512));
      expect(file.memory?.(512)).toBeUndefined();
      file.close();
    },
  );

  it('needs no sync for what was written directly, but for its length', async () => {
    const file = openLogDirectory(dir).create('log', 8192);
    await file.write(Buffer.alloc(512, 'a'), 0);
    await file.sync();
    await file.write(Buffer.alloc(512, 'b'), 512);
    await file.sync();
    expect(system.syncs).toBe(1);
    file.close();
  });

  it('is synced anew after a sync that failed', async () => {
    const file = openLogDirectory(dir).create('log', 8192);
    system.syncFails = true;
    await expect(file.sync()).rejects.toThrow('EIO');
    system.syncFails = false;
    await file.sync();
    expect(system.syncs).toBe(2);
    file.close();
  });

  it('is written on, from a whole sector, where a write was cut short', async () => {
    const file = openLogDirectory(dir).create('log', 8192);
    system.short = 700;
    await file.write(Buffer.from('ab'.repeat(1024)), 512);
    expect(system.positions).toEqual([512, 512 + 1024]);
    expect(file.read(512, 2048).toString()).toBe('ab'.repeat(1024));
    system.direct = 'EINVAL at open';
    const plain = openLogDirectory(dir).create('plain', 8192);
    system.short = 700;
    await plain.write(Buffer.from('cd'.repeat(1024)), 0);
    expect(system.positions.slice(2)).toEqual([0, 1024]);
    expect(plain.read(0, 2048).toString()).toBe('cd'.repeat(1024));
    file.close();
    plain.close();
  });

  it('is not written where it cannot be opened for that', async () => {
    system.direct = 'EACCES at open';
    const file = openLogDirectory(dir).create('log', 8192);
    await expect((async () => file.write(Buffer.alloc(512), 0))()).rejects.toThrow('EACCES');
    file.close();
  });
});
