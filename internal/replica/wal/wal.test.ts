import { describe, expect, it } from 'vitest';
import type { Entry } from '../../raft/index.js';
import { DiskDirectory } from '../../testing/sim/log-disk.js';
import { Random } from '../../testing/sim/random.js';
import { LogStore } from '../log.js';
import { openOn } from './disk.testkit.js';
import type { LogFile } from './files.js';

const KIB = 1024;
const nothing = {
  index: 0,
  term: 0,
  confState: { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};

function open(disk: DiskDirectory, isOn?: () => boolean): Promise<LogStore> {
  return LogStore.open({
    // Only asked how much space is free.
    path: '/tmp',
    stateMeta: () => nothing,
    onDiskFull: () => undefined,
    segmentBytes: 64 * KIB,
    openDirectory: () => openOn(disk, isOn),
  });
}
const entry = (index: number, term: number, text = `${term}:${index}`): Entry => ({
  index,
  term,
  type: 'normal',
  data: Buffer.from(text),
});
const texts = (log: LogStore): string[] =>
  log
    .entries(log.firstIndex(), log.lastIndex() + 1, Number.POSITIVE_INFINITY)
    .map(({ data }) => Buffer.from(data).toString());

/** A log of `count` groups, and where the last of them begins and ends. */
async function written(count: number): Promise<{ disk: DiskDirectory; from: number; to: number }> {
  const disk = new DiskDirectory();
  const log = await open(disk);
  await log.putFact('identity', Buffer.from('someone'));
  const length = (): number => [...disk.names.values()][0]?.content.findLastIndex((byte) => byte !== 0) ?? 0;
  let from = 0;
  for (let i = 1; i <= count; i++) {
    from = Math.ceil((length() + 1) / 512) * 512;
    await log.append([entry(i, 1, `${i}`.repeat(150))], { term: 1, vote: 2, commit: i - 1 });
  }
  return { disk, from, to: length() + 1 };
}

it('begins behind a snapshot and names the directory of its state in one step, wherever the power fails', async () => {
  const { disk } = await written(3);
  const after = [101, 'new', 7];
  const found = new Set<string>();
  for (let turns = 0; turns < 40; turns++) {
    const copy = disk.copy();
    let isOn = true;
    let isDone = false;
    const log = await open(copy, () => isOn);
    const facts = { stateDirectory: Buffer.from('new') };
    void log.reset({ ...nothing, index: 100, term: 7 }, { term: 7, vote: 0, commit: 100 }, facts).then(() => {
      isDone = isOn;
    });
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    isOn = false;
    copy.loseUnsynced();
    const again = await open(copy);
    const seen = [again.firstIndex(), again.getFact('stateDirectory')?.toString(), again.hardState?.term];
    if (isDone) expect(seen).toEqual(after);
    found.add(JSON.stringify(seen));
  }
  expect([...found]).toEqual([JSON.stringify([1, undefined, 1]), JSON.stringify(after)]);
});

describe('a tail that was cut off', () => {
  it('is left out, wherever the cut is, and nothing before it', { timeout: 60_000 }, async () => {
    const { disk, from, to } = await written(5);
    expect(to - from).toBeGreaterThan(200);
    for (let cut = from; cut < to; cut++) {
      for (const rest of [0, 0xff]) {
        const torn = disk.copy();
        const [bytes] = torn.names.values();
        if (bytes === undefined) throw new Error('there is a segment');
        bytes.content.fill(rest, cut, Math.ceil(to / 512) * 512);
        const log = await open(torn);
        expect([cut, rest, log.lastIndex(), log.hardState?.commit]).toEqual([cut, rest, 4, 3]);
        if (cut % 16 !== 0) continue;
        await log.append([entry(5, 2)], { term: 2, vote: 0, commit: 4 });
        const again = await open(torn);
        expect([again.lastIndex(), again.term(5), again.term(4)]).toEqual([5, 2, 1]);
      }
    }
  });

  it('is no tail when something whole is behind it', async () => {
    const { disk, from } = await written(5);
    const [file] = disk.names.values();
    file?.content.fill(0, from - 512, from - 412);
    await expect(open(disk)).rejects.toThrow(
      /damaged: segment 0{15}1.wal is not as it was written at byte \d+.*join it/,
    );
  });
});

it('a flipped bit is told, wherever it is, the last group included', { timeout: 60_000 }, async () => {
  const { disk, to } = await written(3);
  const random = new Random(1);
  let told = 0;
  for (let byte = 0; byte < to; byte++) {
    const damaged = disk.copy();
    const [file] = damaged.names.values();
    file?.flip(byte, random.below(8));
    try {
      const log = await open(damaged);
      // Between two groups there is nothing to be damaged.
      expect(texts(log)).toHaveLength(3);
      expect(file?.content[byte]).toBeGreaterThan(0);
      expect(log.getFact('identity')?.toString()).toBe('someone');
    } catch (error) {
      expect(String(error)).toMatch(/is damaged/);
      told++;
    }
  }
  expect(told).toBeGreaterThan(600);
});

/** What was asked of a log, and what of it is certain. */
class Expected {
  acknowledged: readonly string[] = [];
  attempted: string[] = [];
}

it('what was acknowledged survives each loss of power, and nothing comes twice', { timeout: 60_000 }, async () => {
  const random = new Random(7);
  let losses = 0;
  for (let run = 0; run < 24; run++) {
    const disk = new DiskDirectory();
    const expected = new Expected();
    for (let life = 0; life < 6; life++) {
      let isOn = true;
      const log = await open(disk, () => isOn);
      const found = texts(log);
      // Appends are made in order: what is found is a part of them from the beginning, with all that was acknowledged.
      expect(found).toEqual(expected.attempted.slice(0, found.length));
      expect(found.length).toBeGreaterThanOrEqual(expected.acknowledged.length);
      expected.attempted = [...found];
      expected.acknowledged = [...found];
      const ends = random.below(40);
      for (let i = 0; i < ends; i++) {
        const next = entry(
          expected.attempted.length + 1,
          life + 1,
          `${run}/${life}/${i}${'x'.repeat(random.below(3_000))}`,
        );
        expected.attempted.push(next.data.toString());
        const so = [...expected.attempted];
        log.append([next], { term: life + 1, vote: 0, commit: 0 }).then(
          () => (expected.acknowledged = isOn ? so : expected.acknowledged),
          () => undefined,
        );
        for (let turns = random.below(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      }
      isOn = false;
      losses++;
      if (random.chance(0.5)) disk.loseUnsynced();
      else disk.losePower(random);
    }
  }
  expect(losses).toBe(144);
});

describe('zeros ahead of small groups', () => {
  /** Bytes that are written for groups of these sizes, one after another. */
  async function bytesOf(sizes: readonly number[]): Promise<number> {
    let bytes = 0;
    const log = await LogStore.open({
      path: '/tmp',
      stateMeta: () => nothing,
      onDiskFull: () => undefined,
      openDirectory: () => {
        const directory = openOn(new DiskDirectory());
        const counted = (file: LogFile): LogFile => ({
          ...file,
          size: file.size,
          write: (data, position) => {
            bytes += data.length;
            return file.write(data, position);
          },
        });
        return { ...directory, create: (name, size) => counted(directory.create(name, size)) };
      },
    });
    for (const [i, size] of sizes.entries()) await log.append([entry(i + 1, 1, 'x'.repeat(size))], undefined);
    await log.close();
    return bytes;
  }

  it('are written once for many small groups, and not where most groups are large', async () => {
    const small = await bytesOf(Array.from({ length: 64 }, () => 1_000));
    expect(small).toBeGreaterThan(128 * KIB);
    expect(small).toBeLessThan((128 + 64 * 2) * KIB);
    const large = Array.from({ length: 64 }, (_, i) => (i % 8 === 7 ? 1_000 : 30_000));
    const most = large.reduce((sum, size) => sum + size + KIB, 0);
    expect(await bytesOf(large)).toBeLessThan(most + 160 * KIB);
  });
});

describe('segments', () => {
  it('go when all of theirs is forgotten, and their files are used again', async () => {
    const disk = new DiskDirectory();
    let log = await open(disk);
    const big = 'x'.repeat(8 * KIB);
    for (let i = 1; i <= 60; i++) {
      await log.append([entry(i, 1, `${i}${big}`)], { term: 1, vote: 0, commit: i - 1 });
      if (i % 10 === 0) await log.compact(i - 5);
      if (i % 25 === 0) {
        await log.close();
        log = await open(disk);
        expect([log.firstIndex(), log.lastIndex(), log.term(i)]).toEqual([i === 25 ? 16 : 46, i, 1]);
      }
    }
    const names = [...disk.names.keys()];
    expect(names.length).toBeLessThanOrEqual(6);
    expect(names.some((name) => name.startsWith('spare-'))).toBe(true);
    expect(texts(log).map((text) => Number.parseInt(text, 10))).toEqual([56, 57, 58, 59, 60]);
    await log.close();
  });

  it('of which one is missing are told', async () => {
    const disk = new DiskDirectory();
    const log = await open(disk);
    for (let i = 1; i <= 30; i++) await log.append([entry(i, 1, 'x'.repeat(8 * KIB))], undefined);
    await log.close();
    const names = new Map(disk.names);
    const [, second = ''] = [...names.keys()].sort();
    names.delete(second);
    disk.change(names);
    const found = await open(disk);
    expect(found.lost?.reason).toMatch(/entries 1 to \d+ are missing/);
    await expect(found.giveUpLost(3)).rejects.toThrow(/damaged: entries 1 to \d+ are missing; the state has applied/);
  });

  it('that were not removed for good are removed again', async () => {
    const disk = new DiskDirectory();
    const log = await open(disk);
    for (let i = 1; i <= 30; i++) await log.append([entry(i, 1, 'x'.repeat(8 * KIB))], undefined);
    const before = new Map(disk.names);
    await log.compact(20);
    const [first = ''] = [...before.keys()].sort();
    const undone = before.get(first);
    if (undone !== undefined) disk.change(new Map([...disk.names, [first, undone]]));
    const again = await open(disk);
    expect([again.firstIndex(), again.lastIndex()]).toEqual([21, 30]);
    expect(disk.names.has(first)).toBe(false);
  });
});
