import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { openReplica, type Replica } from './index.js';
import { SpaceGuard } from './space.js';

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

/** Leaves so much space on the small disk. */
function fill(leftBytes: number, name = 'filler'): void {
  const { bavail, bsize } = statfsSync(directory);
  writeFileSync(join(directory, name), Buffer.alloc(Math.max(0, bavail * bsize - leftBytes), 1), { flag: 'a' });
}

describe('a small disk', () => {
  it('refuses writes before it is full, takes deletes, survives being filled, and heals', { timeout: 90_000 }, async ({
    skip,
  }) => {
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
    // As a finalizer that lets go, or a grace period that begins.
    const mark = { type: 'put', key: 'a/1', value: Buffer.from('leaving'), revisionAt: -1 } as const;
    await backend.txn({ compares: [], ops: [mark], deletes: true });
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

  it('is looked at again as soon as it takes writes', async ({ skip }) => {
    if (!mounted) skip('mounting a tmpfs is not allowed here');
    const said: string[] = [];
    const guard = new SpaceGuard({ dataDir: directory, say: (_, text) => void said.push(text) });
    fill(MIB);
    await guard.check();
    expect(guard.low).toBe(true);
    rmSync(join(directory, 'filler'));
    // Nobody calls `check` here.
    guard.onDiskFull(undefined);
    await until(() => !guard.low);
    expect(said.at(-2)).toBe('the disk takes writes again');
    expect(said.at(-1)).toMatch(/ MiB free again: writes are taken$/);
    guard.stop();
  });

  it('filled to the last byte under a follower stops that one only, until there is space', { timeout: 90_000 }, async ({
    skip,
  }) => {
    if (!mounted) skip('mounting a tmpfs is not allowed here');
    const roomy = mkdtempSync(join(tmpdir(), 'quorate-space-'));
    const ports = await freePorts(3);
    const initialCluster = ports.map((port, i) => ({ name: `r${i}`, address: `127.0.0.1:${port}` }));
    const said: string[] = [];
    const replicas = await Promise.all(
      initialCluster.map(({ name, address }, i) =>
        openReplica({
          name,
          dataDir: join(i === 0 ? directory : roomy, name),
          peerListen: address,
          initialCluster,
          unsafeNoPeerTls: true,
          log: (level, text) => void (i === 0 && level !== 'debug' && said.push(text)),
        }),
      ),
    );
    try {
      await Promise.all(replicas.map((r) => r.ready()));
      const [small, other] = replicas as [Replica, Replica, Replica];
      const filler = join(directory, 'filler');
      expect(() => writeFileSync(filler, Buffer.alloc(300 * MIB, 1))).toThrow('ENOSPC');
      const put = (i: number) =>
        other.backend.txn({
          compares: [],
          ops: [{ type: 'put', key: `b/${i}`, value: Buffer.alloc(100_000, i), revisionAt: -1 }],
        });
      for (let i = 0; i < 100; i++) await put(i);
      await until(() => said.some((text) => text.startsWith('the disk is full')));
      rmSync(filler);
      await small.backend.readBarrier(30_000);
      expect(small.backend.count('b/', 'b0')).toBe(100);
    } finally {
      await Promise.all(replicas.map((r) => r.close()));
      rmSync(roomy, { recursive: true, force: true });
    }
  });

  it('of all of them moves no leader about, and reads and deletes go on', { timeout: 90_000 }, async ({ skip }) => {
    if (!mounted) skip('mounting a tmpfs is not allowed here');
    const ports = await freePorts(3);
    const initialCluster = ports.map((port, i) => ({ name: `r${i}`, address: `127.0.0.1:${port}` }));
    const replicas = await Promise.all(
      initialCluster.map(({ name, address }) =>
        openReplica({
          name,
          dataDir: join(directory, name),
          peerListen: address,
          initialCluster,
          unsafeNoPeerTls: true,
        }),
      ),
    );
    try {
      await Promise.all(replicas.map((r) => r.ready()));
      const [first] = replicas as [Replica, Replica, Replica];
      await first.backend.txn({
        compares: [],
        ops: [{ type: 'put', key: 'a/1', value: Buffer.from('v'), revisionAt: -1 }],
      });
      const reserves = initialCluster.map(({ name }) => join(directory, name, 'reserve'));
      await until(() => reserves.every((file) => existsSync(file) && statSync(file).size === 32 * MIB));
      fill(40 * MIB);
      await until(() => replicas.every((r) => r.status().diskLow));
      await first.backend.readBarrier();
      await first.backend.txn({ compares: [], ops: [{ type: 'delete', key: 'a/1' }] });
      expect(replicas.map((r) => r.status().handOvers)).toEqual([0, 0, 0]);
    } finally {
      await Promise.all(replicas.map((r) => r.close()));
    }
  });

  it('that is full to the last byte is started on with what was held back, and takes deletes', {
    timeout: 90_000,
  }, async ({ skip }) => {
    if (!mounted) skip('mounting a tmpfs is not allowed here');
    const dataDir = join(directory, 'data');
    replica = await openReplica({ name: 'a', dataDir });
    await replica.ready();
    await replica.backend.txn({
      compares: [],
      ops: [{ type: 'put', key: 'a/1', value: Buffer.from('v'), revisionAt: -1 }],
    });
    await until(() => existsSync(join(dataDir, 'reserve')) && statSync(join(dataDir, 'reserve')).size === 32 * MIB);
    await replica.close();
    replica = undefined;
    fill(0);
    replica = await openReplica({ name: 'a', dataDir });
    await replica.ready();
    const answer = await replica.backend.txn({ compares: [], ops: [{ type: 'delete', key: 'a/1' }] });
    expect(answer.succeeded).toBe(true);
    await replica.close();
    replica = undefined;
    fill(0, 'more');
    await expect(openReplica({ name: 'a', dataDir })).rejects.toThrow('no space left on device, write. Make room');
    expect(readdirSync(dataDir).filter((name) => name.startsWith('lock.'))).toEqual([]);
  });

  it('of the leader makes it hand over, and writes go on through the others', { timeout: 90_000 }, async ({ skip }) => {
    if (!mounted) skip('mounting a tmpfs is not allowed here');
    const roomy = mkdtempSync(join(tmpdir(), 'quorate-space-'));
    const ports = await freePorts(3);
    const initialCluster = ports.map((port, i) => ({ name: `r${i}`, address: `127.0.0.1:${port}` }));
    const replicas = await Promise.all(
      initialCluster.map(({ name, address }, i) =>
        openReplica({
          name,
          dataDir: join(i === 0 ? directory : roomy, name),
          peerListen: address,
          initialCluster,
          unsafeNoPeerTls: true,
        }),
      ),
    );
    try {
      await Promise.all(replicas.map((r) => r.ready()));
      const [small, other] = replicas as [Replica, Replica, Replica];
      await until(() => {
        if (small.status().role === 'leader') return true;
        if (small.status().leader !== 0) small.transferLeader('r0');
        return false;
      });
      // Also where the reserve of 32 MiB is being written just now.
      fill(50 * MIB);
      // What the replica itself gives back meanwhile is taken, too.
      await until(() => small.status().leader !== 0 && small.status().role === 'follower', {
        meanwhile: () => fill(50 * MIB),
      });
      await until(() => small.status().handOvers > 0);
      expect(small.status().diskLow).toBe(true);
      const put = (replica: Replica, key: string) =>
        replica.backend.txn({ compares: [], ops: [{ type: 'put', key, value: Buffer.from('v'), revisionAt: -1 }] });
      await put(other, 'a/1');
      await expect(put(small, 'a/2')).rejects.toThrow('only deletes are taken');
    } finally {
      await Promise.all(replicas.map((r) => r.close()));
      rmSync(roomy, { recursive: true, force: true });
    }
  });
});
