import { describe, expect, it } from 'vitest';
import { DiskDirectory } from '../../testing/sim/log-disk.js';
import { openOn } from './disk.testkit.js';
import { crc32c } from './crc32c.js';
import {
  encodeGroup,
  entryRecord,
  factRecord,
  hardStateRecord,
  type LogRecord,
  placeRecord,
  segmentRecord,
} from './record.js';
import { DamagedLogError, LaterFormatError, type LogContents, recover, segmentName } from './recover.js';

const SALT = 0x1234_5678;
const SIZE = 8 * 1024;
const entry = (index: number, term = 1): LogRecord =>
  entryRecord({ index, term, type: 'normal', data: Buffer.from(`${index}`) });

/** A disk on which segments are laid out by hand. */
class Disk {
  readonly disk = new DiskDirectory();
  readonly directory = openOn(this.disk);
  /** Where the groups of a segment end. */
  readonly ends = new Map<number, number>();

  file(name: string): void {
    this.directory.create(name, 1);
  }
  /** Adds groups to a segment, which is made if absent. Says where the first of them begins. */
  write(number: number, ...groups: readonly (readonly LogRecord[])[]): number {
    this.directory.create(segmentName(number), SIZE);
    const from = this.ends.get(number) ?? 0;
    let end = from;
    for (const group of groups) {
      const { bytes } = encodeGroup(group, { segment: number, salt: SALT + number });
      this.#bytes(number).write(bytes, end);
      end += bytes.length;
    }
    this.ends.set(number, end);
    return from;
  }
  /** Makes the bytes at a place others. */
  spoil(number: number, at: number, length = 40): void {
    this.#bytes(number).write(Buffer.alloc(length, 0x5a), at);
  }
  /** Gives a group another version, sealed anew. */
  setVersion(number: number, at: number, version: number): void {
    const head = Buffer.from(this.#bytes(number).content.subarray(at, at + 32));
    head[4] = version;
    head.writeUInt32BE(crc32c(head, 0, 28, SALT + number), 28);
    this.#bytes(number).write(head, at);
  }
  get names(): string[] {
    return [...this.disk.names.keys()].sort();
  }
  #bytes(number: number) {
    const bytes = this.disk.names.get(segmentName(number));
    if (bytes === undefined) throw new Error(`there is no segment ${number}`);
    return bytes;
  }
}

/** Three segments: entries 1 to 3, 4 to 6, and 7 to 9, of terms 1, 2 and 3. */
function three(): Disk {
  const disk = new Disk();
  for (const n of [1, 2, 3]) {
    const before = 3 * (n - 1);
    const head = [
      segmentRecord(before, n - 1, disk.ends.get(n - 1) ?? 0),
      placeRecord('base', 0, 0),
      hardStateRecord({ term: n, vote: 7, commit: before }),
      factRecord('who', Buffer.from(`someone ${n}`)),
    ];
    disk.write(n, [...head, entry(before + 1, n)], [entry(before + 2, n), entry(before + 3, n)]);
  }
  return disk;
}
const segmentsOf = ({ segments }: LogContents) =>
  segments.map(({ number, end, lastIndex }) => [number, end, lastIndex]);
const termsOf = ({ index }: LogContents): (number | undefined)[] =>
  Array.from({ length: index.last - index.first + 1 }, (_, i) => index.term(index.first + i));
const failure = (disk: Disk): string => {
  try {
    recover(disk.directory);
    return '';
  } catch (error) {
    const { constructor: kind } = error as Error;
    return `${kind === DamagedLogError ? 'damaged' : kind === LaterFormatError ? 'later' : 'error'}: ${(error as Error).message}`;
  }
};
const [ONE, TWO, THREE, FOUR] = [1, 2, 3, 4].map(segmentName) as [string, string, string, string];

describe('a log that is whole', () => {
  it('is read from end to end, with what each segment holds', () => {
    const contents = recover(three().directory);
    expect(segmentsOf(contents)).toEqual([
      [1, 1024, 3],
      [2, 1024, 6],
      [3, 1024, 9],
    ]);
    expect([contents.index.first, contents.index.last, termsOf(contents)]).toEqual([1, 9, [1, 1, 1, 2, 2, 2, 3, 3, 3]]);
    expect(contents.hardState).toEqual({ term: 3, vote: 7, commit: 6 });
    expect(contents.facts.get('who')?.toString()).toBe('someone 3');
    expect([contents.base, contents.lost, contents.broken]).toEqual([{ index: 0, term: 0 }, undefined, '']);
    const place = contents.index.get(5);
    expect(place).toEqual({ segment: 2, offset: 512 + 32, dataBytes: 1, term: 2 });
  });

  it('may be empty, and other files beside it stay', () => {
    const disk = new Disk();
    const others = [`x${ONE}`, `${ONE}x`, 'spare-1', '1.wal', 'zzzzzzzzzzzzzzzz.wal'].sort();
    others.forEach((name) => disk.file(name));
    const contents = recover(disk.directory);
    expect([contents.segments, contents.index.last, contents.lost, disk.names]).toEqual([[], 0, undefined, others]);
  });

  it('is what its records say in their order', () => {
    const disk = three();
    disk.write(3, [placeRecord('truncate', 8, 3), entry(8, 4)], [placeRecord('base', 4, 2)]);
    let contents = recover(disk.directory);
    expect([contents.base, contents.index.first, termsOf(contents)]).toEqual([{ index: 4, term: 2 }, 5, [2, 2, 3, 4]]);
    expect(contents.segments.at(-1)?.lastIndex).toBe(9);
    disk.write(3, [placeRecord('reset', 40, 6)], [entry(41, 6)]);
    contents = recover(disk.directory);
    expect([contents.base, contents.index.first, termsOf(contents)]).toEqual([{ index: 40, term: 6 }, 41, [6]]);
    expect(contents.lost).toBeUndefined();
  });

  it('is not read where it was written by a later release, or an entry is out of its turn', () => {
    let disk = three();
    disk.setVersion(2, 512, 2);
    expect(failure(disk)).toBe('later: version 2');
    disk = three();
    disk.write(3, [entry(11, 3)]);
    expect(failure(disk)).toBe(`damaged: entry 11 follows entry 9 in segment ${THREE}`);
  });
});

