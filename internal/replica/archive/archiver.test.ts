import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { until } from '../../testing/until.js';
import { backupOf } from '../backup.js';
import type { Identity } from '../identity.js';
import { LoneLeader, messageOf } from '../leader.testkit.js';
import { AppendTimes } from './append-times.js';
import { Archiver } from './archiver.js';
import { DirectoryTarget } from './directory.js';
import { baseName, listingOf, logName } from './names.js';
import { archiveSource } from './source.js';
import type { ArchiveOptions } from './target.js';

let bench: LoneLeader;
let archiver: Archiver | undefined;
let offset = 0;
let releases = 0;
let times: AppendTimes;
const said: string[] = [];
const realNow = Date.now.bind(Date);

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  offset = 0;
  releases = 0;
  said.length = 0;
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + offset);
  vi.spyOn(Date, 'now').mockImplementation(() => realNow() + offset);
  bench = await LoneLeader.open();
  await bench.lead();
});
afterEach(async () => {
  await archiver?.stop();
  vi.useRealTimers();
  vi.restoreAllMocks();
  await bench.close();
});

/** A directory that cannot be written for a while. */
class AwayTarget extends DirectoryTarget {
  isAway = true;
  override put(name: string, bytes: AsyncIterable<Buffer>): Promise<void> {
    return this.isAway ? Promise.reject(new Error('the store is away')) : super.put(name, bytes);
  }
}

const root = (): string => join(bench.directory, 'archive');
const files = () => listingOf(readdirSync(join(root(), 'c')));
const extent = (): string[] => {
  const { bases, logs } = files();
  return [...bases.map(({ index }) => `base ${index}`), ...logs.map(({ first, last }) => `${first}-${last}`)];
};

function open(more: Partial<ArchiveOptions> = {}, target = new DirectoryTarget(root(), 'c')): Archiver {
  const { driver, log, state } = bench;
  times = new AppendTimes(log.lastIndex());
  const identity = { cluster: 7, id: 1, name: 'a' } as Identity;
  const source = archiveSource({
    member: 'a',
    cluster: 7,
    driver,
    log,
    state,
    times,
    backup: async () => {
      const backup = await backupOf(state, identity, false);
      return { ...backup, release: () => void (backup.release(), releases++) };
    },
    say: (level, text) => void said.push(`${level}: ${text}`),
  });
  archiver = new Archiver(source, {
    target: (cluster) => {
      expect(cluster).toBe(7);
      return target;
    },
    intervalMs: 10_000,
    baseIntervalMs: 3_600_000,
    retentionMs: 0,
    ...more,
  });
  return archiver;
}
/** One look, `ms` later. */
const look = (ms: number): void => {
  offset += ms;
  vi.advanceTimersByTime(1_000);
};
/** Looks, until something holds. */
const looking = (condition: () => boolean): Promise<void> =>
  until(condition, { ms: 10_000, meanwhile: () => void vi.advanceTimersByTime(1_000) });
/** Some looks that find nothing to do. */
async function idle(): Promise<void> {
  for (let i = 0; i < 10; i++) {
    vi.advanceTimersByTime(1_000);
    await readdir(bench.directory);
  }
}
const holds = async (expected: readonly string[]): Promise<void> => {
  await looking(() => JSON.stringify(extent()) === JSON.stringify(expected)).catch(() => undefined);
  expect(extent()).toEqual(expected);
};
/** Writes one entry, now. */
async function write(bytes = 1): Promise<void> {
  await bench.put('a/1', bytes);
  times.note(bench.log.lastIndex(), bench.log.lastIndex());
}

