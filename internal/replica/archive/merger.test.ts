import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { FatalError } from '../../machinery/assert.js';
import { startCluster, type TestCluster } from '../../testing/cluster.js';
import { until } from '../../testing/until.js';
import { openReplica } from '../index.js';
import { DirectoryTarget } from './directory.js';
import { decodeLogPiece, encodeLogPiece, type TimedEntry } from './log-piece.js';
import { Merger } from './merger.js';
import { listingOf, logName } from './names.js';
import { clusterDirectory } from './place.js';
import { covered } from './plan.js';
import { restoreArchive, verifyArchive } from './restore.js';

const dir = mkdtempSync(join(tmpdir(), 'quorate-merger-'));
let cluster: TestCluster | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await cluster?.close();
  cluster = undefined;
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const piece = (first: number, last: number): string => logName({ first, last, revision: last, timeMs: last });

/** Writes a piece with entries of so many bytes, and notes it. */
async function write(target: DirectoryTarget, merger: Merger, first: number, last: number, size = 10): Promise<void> {
  const entries: TimedEntry[] = [];
  for (let index = first; index <= last; index++)
    entries.push({ timeMs: index, entry: { index, term: 1, type: 'normal', data: Buffer.alloc(size, index) } });
  const header = { version: 1, cluster: 7, first, last, revision: last, changes: 'c', member: 'r1' } as const;
  const bytes = encodeLogPiece(header, entries);
  await target.put(
    piece(first, last),
    (async function* () {
      yield bytes;
    })(),
  );
  merger.note({ name: piece(first, last), first, last, bytes: bytes.length });
}

it('pieces that lie one behind the other become one; a hole, 4 MiB and another leader end a run', async () => {
  const target = new DirectoryTarget(dir, 'runs');
  await target.list();
  const merger = new Merger(target, { pieces: 3, keptMs: 0 });
  for (const at of [1, 3, 5]) await write(target, merger, at, at + 1);
  await merger.merge();
  expect(await target.list()).toEqual([piece(1, 6)]);
  // A hole: nothing behind it is merged with what is before it.
  for (const at of [7, 8, 10, 11]) await write(target, merger, at, at);
  await merger.merge();
  expect(await target.list()).toEqual([piece(1, 6), piece(7, 8), piece(10, 10), piece(11, 11)]);
  // Together they would be too large.
  await write(target, merger, 12, 12, 5 * 1024 * 1024);
  await merger.merge();
  expect((await target.list()).slice(2)).toEqual([piece(10, 11), piece(12, 12)]);
  await write(target, merger, 13, 13);
  merger.reset();
  for (const at of [14, 15]) await write(target, merger, at, at);
  await merger.merge();
  expect((await target.list()).slice(-3)).toEqual([piece(13, 13), piece(14, 14), piece(15, 15)]);
});

it('a piece that is damaged stays as it is, and nothing is removed for it', async () => {
  const target = new DirectoryTarget(dir, 'damaged');
  await target.list();
  const merger = new Merger(target, { pieces: 2, keptMs: 0 });
  for (const at of [1, 2]) await write(target, merger, at, at);
  const bytes = readFileSync(target.path(piece(1, 1)));
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(target.path(piece(1, 1)), bytes);
  await expect(merger.merge()).rejects.toThrow(/checksum does not match/);
  expect(await target.list()).toEqual([piece(1, 1), piece(2, 2)]);
});

it('only what is in a wider piece as well is removed, and not before a restore that has listed it has read it', async () => {
  const logs = listingOf([piece(1, 2), piece(1, 6), piece(3, 6), piece(5, 9), piece(7, 9), piece(10, 10)]).logs;
  expect(covered(logs)).toEqual([piece(1, 2), piece(3, 6), piece(7, 9)]);
  const target = new DirectoryTarget(dir, 'kept');
  await target.list();
  const merger = new Merger(target, { pieces: 2, keptMs: 60_000 });
  for (const at of [1, 2, 3, 4]) await write(target, merger, at, at);
  await merger.merge();
  expect([...(await target.list())].sort()).toEqual(
    [piece(1, 1), piece(1, 2), piece(2, 2), piece(3, 3), piece(3, 4), piece(4, 4)].sort(),
  );
});