describe('files that are none of the log’s any more', () => {
  it('go: those before a gap, when nothing of them is wanted', () => {
    const disk = three();
    disk.write(3, [placeRecord('base', 6, 2)]);
    disk.directory.remove(TWO);
    const contents = recover(disk.directory);
    expect([contents.lost, contents.base, disk.names]).toEqual([undefined, { index: 6, term: 2 }, [THREE]]);
  });

  it('stay, and are told of, when entries in them are wanted', () => {
    const disk = three();
    disk.directory.remove(TWO);
    const contents = recover(disk.directory);
    const reason = 'entries 1 to 6 are missing';
    expect(contents.lost).toEqual({ reason, last: { index: 6, term: 2 }, names: [ONE] });
    expect([contents.index.first, termsOf(contents), disk.names]).toEqual([7, [3, 3, 3], [ONE, THREE]]);
  });
});

describe('damage', () => {
  it('before the last segment makes the log begin behind it', () => {
    const reasons = {
      [`segment ${TWO} is not as it was written at byte 0`]: [2, 0],
      [`segment ${ONE} is not as it was written at byte 512`]: [1, 512],
      [`segment ${TWO} is not as it was written at byte 512`]: [2, 512],
    } as const;
    for (const [reason, [number, at]] of Object.entries(reasons)) {
      const disk = three();
      disk.spoil(number, at);
      const { lost, index, segments } = recover(disk.directory);
      expect([lost?.reason, lost?.last, index.first, segments.length]).toEqual([
        at === 0 ? `segment ${TWO} has no whole beginning` : reason,
        { index: 3 * number, term: number },
        3 * number + 1,
        3 - number,
      ]);
      expect([lost?.names, disk.names]).toEqual([[ONE, TWO].slice(0, number), [ONE, TWO, THREE]]);
    }
    const disk = three();
    disk.spoil(1, 0);
    disk.spoil(2, 512);
    expect(recover(disk.directory).lost?.reason).toBe(
      `segment ${ONE} has no whole beginning, and segment ${TWO} is not as it was written at byte 512`,
    );
  });

  it('of what an overwritten entry stood behind is told up to where it was overwritten', () => {
    const disk = three();
    disk.spoil(1, 512);
    disk.write(3, [placeRecord('truncate', 3, 1), entry(3, 4)]);
    const contents = recover(disk.directory);
    expect([contents.lost?.last, contents.index.first, termsOf(contents)]).toEqual([{ index: 2, term: 1 }, 3, [4]]);
    const other = three();
    other.spoil(1, 512);
    other.write(3, [placeRecord('truncate', 4, 1), entry(4, 4)]);
    expect(recover(other.directory).lost?.last).toEqual({ index: 3, term: 1 });
  });

  it('in the last segment is told, unless it is the rest of a write that was cut off', () => {
    let disk = three();
    disk.spoil(3, 512);
    expect(recover(disk.directory).index.last).toBe(7);
    disk.write(3, [entry(10, 3)]);
    expect(failure(disk)).toBe(`damaged: segment ${THREE} is not as it was written at byte 512`);
    disk = three();
    disk.spoil(3, 0);
    expect(failure(disk)).toBe(`damaged: segment ${THREE} has no whole beginning`);
    expect(disk.names).toEqual([ONE, TWO, THREE]);
  });

  it('of the end of the log is not hidden by a segment that was only begun', () => {
    const disk = three();
    disk.directory.create(FOUR, SIZE);
    expect(recover(disk.directory).index.last).toBe(9);
    expect(disk.names).toEqual([ONE, TWO, THREE]);
    disk.directory.create(FOUR, SIZE);
    // One bit of the last group: nothing that a write which was cut off leaves.
    disk.disk.names.get(THREE)?.flip(512 + 40, 1);
    expect(failure(disk)).toBe(`damaged: segment ${THREE} is not as it was written at byte 512`);
    expect(disk.names).toContain(FOUR);
    const first = new Disk();
    first.directory.create(ONE, SIZE);
    expect([recover(first.directory).segments, first.names]).toEqual([[], []]);
  });
});
