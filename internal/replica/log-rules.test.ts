import { describe, expect, it, vi } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import type { Entry } from '../raft/index.js';
import { DiskDirectory } from '../testing/sim/log-disk.js';
import { LogStore, type LogOptions } from './log.js';
import { openOn } from './wal/disk.testkit.js';
import type { LogDirectory, LogFile } from './wal/files.js';
import { decodeGroup, encodeGroup, entryRecord } from './wal/record.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const nothing = {
  index: 0,
  term: 0,
  confState: { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};
const entry = (index: number, bytes = 10, term = 1): Entry => ({
  index,
  term,
  type: 'normal',
  data: Buffer.alloc(bytes, `${index}`),
});
const state = (commit: number, term = 1): { term: number; vote: number; commit: number } => ({ term, vote: 2, commit });

/** What a test does to a disk, and sees of it. */
interface Probe {
  /** Lengths of the writes so far. */
  readonly writes: number[];
  /** Instead of the next write, or as long as it is set. */
  failure: Error | undefined;
}

function directoryOf(disk: DiskDirectory, probe: Probe): LogDirectory {
  const directory = openOn(disk);
  const watched = (file: LogFile): LogFile => ({
    size: file.size,
    read: (position, length) => file.read(position, length),
    write: async (bytes, position) => {
      if (probe.failure !== undefined) throw probe.failure;
      probe.writes.push(bytes.length);
      await file.write(bytes, position);
    },
    sync: () => file.sync(),
    close: () => file.close(),
  });
  return {
    ...directory,
    open: (name) => watched(directory.open(name)),
    create: (name, size) => watched(directory.create(name, size)),
  };
}

function open(disk: DiskDirectory, more: Partial<LogOptions> & { probe?: Probe } = {}): Promise<LogStore> {
  const { probe = { writes: [], failure: undefined }, ...options } = more;
  return LogStore.open({
    // Only asked how much space is free.
    path: '/tmp',
    stateMeta: () => nothing,
    onDiskFull: () => undefined,
    segmentBytes: 8 * KIB,
    openDirectory: () => directoryOf(disk, probe),
    ...options,
  });
}
const reasonOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return `${error instanceof FatalError ? 'fatal' : 'error'}: ${(error as Error).message}`;
  }
  return '';
};
const failureOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => '',
    (error: unknown) =>
      reasonOf(() => {
        throw error;
      }),
  );
/** Lets the disk work, while the clock stands still. */
async function turnsUntil(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000 && !isSo(); turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(isSo()).toBe(true);
}
const walFiles = (disk: DiskDirectory): string[] =>
  [...disk.names.keys()].filter((name) => name.endsWith('.wal')).sort();

describe('what is written together', () => {
  it('is what comes in meanwhile, until it comes to 4 MiB', async () => {
    const probe: Probe = { writes: [], failure: undefined };
    const log = await open(new DiskDirectory(), { probe, segmentBytes: 64 * MIB });
    const half = 2 * MIB - 24;
    const sizes = [5 * MIB, half, half, half, half - 1, 100 * KIB, 200 * KIB];
    await Promise.all(sizes.map((size, i) => log.append([entry(i + 1, size)], undefined)));
    // Of two that come to 4 MiB no other goes along; of two that come to a byte less one more does.
    expect(probe.writes.map((bytes) => Math.floor(bytes / KIB))).toEqual([5 * KIB, 4 * KIB, 4 * KIB + 100, 200]);
    await log.close();
  });

  it('stays in memory until it is on the disk', async () => {
    const log = await open(new DiskDirectory(), { segmentBytes: 64 * MIB });
    const [first, ...rest] = Array.from({ length: 14 }, (_, i) => log.append([entry(i + 1, MIB)], undefined));
    await first;
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.entries(5, 15, Number.POSITIVE_INFINITY).map(({ data }) => data.length)).toEqual(Array(10).fill(MIB));
    await Promise.all(rest);
    expect(log.entries(1, 15, Number.POSITIVE_INFINITY)).toHaveLength(14);
    await log.close();
  });

  it('is told as it is appended, and how long it took', async () => {
    const appended: string[] = [];
    const seconds: number[] = [];
    const log = await open(new DiskDirectory(), {
      delayMs: () => 20,
      onAppend: (first, last) => appended.push(`${first} to ${last}`),
      observeWrite: (took) => seconds.push(took),
    });
    expect(log.writingSince).toBeUndefined();
    const began = performance.now();
    const done = log.append([entry(1), entry(2), entry(3)], undefined);
    expect(appended).toEqual(['1 to 3']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.writingSince).toBeGreaterThanOrEqual(began);
    expect(log.writingSince).toBeLessThanOrEqual(performance.now());
    await done;
    expect(log.writingSince).toBeUndefined();
    await log.append([entry(3, 10, 2)], undefined);
    await log.append([], state(3));
    expect(appended).toEqual(['1 to 3', '3 to 3']);
    expect(seconds).toHaveLength(3);
    for (const took of seconds) {
      expect(took).toBeGreaterThan(0.018);
      expect(took).toBeLessThan((performance.now() - began) / 1000);
    }
    await log.close();
  });
});

