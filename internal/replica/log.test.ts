import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import type { Entry } from '../raft/index.js';
import { LogStore } from './log.js';

const nothing = {
  index: 0,
  term: 0,
  confState: { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};
let directory = '';
let log: LogStore;

function open(): Promise<LogStore> {
  return LogStore.open({ path: join(directory, 'wal'), stateMeta: () => nothing, onDiskFull: () => undefined });
}
async function reopen(): Promise<void> {
  await log.close();
  log = await open();
}
const entry = (index: number, term = 1, text = `${term}:${index}`): Entry => ({
  index,
  term,
  type: 'normal',
  data: Buffer.from(text),
});
const entries = (from: number, to: number, term = 1): Entry[] =>
  Array.from({ length: to - from + 1 }, (_, i) => entry(from + i, term));
const texts = (lo: number, hi: number, bytesMax = Number.POSITIVE_INFINITY): string[] =>
  log.entries(lo, hi, bytesMax).map((e) => Buffer.from(e.data).toString());

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-log-'));
  log = await open();
});
afterEach(async () => {
  await log.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('the log', () => {
  it('is readable at once and after a restart', async () => {
    expect([log.firstIndex(), log.lastIndex(), log.term(0)]).toEqual([1, 0, 0]);
    const written = log.append(entries(1, 3), { term: 1, vote: 2 ** 52, commit: 2 });
    expect(texts(1, 4)).toEqual(['1:1', '1:2', '1:3']);
    await written;
    await reopen();
    expect([log.firstIndex(), log.lastIndex(), log.term(3), log.term(4)]).toEqual([1, 3, 1, undefined]);
    expect(texts(1, 4)).toEqual(['1:1', '1:2', '1:3']);
    expect(log.hardState).toEqual({ term: 1, vote: 2 ** 52, commit: 2 });
  });

  it('forgets what a new leader overwrites, also on disk', async () => {
    await log.append(entries(1, 10), undefined);
    await log.append(entries(4, 5, 2), { term: 2, vote: 0, commit: 0 });
    expect(log.lastIndex()).toBe(5);
    await reopen();
    expect(log.lastIndex()).toBe(5);
    expect(texts(1, 6)).toEqual(['1:1', '1:2', '1:3', '2:4', '2:5']);
    await log.append([entry(3, 3)], undefined);
    expect(texts(1, 4)).toEqual(['1:1', '1:2', '3:3']);
  });

  it('keeps appends in order that are made while others are being written', async () => {
    const all: Promise<void>[] = [];
    for (let i = 1; i <= 100; i++) all.push(log.append([entry(i)], { term: 1, vote: 0, commit: i - 1 }));
    all.push(log.append(entries(51, 60, 2), { term: 2, vote: 0, commit: 50 }));
    await Promise.all(all);
    await reopen();
    expect(log.lastIndex()).toBe(60);
    expect(log.term(50)).toBe(1);
    expect(log.term(51)).toBe(2);
    expect(log.hardState?.commit).toBe(50);
  });

  it('is cut to bytes, but never to nothing', async () => {
    await log.append(entries(1, 5), undefined);
    expect(texts(1, 6, 1)).toEqual(['1:1']);
    await reopen();
    expect(texts(1, 6, 1)).toEqual(['1:1']);
    expect(texts(2, 6, 60)).toEqual(['1:2', '1:3']);
  });

  it('knows the term before its first entry after compaction, also after a restart', async () => {
    await log.append([...entries(1, 5), ...entries(6, 9, 2)], undefined);
    await log.compact(6);
    expect([log.firstIndex(), log.term(6), log.term(5)]).toEqual([7, 2, undefined]);
    await reopen();
    expect([log.firstIndex(), log.lastIndex(), log.term(6), log.term(5)]).toEqual([7, 9, 2, undefined]);
    expect(texts(7, 10)).toEqual(['2:7', '2:8', '2:9']);
    await log.compact(9);
    await reopen();
    expect([log.firstIndex(), log.lastIndex(), log.term(9)]).toEqual([10, 9, 2]);
  });

  it('begins behind a snapshot that replaces it', async () => {
    await log.append(entries(1, 5), undefined);
    await log.reset({ ...nothing, index: 100, term: 7 }, { term: 7, vote: 0, commit: 100 }, { note: Buffer.from('x') });
    await log.append([entry(101, 7)], undefined);
    await reopen();
    expect([log.firstIndex(), log.lastIndex(), log.term(100)]).toEqual([101, 101, 7]);
    expect(log.getFact('note')?.toString()).toBe('x');
    expect(log.hardState).toEqual({ term: 7, vote: 0, commit: 100 });
  });

  it('tells how far back a number of bytes reaches, also after a restart', async () => {
    const big = 'x'.repeat(512 * 1024);
    for (let i = 1; i <= 20; i++) await log.append([entry(i, 1, big)], undefined);
    expect(log.indexBefore(100 * 1024 * 1024)).toBe(0);
    for (let run = 0; run < 2; run++) {
      const index = log.indexBefore(4 * 1024 * 1024);
      expect(index).toBeGreaterThanOrEqual(8);
      expect(index).toBeLessThanOrEqual(12);
      await reopen();
    }
  });

  it('reads entries that are no longer in memory', async () => {
    const big = 'x'.repeat(1024 * 1024);
    for (let i = 1; i <= 40; i++) await log.append([entry(i, 1, `${i}${big}`)], undefined);
    const read = log.entries(1, 41, Number.POSITIVE_INFINITY);
    expect(read.map((e) => e.index)).toEqual(entries(1, 40).map((e) => e.index));
    expect(
      Buffer.from(read[2]?.data ?? [])
        .toString()
        .slice(0, 2),
    ).toBe('3x');
  });

  it('stops with a sentence when an entry on disk is damaged while it runs', async () => {
    const big = 'x'.repeat(1024 * 1024);
    for (let i = 1; i <= 12; i++) await log.append([entry(i, 1, `${i}${big}`)], undefined);
    const [first = ''] = readdirSync(join(directory, 'wal')).sort();
    const fd = openSync(join(directory, 'wal', first), 'r+');
    writeSync(fd, 'y', 1_100_000);
    closeSync(fd);
    expect(texts(1, 2)).toHaveLength(1);
    expect(() => texts(2, 3)).toThrow(FatalError);
    expect(() => texts(2, 3)).toThrow(/damaged: entry 2 .*Start this replica again/);
  });
});
