import type { Entry, HardState } from '../../raft/types.js';
import { crc32c, isOneBitOff } from './crc32c.js';

/**
 * What a segment of the Raft log is made of. Numbers are written highest byte first.
 *
 * A segment is a row of groups, each beginning at a multiple of `SECTOR_BYTES`: what was synced is never written again.
 * A group is what one write puts on the disk, whole or not at all:
 *
 *     magic 4 | version 1 | 0 3 | bytes of the group 4 | records 4 | segment 4 | salt 4 | CRC-32C of these 28 bytes 4
 *     the records, each: bytes of data 4 | type 1 | 0 1 | index 6 | term 6 | 0 2 | CRC-32C of these 20 and the data 4 | data
 *     the trailer: 4 bytes with many bits set, so that a group whose end is missing differs by more than a bit
 *
 * The salt is chosen anew for every use of a segment's file, and every checksum begins with it: what an earlier use left
 * behind, or a client has sent, is never taken for a group.
 */
export const SECTOR_BYTES = 512;
const VERSION = 1;
const MAGIC = 0x51_52_4c_47;
const GROUP_HEADER = 32;
const RECORD_HEADER = 24;
const TRAILER = 0xa5_5a_c3_3c;
const TRAILER_BYTES = 4;

export type RecordType = 'segment' | 'entry' | 'confChange' | 'hardState' | 'truncate' | 'base' | 'reset' | 'fact';
const TYPES: readonly (RecordType | undefined)[] = [
  undefined,
  'segment',
  'entry',
  'confChange',
  'hardState',
  'truncate',
  'base',
  'reset',
  'fact',
];

/**
 * One record. `index` and `term` are the entry's; of the entry before the first one for `base` (entries up to there are
 * forgotten) and `reset` (so is everything); the first one that goes for `truncate`; the commit index and the term for
 * `hardState`; the last entry before the segment for `segment`; 0 for `fact`.
 */
export interface LogRecord {
  readonly type: RecordType;
  readonly index: number;
  readonly term: number;
  readonly data: Uint8Array;
}

const NOTHING = new Uint8Array(0);

export function entryRecord({ type, index, term, data }: Entry): LogRecord {
  return { type: type === 'confChange' ? 'confChange' : 'entry', index, term, data };
}
export function placeRecord(type: 'truncate' | 'base' | 'reset', index: number, term: number): LogRecord {
  return { type, index, term, data: NOTHING };
}
/** Ids go up to 2^53. */
export function hardStateRecord({ term, vote, commit }: HardState): LogRecord {
  const data = Buffer.allocUnsafe(8);
  data.writeDoubleBE(vote, 0);
  return { type: 'hardState', index: commit, term, data };
}
export function hardStateOf({ index, term, data }: LogRecord): HardState {
  const vote = Buffer.from(data.buffer, data.byteOffset, data.byteLength).readDoubleBE(0);
  return { term, vote, commit: index };
}
export function factRecord(name: string, value: Uint8Array): LogRecord {
  const key = Buffer.from(name);
  return { type: 'fact', index: 0, term: 0, data: Buffer.concat([Buffer.from([key.length]), key, value]) };
}
export function factOf({ data }: LogRecord): { readonly name: string; readonly value: Buffer } {
  const bytes = Buffer.from(data);
  const length = bytes[0] ?? 0;
  return { name: bytes.toString('utf8', 1, 1 + length), value: bytes.subarray(1 + length) };
}
/** First of a segment: the log's end before it, and where the groups of the segment before it end. */
export function segmentRecord(last: number, lastTerm: number, previousEnd: number): LogRecord {
  const data = Buffer.alloc(6);
  data.writeUIntBE(previousEnd, 0, 6);
  return { type: 'segment', index: last, term: lastTerm, data };
}
export function previousEndOf({ data }: LogRecord): number {
  return Buffer.from(data).readUIntBE(0, 6);
}

/** Which use of which file a group belongs to. */
export interface SegmentKey {
  readonly segment: number;
  readonly salt: number;
}

