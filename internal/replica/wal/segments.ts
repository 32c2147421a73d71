import { randomBytes } from 'node:crypto';
import { assert } from '../../machinery/assert.js';
import type { Entry } from '../../raft/types.js';
import type { EntryPlace } from './entry-index.js';
import type { LogDirectory, LogFile } from './files.js';
import {
  decodeRecord,
  encodeGroup,
  factOf,
  factRecord,
  hardStateRecord,
  aligned,
  groupBytes,
  type LogRecord,
  placeRecord,
  recordBytes,
  segmentRecord,
} from './record.js';
import { DamagedLogError, type LogContents, type LostPart, type Place, type Segment, segmentName } from './recover.js';

/** A segment has this size, or that of its only group where that is larger. */
const SEGMENT_BYTES = 8 * 1024 * 1024;
/** Files of segments that went, kept to be written again: their blocks are there already. */
const SPARES_MAX = 2;
/**
 * A small group takes so many zeros behind it along when it comes to blocks that the file does not have yet: to give a file
 * blocks costs the disk another write of its own, which the next groups are then spared. Large groups are few, and where
 * groups are large on the average a small one among them takes none along: they would soon be written over.
 */
const FILL_BYTES = 128 * 1024;
const SMALL_GROUP_BYTES = 8 * 1024;
/** How much of the average is the last group's. */
const AVERAGE_SHARE = 1 / 8;
const ZEROS = Buffer.alloc(FILL_BYTES);
const SPARE = /^spare-\d+$/;

const memoryOf =
  (file: LogFile) =>
  (bytes: number): Buffer =>
    file.memory?.(bytes) ?? Buffer.allocUnsafe(bytes);

/** The files of the log: groups are added at the end, and whole segments go at the beginning. One write at a time. */
export class Segments {
  readonly #directory: LogDirectory;
  readonly #segmentBytes: number;
  readonly #segments: Segment[];
  readonly #files = new Map<number, LogFile>();
  readonly #spares: string[] = [];
  #sparesMade = 0;
  /** Up to where the last segment's file has its blocks. */
  #filled: number;
  /** Bytes of a group, on the average of the last ones. */
  #usual = 0;
  /** What the records written so far come to: a new segment begins with it. */
  #last: Place;
  #base: Place;
  #hardState: LogRecord | undefined;
  readonly #facts: Map<string, Buffer>;
  /** What the log cannot be read of, until nobody needs it. */
  #lost: LostPart | undefined;

  constructor(directory: LogDirectory, contents: LogContents, segmentBytes = SEGMENT_BYTES) {
    this.#directory = directory;
    this.#segmentBytes = segmentBytes;
    this.#segments = contents.segments;
    this.#filled = contents.segments.at(-1)?.end ?? 0;
    const { index, base, lost } = contents;
    const before = lost?.last ?? base;
    const term = index.last === before.index ? before.term : (index.term(index.last) ?? 0);
    this.#last = { index: index.last, term };
    this.#lost = lost;
    this.#base = base;
    this.#hardState = contents.hardState === undefined ? undefined : hardStateRecord(contents.hardState);
    this.#facts = new Map(contents.facts);
    for (const name of directory.list().filter((each) => SPARE.test(each))) {
      if (this.#spares.length < SPARES_MAX) this.#spares.push(name);
      else directory.remove(name);
    }
  }

  /**
   * What was found on the disk may have been written by a process that was killed before it had synced it. To be called
   * before anything is told that rests on it.
   */
  async syncFound(): Promise<void> {
    const last = this.#segments.at(-1);
    if (last !== undefined) await this.#file(last.number).sync();
    await this.#directory.sync();
  }

  /**
   * Writes records as one group, and syncs it. Says where each begins. When it fails, nothing counts as written, and the
   * same records can be written again.
   */
  write(records: readonly LogRecord[]): Promise<{ readonly segment: number; readonly offsets: readonly number[] }> {
    const current = this.#segments.at(-1);
    const fits = current !== undefined && current.end + aligned(groupBytes(records)) <= this.#file(current.number).size;
    return fits ? this.#writeBehind(current, records) : this.#begin(current, records);
  }

  async #writeBehind(
    segment: Segment,
    records: readonly LogRecord[],
  ): Promise<{ readonly segment: number; readonly offsets: readonly number[] }> {
    const { number, salt } = segment;
    const file = this.#file(number);
    const { bytes, places } = encodeGroup(records, { segment: number, salt }, memoryOf(file));
    const at = segment.end;
    await this.#writeFilled(file, bytes, at);
    await file.sync();
    segment.end = at + bytes.length;
    this.#note(segment, records);
    return { segment: number, offsets: places.map((place) => at + place) };
  }