it('a merged piece holds all entries, under the head of the last; what it holds goes when it was kept long enough', async () => {
  const target = new DirectoryTarget(dir, 'later');
  await target.list();
  const merger = new Merger(target, { pieces: 2, keptMs: 60_000 });
  const now = performance.now.bind(performance);
  let later = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now() + later);
  await write(target, merger, 1, 2);
  expect(await merger.merge()).toBe(0);
  await write(target, merger, 3, 3);
  const written = await merger.merge();
  const bytes = await target.read(piece(1, 3));
  expect(written).toBe(bytes.length);
  const { header, entries } = decodeLogPiece(bytes, 'merged');
  expect(header).toEqual({ version: 1, cluster: 7, first: 1, last: 3, revision: 3, changes: 'c', member: 'r1' });
  expect(entries.map(({ timeMs, entry }) => [timeMs, entry.index, entry.data[0]])).toEqual(
    [1, 2, 3].map((i) => [i, i, i]),
  );
  const more = async (first: number): Promise<number> => {
    for (const at of [first, first + 1]) await write(target, merger, at, at);
    await merger.merge();
    return (await target.list()).length;
  };
  later = 59_000;
  expect(await more(4)).toBe(6);
  later = 61_000;
  // The first two go, and what was merged a moment ago stays.
  expect(await more(6)).toBe(7);
  expect(await target.list()).not.toContain(piece(1, 2));
});

it('a piece that is another than its name says, or of another cluster, is merged with nothing', async () => {
  const target = new DirectoryTarget(dir, 'others');
  await target.list();
  for (const other of [{ first: 3, last: 3 }, { cluster: 8 }]) {
    const merger = new Merger(target, { pieces: 2, keptMs: 0 });
    for (const at of [1, 2]) await write(target, merger, at, at);
    const { header, entries } = decodeLogPiece(await target.read(piece(2, 2)), 'second');
    writeFileSync(target.path(piece(2, 2)), encodeLogPiece({ ...header, ...other }, entries));
    await expect(merger.merge()).rejects.toThrow(
      new FatalError(`the archived log ${piece(2, 2)} is another than its name says`),
    );
    expect(await target.list()).toEqual([piece(1, 1), piece(2, 2)]);
  }
});

it('an archive of merged pieces and others is restored to every revision, also while a restart was between them', async () => {
  const root = join(dir, 'archive');
  let id = 0;
  cluster = await startCluster({
    config: {
      archive: {
        target: (of) => new DirectoryTarget(root, clusterDirectory((id = of))),
        intervalMs: 1,
        baseIntervalMs: 600_000,
        retentionMs: 0,
        merging: { pieces: 3, keptMs: 0 },
      },
    },
  });
  const running = cluster;
  const target = new DirectoryTarget(root, clusterDirectory(id));
  await target.list();
  const written: number[] = [];
  const put = async (): Promise<void> => {
    const key = `k/${String(written.length).padStart(3, '0')}`;
    const op = { type: 'put', key, value: Buffer.from(key), revisionAt: -1 } as const;
    written.push((await running.replica(0).backend.txn({ compares: [], ops: [op] })).revision);
  };
  const logs = (): ReturnType<typeof listingOf>['logs'] => listingOf(readdirSync(target.path(''))).logs;
  const isArchived = (): boolean => logs().some((log) => log.revision >= (written.at(-1) ?? 0));
  /** Those that no single look can have written: two writes are waited for each time. */
  const merged = (): number => logs().filter((log) => log.last - log.first >= 4).length;
  await until(() => listingOf(readdirSync(target.path(''))).bases.length > 0);
  for (const wanted of [1, 2]) {
    while (merged() < wanted) {
      await put();
      await put();
      await until(isArchived);
    }
    await put();
    await running.stop(0);
    await (await running.start(0)).ready();
  }
  await put();
  await until(isArchived);
  expect(covered(logs())).toEqual([]);
  const last = written.at(-1) ?? 0;
  expect(await verifyArchive(target, {}, mkdtempSync(join(dir, 'verify-')), () => undefined)).toBe(last);
  for (const [i, revision] of written.entries()) {
    const dataDir = join(dir, `restored-${i}`);
    const place = { dataDir, name: 'r0', address: '127.0.0.1:2380', bumpRevision: 1_000 };
    await restoreArchive(target, { revision }, place, mkdtempSync(join(dir, 'scratch-')), () => undefined);
    const replica = await openReplica({ name: 'r0', dataDir });
    await replica.ready();
    const { items } = replica.backend.range({ start: 'k/', end: 'k0' });
    await replica.close();
    expect(items.length, `at revision ${revision}`).toBe(i + 1);
  }
}, 120_000);