describe('an archive', () => {
  it('begins with a copy of the state, goes on with the log when it is time, and ends with all of it', async () => {
    await bench.put('a/1');
    const kept = open();
    const begun = Date.now();
    kept.start();
    await looking(() => kept.status.currentMs !== undefined);
    expect(extent()).toEqual(['base 2']);
    const { bases } = files();
    expect(bases[0]).toMatchObject({ index: 2, revision: 1 });
    expect(kept.status).toMatchObject({ baseMs: bases[0]?.timeMs, failures: 0 });
    expect(kept.status.currentMs).toBeGreaterThanOrEqual(begun);
    expect(said).toEqual([`info: the state at revision 1 is archived as ${bases[0]?.name}`]);
    expect(releases).toBe(1);
    const { bytes } = kept.status;
    expect(bytes).toBeGreaterThan(0);
    await write();
    const current = kept.status.currentMs;
    look(5_000);
    await idle();
    expect([extent(), kept.status.currentMs]).toEqual([['base 2'], current]);
    look(5_000);
    await holds(['base 2', '3-3']);
    await looking(() => (kept.status.currentMs ?? 0) > (current ?? 0));
    expect(kept.status.bytes).toBeGreaterThan(bytes);
    expect(files().logs[0]).toMatchObject({ revision: 2 });
    // With nothing new it is as current as can be.
    const second = kept.status.currentMs ?? 0;
    look(1_000);
    await looking(() => (kept.status.currentMs ?? 0) >= second + 1_000);
    await write();
    await kept.stop();
    expect(extent()).toEqual(['base 2', '3-3', '4-4']);
    expect(vi.getTimerCount()).toBe(0);
    look(20_000);
    await write();
    expect(extent()).toHaveLength(3);
  });

  it('of entries that come to 4 MiB does not wait for its time', async () => {
    const kept = open();
    kept.start();
    await looking(() => kept.status.currentMs !== undefined);
    for (let i = 0; i < 5; i++) await write(1024 * 1024);
    look(1_000);
    await holds(['base 1', '2-5', '6-6']);
  });

  it('has a new copy of the state when that is due, and loses what is older than the retention', async () => {
    const kept = open({ baseIntervalMs: 60_000, retentionMs: 100_000 });
    kept.start();
    await looking(() => kept.status.currentMs !== undefined);
    look(30_000);
    await write();
    look(40_000);
    await holds(['base 1', 'base 2', '2-2']);
    // Nothing was written since the last one.
    look(61_000);
    await idle();
    expect(extent()).toEqual(['base 1', 'base 2', '2-2']);
    await write();
    look(1_000);
    await holds(['base 2', 'base 3', '3-3']);
    expect(releases).toBe(3);
  });

  it('that is new has all that there is also where the replica ends at once', async () => {
    await bench.put('a/1');
    await open().stop();
    expect(extent()).toEqual(['base 2']);
  });

  it('keeps everything without a retention', async () => {
    const kept = open({ baseIntervalMs: 1_000, retentionMs: 0 });
    kept.start();
    await looking(() => kept.status.currentMs !== undefined);
    for (let i = 2; i <= 3; i++) {
      await write();
      look(400_000_000);
      await looking(() => extent().includes(`${i}-${i}`));
    }
    expect(extent()).toEqual(['base 1', 'base 2', 'base 3', '2-2', '3-3']);
  });

  it('goes on where another has ended it, and has a hole where the log does not reach back to that', async () => {
    mkdirSync(join(root(), 'c'), { recursive: true });
    for (const name of [
      baseName({ index: 1, revision: 0, timeMs: 5 }),
      logName({ first: 2, last: 3, revision: 2, timeMs: 6 }),
    ]) {
      writeFileSync(join(root(), 'c', name), '');
    }
    for (let i = 0; i < 4; i++) await bench.put('a/1');
    const kept = open({ baseIntervalMs: Number.MAX_SAFE_INTEGER });
    kept.start();
    await holds(['base 1', '2-3', '4-5']);
    await kept.stop();
    for (let i = 0; i < 4; i++) await bench.put('a/1');
    await bench.state.sync();
    await bench.log.compact(8);
    const later = open();
    later.start();
    await holds(['base 1', 'base 9', '2-3', '4-5']);
    expect(said.filter((text) => text.startsWith('warn'))).toEqual([
      'warn: the archive ends at entry 5, which the log does not reach back to: it has a hole',
    ]);
  });
});

describe('an archive that cannot be kept', () => {
  it('is tried again every 5 s, and told of once a minute', async () => {
    const target = new AwayTarget(root(), 'c');
    const kept = open({}, target);
    kept.start();
    await looking(() => kept.status.failures === 1);
    const text =
      'error: the archive cannot be written, and is tried again every 5 s: the store is away. What is written to the cluster meanwhile is not in it.';
    expect([said, releases]).toEqual([[text], 1]);
    look(4_000);
    await idle();
    expect(kept.status.failures).toBe(1);
    look(2_000);
    await looking(() => kept.status.failures === 2);
    expect(said).toHaveLength(1);
    look(60_000);
    await looking(() => kept.status.failures === 3);
    expect(said).toEqual([text, text]);
    expect(kept.status).toMatchObject({ currentMs: undefined, baseMs: undefined });
    target.isAway = false;
    look(6_000);
    await looking(() => kept.status.currentMs !== undefined);
    expect(extent()).toEqual(['base 1']);
  });

  it('is that of a cluster that was set back', async () => {
    mkdirSync(join(root(), 'c'), { recursive: true });
    writeFileSync(join(root(), 'c', baseName({ index: 9, revision: 9, timeMs: 5 })), '');
    const kept = open();
    kept.start();
    await looking(() => kept.status.failures === 1);
    expect(said[0]).toContain(
      ': it holds entry 9, and the log of this cluster ends at 1: the cluster was set back to an earlier copy of its data. Move the archive away. What',
    );
    rmSync(root(), { recursive: true });
  });

  it('is nobody’s who does not lead, and none of a state that is not what it should be', async () => {
    const kept = open();
    kept.start();
    await looking(() => kept.status.currentMs !== undefined);
    bench.driver.step([messageOf(2, 'heartbeat', { term: 9 })]);
    await bench.until(() => !bench.driver.leads);
    expect(kept.status).toMatchObject({ currentMs: undefined, baseMs: undefined, failures: 0 });
    kept.halt();
    await kept.stop();
    expect([extent(), vi.getTimerCount()]).toEqual([['base 1'], 0]);
  });
});
