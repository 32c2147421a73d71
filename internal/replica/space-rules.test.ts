import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { until } from '../testing/until.js';
import { RESERVE, SpaceGuard } from './space.js';

const MIB = 1024 * 1024;
/** How much is free, as the operating system says; space.test.ts fills real disks. */
const disk = vi.hoisted(() => ({ freeMiB: 1_000, failure: undefined as Error | undefined }));
vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof import('node:fs/promises')>()),
  statfs: () =>
    disk.failure === undefined
      ? Promise.resolve({ bavail: disk.freeMiB * 256, bsize: 4096 })
      : Promise.reject(disk.failure),
}));

let dataDir = '';
let said: string[] = [];
let guard: SpaceGuard;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'quorate-space-'));
  said = [];
  Object.assign(disk, { freeMiB: 1_000, failure: undefined });
  guard = new SpaceGuard({ dataDir, say: (level, text) => void said.push(`${level}: ${text}`) });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  guard.stop();
  rmSync(dataDir, { recursive: true, force: true });
});
const reserve = (): string => join(dataDir, RESERVE);
const check = async (times: number): Promise<void> => {
  for (let i = 0; i < times; i++) await guard.check();
};

describe('the space on a disk', () => {
  it('is low below 64 MiB, which is told once, as well as that it is not any more', async () => {
    expect(guard.low).toBe(false);
    await check(1);
    expect([guard.low, said]).toEqual([false, []]);
    disk.freeMiB = 64;
    await check(1);
    expect(guard.low).toBe(false);
    disk.freeMiB = 63.5;
    await check(2);
    expect([guard.low, said]).toEqual([
      true,
      [`error: the disk under ${dataDir} has 63 MiB left: only deletes are taken until space is made on it`],
    ]);
    disk.freeMiB = 64;
    await check(2);
    expect([guard.low, said.slice(1)]).toEqual([
      false,
      [`info: the disk under ${dataDir} has 64 MiB free again: writes are taken`],
    ]);
  });

  it('is told of no more after the end', async () => {
    disk.freeMiB = 1;
    const checking = guard.check();
    guard.stop();
    await checking;
    await check(10);
    expect([guard.low, said, existsSync(reserve())]).toEqual([false, [], false]);
  });
});

describe('space that is held back', () => {
  it('is 32 MiB, from the fifth look on, where so much is free beside the 64', async () => {
    await check(4);
    expect(existsSync(reserve())).toBe(false);
    disk.freeMiB = 95.5;
    await check(2);
    expect(existsSync(reserve())).toBe(false);
    disk.freeMiB = 96;
    await check(1);
    await until(() => existsSync(reserve()) && statSync(reserve()).size === 32 * MIB);
    expect(statSync(reserve()).mode & 0o777).toBe(0o600);
    // It is there: nothing is written anew.
    const { mtimeMs } = statSync(reserve());
    await check(3);
    expect([statSync(reserve()).mtimeMs, said]).toEqual([mtimeMs, []]);
  });

  it('is given up when a write finds the disk full, which is told every half minute', async () => {
    // Time goes on only as this says, however slow the machine is.
    const begun = performance.now();
    let offset = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => begun + offset);
    await check(5);
    await until(() => existsSync(reserve()) && statSync(reserve()).size === 32 * MIB);
    disk.freeMiB = 33;
    const full = 'error: the disk is full (ENOSPC); writes wait until space is made on it';
    guard.onDiskFull(new Error('ENOSPC'));
    expect([existsSync(reserve()), said]).toEqual([false, [full]]);
    await until(() => guard.low);
    offset = 29_000;
    guard.onDiskFull(new Error('ENOSPC'));
    expect(said.filter((text) => text === full)).toHaveLength(1);
    offset = 31_000;
    guard.onDiskFull(new Error('ENOSPC'));
    expect(said.filter((text) => text === full)).toHaveLength(2);
    guard.onDiskFull(undefined);
    expect(said.at(-1)).toBe('info: the disk takes writes again');
  });

  it('is not made where it cannot be: that is told, and tried again', async () => {
    rmSync(dataDir, { recursive: true });
    await check(5);
    await until(() => said.length === 1);
    expect(said[0]).toMatch(/^warn: cannot hold space back in .*reserve: Error: ENOENT/);
    mkdirSync(dataDir);
    await check(1);
    await until(() => existsSync(reserve()) && statSync(reserve()).size === 32 * MIB);
  });

  it('is settled when the program that has the file open has ended', async () => {
    const bin = join(dataDir, 'bin');
    mkdirSync(bin);
    const [go, gone] = [join(dataDir, 'go'), join(dataDir, 'gone')];
    const script = `#!/bin/sh\nwhile [ ! -e '${go}' ]; do :; done\n: > '${gone}'\n`;
    writeFileSync(join(bin, 'fallocate'), script, { mode: 0o700 });
    vi.stubEnv('PATH', `${bin}:${process.env['PATH']}`);
    await check(5);
    guard.stop();
    const settled = guard.settled().then(() => existsSync(gone));
    writeFileSync(go, '');
    expect(await settled).toBe(true);
    await guard.settled();
  });

  it('that was given up is told of where nobody can tell how much is left', async () => {
    disk.failure = new Error('EIO');
    guard.onDiskFull(new Error('ENOSPC'));
    await until(() => said.length === 2);
    expect(said[1]).toBe('warn: cannot see how much space is left: Error: EIO');
  });
});