describe('entries', () => {
  it('are read up to a number of bytes, the last one inclusive, from the disk and from memory', async () => {
    const disk = new DiskDirectory();
    let log = await open(disk);
    for (let i = 1; i <= 4; i++) await log.append([entry(i, 76)], undefined);
    await log.close();
    log = await open(disk);
    for (let i = 5; i <= 8; i++) await log.append([entry(i, 76)], undefined);
    const read = (lo: number, hi: number, bytes: number): number[] => log.entries(lo, hi, bytes).map((e) => e.index);
    for (const lo of [1, 3, 5]) {
      for (const [bytes, count] of [
        [0, 1],
        [199, 1],
        [200, 2],
        [299, 2],
        [300, 3],
      ] as const) {
        expect(read(lo, 9, bytes)).toEqual([lo, lo + 1, lo + 2].slice(0, count));
      }
    }
    expect([read(4, 6, 1_000), read(8, 9, 1_000), read(5, 5, 1_000)]).toEqual([[4, 5], [8], []]);
    await log.compact(2);
    for (const [lo, hi] of [
      [2, 4],
      [3, 10],
    ] as const) {
      expect(reasonOf(() => log.entries(lo, hi, 1))).toBe(`error: log read [${lo}, ${hi}) outside (2, 8]`);
    }
    expect(reasonOf(() => void log.append([entry(10)], undefined))).toBe('error: append at 10 after 8');
    expect(reasonOf(() => void log.append([entry(2)], undefined))).toBe('error: append at 2 after 8');
    for (const index of [1, 9]) {
      expect(await failureOf(log.compact(index))).toBe(`error: compact to ${index} beyond the log`);
    }
    expect(log.snapshotMeta()).toBe(nothing);
    await log.close();
  });

  it('tell how far back a number of bytes reaches', async () => {
    const log = await open(new DiskDirectory());
    for (let i = 1; i <= 4; i++) await log.append([entry(i, 76)], undefined);
    expect([1, 100, 101, 300, 301, 400, 401].map((bytes) => log.indexBefore(bytes))).toEqual([3, 3, 2, 1, 0, 0, 0]);
    await log.close();
  });

  it('that are not what was written are told by the one who reads them', async () => {
    const sentence = (index: number): string =>
      `fatal: the Raft log in /tmp is damaged: entry ${index} in segment 0000000000000001.wal is not as it was written. ` +
      'Start this replica again: where its state holds all that is damaged it goes on without that, and says so.';
    // Of another index, another term, and not whole: each is as long, and is sealed with the file's salt.
    for (const other of [entry(3), entry(2, 10, 2), undefined]) {
      const disk = new DiskDirectory();
      const writer = await open(disk);
      for (let i = 1; i <= 2; i++) await writer.append([entry(i)], undefined);
      await writer.close();
      const log = await open(disk);
      const bytes = [...disk.names.values()][0];
      const head = decodeGroup(bytes?.content ?? Buffer.alloc(0), 0, 1, undefined);
      const second = decodeGroup(bytes?.content ?? Buffer.alloc(0), head?.end ?? 0, 1, undefined);
      if (bytes === undefined || head === undefined || second === undefined) throw new Error('there are two groups');
      if (other === undefined) bytes.flip((second.places[0] ?? 0) + 26, 1);
      else bytes.write(encodeGroup([entryRecord(other)], { segment: 1, salt: head.salt }).bytes, head.end);
      expect(log.entries(1, 2, 1)).toHaveLength(1);
      expect(reasonOf(() => log.entries(2, 3, 1))).toBe(sentence(2));
      await log.close();
    }
  });
});