/** The next multiple of a sector. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES;
}

/** Bytes that these records take as one group. */
export function groupBytes(records: readonly LogRecord[]): number {
  let bytes = GROUP_HEADER + TRAILER_BYTES;
  for (const { data } of records) bytes += RECORD_HEADER + data.length;
  return bytes;
}

/**
 * The group, padded with zeros to whole sectors, and where in it each record begins. `memory` gives so many bytes to put it
 * into.
 */
export function encodeGroup(
  records: readonly LogRecord[],
  { segment, salt }: SegmentKey,
  memory: (bytes: number) => Buffer = (size) => Buffer.allocUnsafe(size),
): { readonly bytes: Buffer; readonly places: readonly number[] } {
  const length = groupBytes(records);
  const bytes = memory(aligned(length));
  bytes.fill(0, length);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeUInt32BE(VERSION << 24, 4);
  bytes.writeUInt32BE(length, 8);
  bytes.writeUInt32BE(records.length, 12);
  bytes.writeUInt32BE(segment, 16);
  bytes.writeUInt32BE(salt, 20);
  bytes.writeUInt32BE(0, 24);
  bytes.writeUInt32BE(crc32c(bytes, 0, 28, salt), 28);
  const places: number[] = [];
  let at = GROUP_HEADER;
  for (const { type, index, term, data } of records) {
    places.push(at);
    bytes.writeUInt32BE(data.length, at);
    bytes.writeUInt16BE(TYPES.indexOf(type) << 8, at + 4);
    bytes.writeUIntBE(index, at + 6, 6);
    bytes.writeUIntBE(term, at + 12, 6);
    bytes.writeUInt16BE(0, at + 18);
    bytes.set(data, at + RECORD_HEADER);
    bytes.writeUInt32BE(recordChecksum(bytes, at, data.length, salt), at + 20);
    at += RECORD_HEADER + data.length;
  }
  bytes.writeUInt32BE(TRAILER, at);
  return { bytes, places };
}

function recordChecksum(bytes: Uint8Array, at: number, length: number, salt: number): number {
  const header = crc32c(bytes, at, at + 20, salt);
  return crc32c(bytes, at + RECORD_HEADER, at + RECORD_HEADER + length, header);
}

/** Bytes of a record on disk, for data of this length. */
export function recordBytes(dataLength: number): number {
  return RECORD_HEADER + dataLength;
}

/** The record that these bytes are, all of them; undefined when they are not whole. */
export function decodeRecord(bytes: Buffer, at: number, end: number, salt: number): LogRecord | undefined {
  if (at + RECORD_HEADER > end) return undefined;
  const length = bytes.readUInt32BE(at);
  const type = TYPES[bytes[at + 4] ?? 0];
  if (type === undefined || at + RECORD_HEADER + length > end) return undefined;
  if (recordChecksum(bytes, at, length, salt) !== bytes.readUInt32BE(at + 20)) return undefined;
  const data = bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
  return { type, index: bytes.readUIntBE(at + 6, 6), term: bytes.readUIntBE(at + 12, 6), data };
}

export interface Group {
  readonly salt: number;
  readonly version: number;
  readonly records: readonly LogRecord[];
  /** Where in the segment each record begins. */
  readonly places: readonly number[];
  /** Where the next group begins. */
  readonly end: number;
}

/** The group that begins at `at` in a segment; undefined when there is none, or it is not whole. */
export function decodeGroup(bytes: Buffer, at: number, segment: number, salt: number | undefined): Group | undefined {
  const header = decodeHeader(bytes, at, segment, salt);
  if (header === undefined) return undefined;
  const { length, count, version } = header;
  // Of a later release: its records are not known here, but that it is whole is.
  if (version !== VERSION) return { salt: header.salt, version, records: [], places: [], end: at + aligned(length) };
  const end = at + length - TRAILER_BYTES;
  if (end > bytes.length - TRAILER_BYTES || bytes.readUInt32BE(end) !== TRAILER) return undefined;
  const records: LogRecord[] = [];
  const places: number[] = [];
  let next = at + GROUP_HEADER;
  for (let i = 0; i < count; i++) {
    const record = decodeRecord(bytes, next, end, header.salt);
    if (record === undefined) return undefined;
    records.push(record);
    places.push(next);
    next += RECORD_HEADER + record.data.length;
  }
  return next === end ? { salt: header.salt, version, records, places, end: at + aligned(length) } : undefined;
}

