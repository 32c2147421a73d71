import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogStore } from '../log.js';
import { decodeGroup } from './record.js';

const KIB = 1024;
const ENTRIES = 40;
const nothing = {
  index: 0,
  term: 0,
  confState: { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};
let directory = '';
const at = (name: string): string => join(directory, name);
const open = (name: string): Promise<LogStore> =>
  LogStore.open({ path: at(name), stateMeta: () => nothing, onDiskFull: () => undefined, segmentBytes: 64 * KIB });
const textOf = (i: number): string => `entry ${i}`.padEnd(8 * KIB, '.');

/** Forty entries of 8 KiB in segments of 64 KiB, of two terms; the first few were overwritten once. */
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-damage-'));
  const log = await open('whole');
  await log.putFact('identity', Buffer.from('someone'));
  for (const from of [1, 3]) {
    for (let i = from; i <= (from === 1 ? 4 : ENTRIES); i++) {
      const entry = { index: i, term: i < 20 ? from : 5, type: 'normal', data: Buffer.from(textOf(i)) } as const;
      await log.append([entry], { term: entry.term, vote: 7, commit: Math.max(0, i - 2) });
    }
  }
  await log.close();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const segments = (name: string): string[] => readdirSync(at(name)).filter((file) => file.endsWith('.wal'));

/** The last entry in a segment, and where its groups end. */
function extent(file: string): { readonly last: number; readonly end: number } {
  const bytes = readFileSync(at(`whole/${file}`));
  const number = Number.parseInt(file, 16);
  let [last, end] = [0, 0];
  for (let group = decodeGroup(bytes, 0, number, undefined); group !== undefined; ) {
    for (const { type, index } of group.records) if (type === 'entry') last = index;
    ({ end } = group);
    group = decodeGroup(bytes, end, number, group.salt);
  }
  return { last, end };
}

/** A copy of the log in which something happened to a segment. */
function damaged(file: string, damage: (path: string) => void): string {
  cpSync(at('whole'), at('copy'), { recursive: true });
  damage(at(`copy/${file}`));
  return 'copy';
}
const flip =
  (offset: number) =>
  (path: string): void => {
    const bytes = readFileSync(path);
    bytes[offset] = (bytes[offset] ?? 0) ^ 0x14;
    writeFileSync(path, bytes);
  };

async function checkBehind(log: LogStore, last: number): Promise<void> {
  expect([log.firstIndex(), log.lastIndex()]).toEqual([last + 1, ENTRIES]);
  expect([log.term(last), log.term(last + 1)]).toEqual([last < 20 ? 3 : 5, last + 1 < 20 ? 3 : 5]);
  const found = log
    .entries(last + 1, ENTRIES + 1, Number.POSITIVE_INFINITY)
    .map(({ data }) => Buffer.from(data).toString());
  expect(found).toEqual(Array.from({ length: ENTRIES - last }, (_, i) => textOf(last + 1 + i)));
  expect(log.hardState).toEqual({ term: 5, vote: 7, commit: ENTRIES - 2 });
  expect(log.getFact('identity')?.toString()).toBe('someone');
}

/** The log of `name` lacks entries up to `last`: it goes on without them, if they were applied. */
async function isDoneWithout(name: string, last: number, reason: RegExp): Promise<void> {
  const files = segments(name);
  // Not before it is known that nobody needs them.
  for (const applied of [0, last - 1]) {
    const log = await open(name);
    await log.putFact('boots', Buffer.from(String(applied)));
    await expect(log.giveUpLost(applied)).rejects.toThrow(
      new RegExp(
        `damaged: ${reason.source}; the state has applied entries up to ${applied}, and needs those up to ${last}`,
      ),
    );
    await log.close();
    expect(segments(name)).toEqual(files);
  }
  const log = await open(name);
  expect(log.lost?.last.index).toBe(last);
  expect(log.lost?.reason).toMatch(reason);
  await log.giveUpLost(last);
  expect(log.lost).toBeUndefined();
  await checkBehind(log, last);
  await log.close();
  const again = await open(name);
  expect(again.lost).toBeUndefined();
  await checkBehind(again, last);
  expect(segments(name).length).toBeLessThan(files.length + 1);
  await again.append([{ index: ENTRIES + 1, term: 6, type: 'normal', data: Buffer.from('more') }], undefined);
  await again.close();
  const third = await open(name);
  expect([third.lost, third.firstIndex(), third.lastIndex()]).toEqual([undefined, last + 1, ENTRIES + 1]);
  await third.close();
  rmSync(at(name), { recursive: true });
}

describe('a segment that is damaged, with others behind it', () => {
  it('is done without where the state has all of it, wherever the damage is', { timeout: 60_000 }, async () => {
    const files = segments('whole');
    expect(files.length).toBeGreaterThan(4);
    for (const [place, file] of files.slice(0, -1).entries()) {
      const { last, end } = extent(file);
      for (const offset of [0, 9, 21, 30, 60, 4 * KIB, 17 * KIB + 3, end - 8 * KIB]) {
        const reason = new RegExp(`segment ${file} (is not as it was written at byte \\d+|has no whole beginning)`);
        await isDoneWithout(damaged(file, flip(offset)), last, reason);
      }
      await isDoneWithout(
        damaged(file, (path) => truncateSync(path, 20 * KIB)),
        last,
        new RegExp(`segment ${file} is not as .*`),
      );
      await isDoneWithout(
        damaged(file, (path) => truncateSync(path, 0)),
        last,
        new RegExp(`segment ${file} has no whole .*`),
      );
      await isDoneWithout(
        damaged(file, (path) => rmSync(path)),
        last,
        new RegExp(`entries ${1} to ${last} are missing`),
      );
      if (place > 1) continue;
      // Behind its groups there is nothing to be damaged.
      const log = await open(damaged(file, flip(end + 5)));
      expect([log.lost, log.firstIndex()]).toEqual([undefined, 1]);
      await log.close();
      rmSync(at('copy'), { recursive: true });
    }
  });

  it('is done without when it is damaged and an earlier one is, too', async () => {
    const [first = '', second = '', third = ''] = segments('whole');
    damaged(first, flip(0));
    flip(5 * KIB)(at(`copy/${third}`));
    expect(extent(third).last).toBeGreaterThan(extent(second).last);
    await isDoneWithout('copy', extent(third).last, new RegExp(`segment ${first} has .*, and segment ${third} .*`));
  });

  it('goes without a word when all of it was forgotten before', async () => {
    const [first = ''] = segments('whole');
    const { last } = extent(first);
    const undone = readFileSync(at(`whole/${first}`));
    let log = await open('whole');
    await log.compact(last);
    await log.close();
    // Its removal has come undone, and the disk has spoilt it.
    writeFileSync(at(`whole/${first}`), undone);
    flip(9 * KIB)(at(`whole/${first}`));
    log = await open('whole');
    expect([log.lost, log.firstIndex(), segments('whole').includes(first)]).toEqual([undefined, last + 1, false]);
    await log.close();
  });
});

describe('the last segment', () => {
  it('that is damaged is done without by nobody', async () => {
    const last = segments('whole').at(-1) ?? '';
    const { end } = extent(last);
    for (const offset of [0, 60, 5 * KIB]) {
      if (offset > end) continue;
      await expect(open(damaged(last, flip(offset)))).rejects.toThrow(
        /is damaged: segment .* (whole beginning|at byte \d+)/,
      );
      rmSync(at('copy'), { recursive: true });
    }
  });

  it('that was begun when the power failed does not hide damage at the end of the one before it', async () => {
    const files = segments('whole');
    const [before = '', last = ''] = files.slice(-2);
    const spoilt = readFileSync(at(`whole/${before}`));
    const { end } = extent(before);
    // One bit of the last group of the segment before.
    spoilt[end - 4 * KIB] = (spoilt[end - 4 * KIB] ?? 0) ^ 1;
    damaged(last, (path) => writeFileSync(path, Buffer.alloc(64 * KIB)));
    const log = await open('copy');
    expect([log.lost, log.lastIndex()]).toEqual([undefined, extent(before).last]);
    await log.close();
    rmSync(at('copy'), { recursive: true });
    damaged(last, (path) => writeFileSync(path, Buffer.alloc(64 * KIB)));
    writeFileSync(at(`copy/${before}`), spoilt);
    await expect(open('copy')).rejects.toThrow(new RegExp(`damaged: segment ${before} is not as it was written`));
    await expect(open('copy')).rejects.toThrow(/join it again/);
  });
});