describe('a disk', () => {
  it('that is full is tried again every second, and told, until there is room', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      const probe: Probe = { writes: [], failure: undefined };
      const disk = new DiskDirectory();
      const told: (string | undefined)[] = [];
      const log = await open(disk, { probe, onDiskFull: (error) => told.push(error?.message) });
      await log.append([entry(1)], state(0));
      expect(told).toEqual([]);
      probe.failure = new Error('ENOSPC: no space left on device');
      let isWritten = false;
      const written = log.append([entry(2)], state(1)).then(() => (isWritten = true));
      await turnsUntil(() => told.length === 1);
      await vi.advanceTimersByTimeAsync(999);
      expect([told.length, isWritten]).toEqual([1, false]);
      await vi.advanceTimersByTimeAsync(1);
      await turnsUntil(() => told.length === 2);
      expect(told).toEqual([probe.failure.message, probe.failure.message]);
      probe.failure = undefined;
      expect(log.entries(1, 3, 1_000)).toHaveLength(2);
      await vi.advanceTimersByTimeAsync(1_000);
      await written;
      expect(told).toEqual(['ENOSPC: no space left on device', 'ENOSPC: no space left on device', undefined]);
      await log.append([entry(3)], state(2));
      expect(told).toHaveLength(3);
      await log.close();
      const again = await open(disk);
      expect([again.lastIndex(), again.hardState]).toEqual([3, state(2)]);
      await again.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it('that is full when the log is closed is waited for no longer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      const probe: Probe = { writes: [], failure: new Error('ENOSPC') };
      const told: unknown[] = [];
      const log = await open(new DiskDirectory(), { probe, onDiskFull: (error) => told.push(error) });
      const failed = failureOf(log.append([entry(1)], undefined));
      await turnsUntil(() => told.length === 1);
      const closed = log.close();
      await vi.advanceTimersByTimeAsync(1_000);
      expect(await failed).toMatch(/^fatal: the Raft log in \/tmp cannot be written: ENOSPC\. /);
      await closed;
      expect([told.length, probe.writes]).toEqual([1, []]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('that fails is never written to again, and all that waits is told why', async () => {
    const sentence =
      'fatal: the Raft log in /tmp cannot be written: EBADF: bad descriptor. Check the disk; if it is damaged, remove ' +
      'this replica from its cluster and join it again with an empty data directory.';
    const probe: Probe = { writes: [], failure: undefined };
    const disk = new DiskDirectory();
    const log = await open(disk, { probe });
    await log.append([entry(1)], state(0));
    const before = probe.writes.length;
    probe.failure = new Error('EBADF: bad descriptor');
    const waiting = [2, 3, 4].map((i) => failureOf(log.append([entry(i, 3 * MIB)], state(i - 1))));
    expect(await Promise.all(waiting)).toEqual([sentence, sentence, sentence]);
    probe.failure = undefined;
    expect(await failureOf(log.append([entry(5)], state(4)))).toBe(sentence);
    expect(await failureOf(log.putFact('a', Buffer.from('b')))).toBe(sentence);
    expect(log.getFact('a')).toBeUndefined();
    await log.close();
    await log.close();
    expect(probe.writes.length).toBe(before);
    const again = await open(disk);
    expect([again.lastIndex(), again.hardState]).toEqual([1, state(0)]);
    await again.close();
  });

  it('is written once more at the end, so that damage of the last group is seen, but not if nothing was written', async () => {
    const probe: Probe = { writes: [], failure: undefined };
    const disk = new DiskDirectory();
    let log = await open(disk, { probe });
    await log.close();
    expect(probe.writes).toEqual([]);
    log = await open(disk, { probe });
    await log.append([entry(1)], state(0));
    log.note(state(1));
    expect(probe.writes).toHaveLength(1);
    await log.close();
    expect(probe.writes).toHaveLength(2);
    log = await open(disk, { probe });
    expect(log.hardState).toEqual(state(1));
    await log.close();
    expect(probe.writes).toHaveLength(2);
  });

  it('that cannot be opened is told in a sentence that says what to check', async () => {
    const refused = (error: Error): Promise<string> =>
      failureOf(
        open(new DiskDirectory(), {
          openDirectory: () => {
            throw error;
          },
        }),
      );
    expect(await refused(new Error('EACCES: permission denied'))).toBe(
      'fatal: cannot open the Raft log in /tmp: EACCES: permission denied. Check that the directory is writable and that ' +
        'the disk is neither full nor damaged.',
    );
    expect(await refused(new FatalError('as it is.'))).toBe('fatal: as it is.');
  });
});

describe('a part that is lost', () => {
  const lostOf = async (): Promise<{ disk: DiskDirectory; first: string; last: number }> => {
    const disk = new DiskDirectory();
    const log = await open(disk);
    await log.putFact('identity', Buffer.from('someone'));
    for (let i = 1; i <= 20; i++) await log.append([entry(i, 2 * KIB, i < 3 ? 1 : 2)], state(i - 1, 2));
    await log.close();
    const [first = '', second = ''] = walFiles(disk);
    disk.names.get(first)?.flip(700, 3);
    const bytes = disk.names.get(second)?.content ?? Buffer.alloc(0);
    const last = decodeGroup(bytes, 0, 2, undefined)?.records[0]?.index ?? 0;
    return { disk, first, last };
  };
  const needs = (first: string, applied: number, last: number): string =>
    `fatal: the Raft log in /tmp is damaged: segment ${first} is not as it was written at byte 512; the state has applied ` +
    `entries up to ${applied}, and needs those up to ${last}. Remove this replica from its cluster and join it again with ` +
    'an empty data directory; if it is the only replica, restore the data directory from a backup.';

  it('is done without by a state that has all of it, and its files go then', async () => {
    const { disk, first, last } = await lostOf();
    expect(last).toBeGreaterThan(2);
    let log = await open(disk);
    expect(log.lost).toEqual({
      reason: `segment ${first} is not as it was written at byte 512`,
      last: { index: last, term: 2 },
      names: [first],
    });
    expect([log.firstIndex(), log.lastIndex(), log.term(last), log.term(last - 1)]).toEqual([
      last + 1,
      20,
      2,
      undefined,
    ]);
    for (const applied of [0, last - 1]) {
      expect(reasonOf(() => log.checkLost(applied))).toBe(needs(first, applied, last));
      expect(await failureOf(log.giveUpLost(applied))).toBe(needs(first, applied, last));
    }
    expect([log.checkLost(last), log.checkLost(last + 1)]).toEqual([undefined, undefined]);
    await log.append([entry(21, 10, 2)], state(20, 2));
    expect(walFiles(disk)).toContain(first);
    await log.giveUpLost(last);
    await log.giveUpLost(0);
    expect([log.lost, walFiles(disk).includes(first), log.checkLost(0)]).toEqual([undefined, false, undefined]);
    await log.close();
    log = await open(disk);
    expect([log.lost, log.firstIndex(), log.lastIndex(), log.term(last)]).toEqual([undefined, last + 1, 21, 2]);
    expect(log.getFact('identity')?.toString()).toBe('someone');
    await log.close();
  });

  it('is no longer wanted when a snapshot replaces all', async () => {
    const { disk, first } = await lostOf();
    let log = await open(disk);
    await log.reset({ ...nothing, index: 50, term: 3 }, state(50, 3), {});
    expect([log.lost, walFiles(disk).includes(first), log.firstIndex()]).toEqual([undefined, false, 51]);
    await log.close();
    log = await open(disk);
    expect([log.lost, log.firstIndex(), log.lastIndex(), log.term(50)]).toEqual([undefined, 51, 50, 3]);
    await log.close();
  });

  it('stays to be told at the next start while the log goes on, also over more segments', async () => {
    const { disk, first, last } = await lostOf();
    let log = await open(disk);
    for (let i = 21; i <= 30; i++) await log.append([entry(i, 2 * KIB, 2)], state(i - 1, 2));
    await log.close();
    log = await open(disk);
    expect([log.lost?.last, walFiles(disk).includes(first)]).toEqual([{ index: last, term: 2 }, true]);
    expect(log.entries(last + 1, 31, Number.POSITIVE_INFINITY).map((e) => e.term)).toEqual(Array(30 - last).fill(2));
    await log.close();
  });

  it('ends before what a new leader has overwritten, and the term of the entry before that is known', async () => {
    const disk = new DiskDirectory();
    let log = await open(disk);
    const sizes = [1, 1, 2, 2, 2].map((term, i) => entry(i + 1, 2 * KIB, term));
    for (const each of sizes) await log.append([each], state(0, 2));
    const before = walFiles(disk).length;
    while (walFiles(disk).length === before) await log.append([], state(0, 2));
    // The first entry of its term, in a segment of its own.
    await log.append([entry(3, 10, 3)], state(2, 3));
    await log.close();
    const files = walFiles(disk);
    for (const name of files.slice(0, -1)) disk.names.get(name)?.flip(700, 3);
    log = await open(disk);
    expect([log.lost?.last, log.lastIndex(), log.term(3)]).toEqual([{ index: 2, term: 1 }, 3, 3]);
    await log.close();
  });

  it('leaves the term of its last entry known, whatever is damaged next', async () => {
    const disk = new DiskDirectory();
    let log = await open(disk);
    for (let i = 1; i <= 3; i++) await log.append([entry(i, 2 * KIB, 2)], state(i - 1, 2));
    const more = async (files: number): Promise<void> => {
      while (walFiles(disk).length < files) await log.append([], state(3, 2));
    };
    await more(2);
    await log.close();
    const [first = '', second = ''] = walFiles(disk);
    disk.names.get(first)?.flip(700, 3);
    log = await open(disk);
    expect([log.lost?.last, log.lastIndex()]).toEqual([{ index: 3, term: 2 }, 3]);
    await more(3);
    await log.close();
    disk.names.get(second)?.flip(700, 3);
    log = await open(disk);
    expect(log.lost?.last).toEqual({ index: 3, term: 2 });
    await log.giveUpLost(3);
    await log.close();
    log = await open(disk);
    expect([log.firstIndex(), log.lastIndex(), log.term(3)]).toEqual([4, 3, 2]);
    await log.close();
  });
});