export const isKnownVersion = (version: number): boolean => version === VERSION;

function decodeHeader(
  bytes: Buffer,
  at: number,
  segment: number,
  salt: number | undefined,
): { length: number; count: number; version: number; salt: number } | undefined {
  if (at + GROUP_HEADER > bytes.length || bytes.readUInt32BE(at) !== MAGIC) return undefined;
  const own = bytes.readUInt32BE(at + 20);
  if (bytes.readUInt32BE(at + 16) !== segment >>> 0 || (salt !== undefined && own !== salt)) return undefined;
  if (crc32c(bytes, at, at + 28, own) !== bytes.readUInt32BE(at + 28)) return undefined;
  const length = bytes.readUInt32BE(at + 8);
  if (length < GROUP_HEADER + TRAILER_BYTES) return undefined;
  return { length, count: bytes.readUInt32BE(at + 12), version: bytes[at + 4] ?? 0, salt: own };
}

/**
 * Would the group at `at` be whole if one bit of it were another? Then the disk has flipped that bit: a write that was cut
 * off leaves out whole sectors, and with them many bits.
 */
export function isGroupOneBitOff(bytes: Buffer, at: number, segment: number, salt: number | undefined): boolean {
  const header = decodeHeader(bytes, at, segment, salt);
  if (header !== undefined) return isBodyOneBitOff(bytes, at, header);
  if (at + GROUP_HEADER > bytes.length) return false;
  const head = Buffer.from(bytes.subarray(at, at + GROUP_HEADER));
  for (let bit = 0; bit < GROUP_HEADER * 8; bit++) {
    head[bit >> 3] = (head[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    if (decodeHeader(head, 0, segment, salt) !== undefined) {
      const tried = Buffer.from(bytes.subarray(at, at + head.readUInt32BE(8)));
      head.copy(tried);
      if (decodeGroup(tried, 0, segment, salt) !== undefined) return true;
    }
    head[bit >> 3] = (head[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  }
  return false;
}

function isBodyOneBitOff(bytes: Buffer, at: number, header: { length: number; count: number; salt: number }): boolean {
  const end = at + header.length - TRAILER_BYTES;
  if (end + TRAILER_BYTES > bytes.length) return false;
  let flips = bitsOf(bytes.readUInt32BE(end) ^ TRAILER);
  let next = at + GROUP_HEADER;
  for (let i = 0; i < header.count && flips <= 1; i++) {
    if (next + RECORD_HEADER > end) return false;
    let length = bytes.readUInt32BE(next);
    if (decodeRecord(bytes, next, end, header.salt) === undefined) {
      flips++;
      // A flipped bit in the length sends all that follows astray: each is tried.
      const lengths = [length, ...Array.from({ length: 32 }, (_, bit) => (length ^ (1 << bit)) >>> 0)];
      const fits = lengths.find((each) => {
        if (next + RECORD_HEADER + each > end) return false;
        const trial = Buffer.from(bytes.subarray(next, next + RECORD_HEADER));
        trial.writeUInt32BE(each, 0);
        const found = crc32c(
          bytes,
          next + RECORD_HEADER,
          next + RECORD_HEADER + each,
          crc32c(trial, 0, 20, header.salt),
        );
        const stored = trial.readUInt32BE(20);
        return each === length ? isOneBitOff(20 + each, found, stored) : found === stored;
      });
      if (fits === undefined) return false;
      length = fits;
    }
    next += RECORD_HEADER + length;
  }
  return flips === 1 && next === end;
}

function bitsOf(value: number): number {
  let bits = 0;
  for (let rest = value >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) bits++;
  return bits;
}
