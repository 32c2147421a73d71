import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openReplica, type Replica } from './index.js';

const MIB = 1024 * 1024;
let directory = '';
let mounted = false;
let replica: Replica | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-space-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=220m', 'tmpfs', directory], { stdio: 'ignore' });
    mounted = true;
  } catch {
    mounted = false; // Not allowed here: the tests say that they are skipped.
  }
});
afterEach(async () => {
  await replica?.close();
  replica = undefined;
  if (mounted) execFileSync('umount', [directory]);
  rmSync(directory, { recursive: true, force: true });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('a small disk', () => {
  it('refuses writes before it is full, takes deletes, survives being filled, and heals', async ({ skip }) => {
    if (!mounted) skip('mounting a tmpfs is not allowed here');
    const open = (): Promise<Replica> => openReplica({ name: 'a', dataDir: join(directory, 'data') });
    replica = await open();
    await replica.ready();
    const { backend } = replica;
    const put = (key: string) =>
      backend.txn({
        compares: [],
        ops: [{ type: 'put', key, value: Buffer.alloc(100_000, key), revisionAt: -1 }],
      });
    await put('a/1');
    const reserve = join(directory, 'data', 'reserve');
    await until(() => existsSync(reserve) && statSync(reserve).size === 32 * MIB);
    // Someone else fills the disk to the last byte, while writes go on.
    const filler = join(directory, 'filler');
    let written = 0;
    const load = (async () => {
      try {
        for (; ; written++) await put(`b/${written}`);
      } catch (error) {
        return String(error);
      }
    })();
    try {
      for (let size = 0; size < 200; size += 4) writeFileSync(filler, Buffer.alloc(4 * MIB, 1), { flag: 'a' });
    } catch (error) {
      expect(String(error)).toContain('ENOSPC');
    }
    expect(await load).toContain('only deletes are taken');
    expect(replica.status().diskLow).toBe(true);
    expect(backend.get('a/1')?.value).toHaveLength(100_000);
    await backend.txn({ compares: [], ops: [{ type: 'delete', key: 'a/1' }] });
    expect(backend.get('a/1')).toBeUndefined();
    rmSync(filler);
    await until(() => replica?.status().diskLow === false);
    await put('a/2');
    await replica.close();
    replica = await open();
    await replica.ready();
    expect(replica.backend.count('b/', 'b0')).toBe(written);
    expect(replica.backend.get('a/2')).toBeDefined();
  });
});
