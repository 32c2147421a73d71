import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { until } from '../testing/until.js';
import { LogStore } from './log.js';

const MIB = 1024 * 1024;
/** How much is free, as the operating system says. */
const disk = vi.hoisted(() => ({ freeMiB: 1_000 }));
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  statfsSync: () => ({ bavail: disk.freeMiB * 256, bsize: 4096 }),
}));

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-log-room-'));
  disk.freeMiB = 1_000;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('what does not fit on the disk waits until it does, with 8 MiB beside it, and is told of', async () => {
  const told: string[] = [];
  const conf = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
  const log = await LogStore.open({
    path: join(directory, 'wal'),
    stateMeta: () => ({ index: 0, term: 0, confState: conf }),
    onDiskFull: (error) => told.push(error?.message ?? 'it goes on'),
  });
  const append = (index: number): Promise<void> => {
    // The log looks again only after a second, or where little was free.
    const data = Buffer.alloc(2 * MIB, 'x');
    return log.append(
      [index, index + 1].map((each) => ({ index: each, term: 1, type: 'normal' as const, data })),
      undefined,
    );
  };
  disk.freeMiB = 12;
  await append(1);
  expect(told).toEqual([]);
  disk.freeMiB = 11;
  const waiting = append(3);
  await until(() => told.length === 1);
  expect(told).toEqual(['ENOSPC: 11 MiB free, 12 needed']);
  expect(log.lastIndex()).toBe(4);
  disk.freeMiB = 12;
  await waiting;
  expect(told.at(-1)).toBe('it goes on');
  await log.close();
});