  async #writeFilled(file: LogFile, bytes: Buffer, at: number): Promise<void> {
    const end = at + bytes.length;
    this.#usual += (bytes.length - this.#usual) * AVERAGE_SHARE;
    const isSmall = Math.max(bytes.length, this.#usual) <= SMALL_GROUP_BYTES;
    const fill = end > this.#filled && isSmall ? Math.min(FILL_BYTES, file.size - end) : 0;
    await file.write(fill > 0 ? Buffer.concat([bytes, ZEROS.subarray(0, fill)]) : bytes, at);
    this.#filled = Math.max(this.#filled, end + fill);
  }

  /** Begins a segment with what the records so far come to, and the first new ones, in one group. */
  async #begin(
    previous: Segment | undefined,
    records: readonly LogRecord[],
  ): Promise<{ readonly segment: number; readonly offsets: readonly number[] }> {
    const head = [
      segmentRecord(this.#last.index, this.#last.term, previous?.end ?? 0),
      placeRecord('base', this.#base.index, this.#base.term),
      ...(this.#hardState === undefined ? [] : [this.#hardState]),
      ...[...this.#facts].map(([name, value]) => factRecord(name, value)),
    ];
    const number = (previous?.number ?? 0) + 1;
    const segment: Segment = { number, salt: randomBytes(4).readUInt32BE(0), end: 0, lastIndex: 0 };
    const { bytes, places } = encodeGroup([...head, ...records], { segment: number, salt: segment.salt });
    const name = segmentName(number);
    const size = Math.max(this.#segmentBytes, bytes.length);
    this.#files.get(number)?.close();
    this.#files.delete(number);
    const spare =
      size === this.#segmentBytes && !this.#directory.list().includes(name) ? this.#spares.pop() : undefined;
    if (spare !== undefined) this.#directory.rename(spare, name);
    const file = this.#directory.create(name, size);
    this.#files.set(number, file);
    this.#filled = spare === undefined ? 0 : size;
    await this.#writeFilled(file, bytes, 0);
    await file.sync();
    await this.#directory.sync();
    segment.end = bytes.length;
    this.#segments.push(segment);
    this.#note(segment, records);
    return { segment: number, offsets: places.slice(head.length) };
  }

  #note(segment: Segment, records: readonly LogRecord[]): void {
    for (const record of records) {
      const { type, index, term } = record;
      if (type === 'entry' || type === 'confChange') {
        this.#last = { index, term };
        segment.lastIndex = Math.max(segment.lastIndex, index);
      } else if (type === 'truncate') this.#last = { index: index - 1, term };
      else if (type === 'base') this.#base = { index, term };
      else if (type === 'reset') this.#last = this.#base = { index, term };
      else if (type === 'hardState') this.#hardState = record;
      else if (type === 'fact') this.#facts.set(factOf(record).name, Buffer.from(factOf(record).value));
    }
  }

  /** Reads an entry. Throws DamagedLogError. */
  read(index: number, { segment, offset, dataBytes, term }: EntryPlace): Entry {
    const salt = this.#segments.find(({ number }) => number === segment)?.salt;
    assert(salt !== undefined, `entry ${index} is in segment ${segment}, which is gone`);
    const bytes = this.#file(segment).read(offset, recordBytes(dataBytes));
    const record = decodeRecord(bytes, 0, bytes.length, salt);
    if (record === undefined || record.index !== index || record.term !== term) {
      throw new DamagedLogError(`entry ${index} in segment ${segmentName(segment)} is not as it was written`);
    }
    return { index, term, type: record.type === 'confChange' ? 'confChange' : 'normal', data: record.data };
  }

  /** Removes the segments of which no entry beyond `index` is needed. What says so must be on the disk already. */
  async removeTo(index: number): Promise<void> {
    const gone: string[] = [];
    if (this.#lost !== undefined && this.#lost.last.index <= index) {
      for (const name of this.#lost.names) this.#directory.remove(name);
      this.#lost = undefined;
    }
    for (let [first, second] = this.#segments; first !== undefined && second !== undefined; ) {
      if (first.lastIndex > index) break;
      const { number } = first;
      const size = this.#file(number).size;
      this.#files.get(number)?.close();
      this.#files.delete(number);
      this.#segments.shift();
      const name = segmentName(number);
      if (size === this.#segmentBytes && this.#spares.length + gone.length < SPARES_MAX) {
        const spare = this.#spareName();
        this.#directory.rename(name, spare);
        gone.push(spare);
      } else this.#directory.remove(name);
      [first, second] = this.#segments;
    }
    // Before it is known that a file is none of the log's any more it must not be written again.
    await this.#directory.sync();
    this.#spares.push(...gone);
  }

  #spareName(): string {
    for (;;) {
      const name = `spare-${this.#sparesMade++}`;
      if (!this.#directory.list().includes(name)) return name;
    }
  }

  #file(number: number): LogFile {
    let file = this.#files.get(number);
    if (file === undefined) this.#files.set(number, (file = this.#directory.open(segmentName(number))));
    return file;
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }
}
