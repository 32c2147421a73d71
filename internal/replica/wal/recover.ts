import type { HardState } from '../../raft/types.js';
import { EntryIndex } from './entry-index.js';
import type { LogDirectory } from './files.js';
import {
  aligned,
  decodeGroup,
  factOf,
  type Group,
  hardStateOf,
  isGroupOneBitOff,
  isKnownVersion,
  type LogRecord,
  previousEndOf,
  SECTOR_BYTES,
} from './record.js';

/** The log on disk is not what was written. The message says what is wrong, as the middle of a sentence. */
export class DamagedLogError extends Error {}

/** The log was written by a later release. */
export class LaterFormatError extends Error {}

/** One file of the log. */
export interface Segment {
  readonly number: number;
  readonly salt: number;
  /** Where its groups end. */
  end: number;
  /** Highest index of an entry that was ever written to it; 0 for none. */
  lastIndex: number;
}

export interface Place {
  readonly index: number;
  readonly term: number;
}

/** A part of the log, at its beginning, that is not as it was written; what is behind it is. */
export interface LostPart {
  /** What is wrong, as the middle of a sentence. */
  readonly reason: string;
  /** The last entry of it. */
  readonly last: Place;
  /** The files that held it, as far as there are any. */
  readonly names: readonly string[];
}

/** What a log holds. */
export interface LogContents {
  /** Oldest first; the last one is written on. */
  readonly segments: Segment[];
  readonly index: EntryIndex;
  /** The entry just before the first. */
  base: Place;
  hardState: HardState | undefined;
  readonly facts: Map<string, Buffer>;
  /** The entry before the first segment that was read; the index begins behind it. */
  begins: Place;
  /** Why the segments that were read first are left out; '' when none are. */
  broken: string;
  /** Entries that are wanted, for `base` is below them, and cannot be read. */
  lost: LostPart | undefined;
}

export function emptyContents(): LogContents {
  const base = { index: 0, term: 0 };
  return {
    segments: [],
    index: new EntryIndex(1),
    base,
    hardState: undefined,
    facts: new Map(),
    begins: base,
    broken: '',
    lost: undefined,
  };
}

const NAME = /^([0-9a-f]{16})\.wal$/;

/** Name of a segment's file. */
export function segmentName(number: number): string {
  return `${number.toString(16).padStart(16, '0')}.wal`;
}

/**
 * Reads the log from end to end. A tail that a crash has cut off, with nothing whole behind it, is left out: it was never
 * synced, so nobody was told of it. A segment that is damaged or missing in front of others makes the log begin behind it:
 * they say by themselves what all before them came to, but for the entries, which are `lost`. Throws DamagedLogError when
 * the last segment is not as it was written.
 */
export function recover(directory: LogDirectory): LogContents {
  const names = directory.list().filter((name) => NAME.test(name));
  const numbers = names.map((name) => Number.parseInt(name, 16)).sort((a, b) => a - b);
  // A removal that was not synced may have come undone: what is in front of a gap was on its way out.
  let first = numbers.length - 1;
  while (first > 0 && numbers[first - 1] === (numbers[first] ?? 0) - 1) first--;
  const contents = emptyContents();
  const kept = numbers.slice(Math.max(first, 0));
  let memory: Buffer | undefined;
  for (const number of kept) memory = readSegment(directory, number, contents, number === kept.at(-1), memory);
  const { segments } = contents;
  const last = segments.at(-1);
  if (last === undefined && contents.broken !== '') throw new DamagedLogError(contents.broken);
  const cutOff = kept.at(-1);
  if (cutOff !== undefined && last?.number !== cutOff) {
    // The one before it is the last: nothing behind it says where it ended.
    if (last !== undefined) {
      const { number, salt, end } = last;
      const bytes = readAll(directory, segmentName(number));
      if (isDamage(bytes, end, number, salt)) throw new DamagedLogError(notAsWritten(segmentName(number), end));
    }
    directory.remove(segmentName(cutOff));
  }
  const unused = numbers.filter((number) => number < (segments[0]?.number ?? 0)).map(segmentName);
  const { base, index, begins } = contents;
  if (base.index < index.first - 1) {
    const reason = contents.broken || `entries ${base.index + 1} to ${begins.index} are missing`;
    contents.lost = { reason, last: begins, names: unused };
  } else for (const name of unused) directory.remove(name);
  return contents;
}

function readAll(directory: LogDirectory, name: string, memory?: Buffer): Buffer {
  const file = directory.open(name);
  const bytes = file.read(0, file.size, memory);
  file.close();
  return bytes;
}

/** Returns the memory that it read into, for the next one: nothing of it is kept. */
function readSegment(
  directory: LogDirectory,
  number: number,
  contents: LogContents,
  isLast: boolean,
  memory: Buffer | undefined,
): Buffer {
  const name = segmentName(number);
  const bytes = readAll(directory, name, memory);
  const head = decodeGroup(bytes, 0, number, undefined);
  if (head === undefined) {
    // A segment is begun with one write, and nothing is taken for written before that is synced.
    if (isLast && !isDamage(bytes, 0, number, undefined)) return bytes;
    noteBroken(contents, `segment ${name} has no whole beginning`);
    contents.segments.length = 0;
    return bytes;
  }
  const segment: Segment = { number, salt: head.salt, end: 0, lastIndex: 0 };
  for (let group: Group | undefined = head; group !== undefined; ) {
    if (!isKnownVersion(group.version)) throw new LaterFormatError(`version ${group.version}`);
    for (const [i, record] of group.records.entries()) {
      take(contents, segment, record, group.places[i] ?? 0, name);
    }
    segment.end = group.end;
    group = decodeGroup(bytes, segment.end, number, segment.salt);
  }
  if (isLast && isDamage(bytes, segment.end, number, segment.salt)) {
    throw new DamagedLogError(notAsWritten(name, segment.end));
  }
  contents.segments.push(segment);
  return bytes;
}

function noteBroken(contents: LogContents, reason: string): void {
  contents.broken += contents.broken === '' ? reason : `, and ${reason}`;
}

function notAsWritten(name: string, at: number): string {
  return `segment ${name} is not as it was written at byte ${at}`;
}

/** Is what stands at `at`, which is no whole group, more than the rest of a write that was cut off? */
function isDamage(bytes: Buffer, at: number, segment: number, salt: number | undefined): boolean {
  // Groups are written one after another, each when the one before it is synced.
  for (let next = aligned(at + 1); next < bytes.length; next += SECTOR_BYTES) {
    if (decodeGroup(bytes, next, segment, salt) !== undefined) return true;
  }
  return isGroupOneBitOff(bytes, at, segment, salt);
}

/** What one record says. */
function take(contents: LogContents, segment: Segment, record: LogRecord, offset: number, name: string): void {
  const { index, segments } = contents;
  switch (record.type) {
    case 'segment': {
      const before = segments.at(-1);
      if (before !== undefined) {
        if (before.end === previousEndOf(record) && index.last === record.index) return;
        noteBroken(contents, notAsWritten(segmentName(before.number), before.end));
      }
      contents.begins = { index: record.index, term: record.term };
      index.reset(record.index + 1);
      segments.length = 0;
      return;
    }
    case 'entry':
    case 'confChange':
      if (record.index !== index.last + 1) {
        throw new DamagedLogError(`entry ${record.index} follows entry ${index.last} in segment ${name}`);
      }
      index.push({ segment: segment.number, offset, dataBytes: record.data.length, term: record.term });
      segment.lastIndex = Math.max(segment.lastIndex, record.index);
      return;
    case 'truncate':
      index.truncate(record.index);
      if (record.index <= contents.begins.index) contents.begins = { index: record.index - 1, term: record.term };
      return;
    case 'base':
      contents.base = { index: record.index, term: record.term };
      index.dropTo(record.index);
      return;
    case 'reset':
      contents.base = { index: record.index, term: record.term };
      index.reset(record.index + 1);
      return;
    case 'hardState':
      contents.hardState = hardStateOf(record);
      return;
    case 'fact': {
      const { name: fact, value } = factOf(record);
      contents.facts.set(fact, Buffer.from(value));
      return;
    }
  }
}
