import { crc32 } from 'node:zlib';
import { rowMemory } from './row-memory.js';

/** Every stored row begins with this byte; a release that changes a layout changes the byte and reads both. */
const VERSION = 1;

/** A stored row that does not match its checksum, or has a layout that this release does not know. */
export class CorruptRecordError extends Error {
  constructor(
    readonly table: string,
    readonly key: string,
    reason: string,
    message = `the record of ${JSON.stringify(key)} in table ${table} is damaged (${reason})`,
  ) {
    super(message);
    this.name = 'CorruptRecordError';
  }
}

/** Rows are missing that were written, or there are some that were not; which ones cannot be told. */
export class MissingRowsError extends CorruptRecordError {
  /** `tables` holds other rows than were written up to `revision`. */
  constructor(tables: string, revision: number) {
    super(tables, '', 'rows are missing', `as of revision ${revision}, rows are missing or left over in ${tables}`);
  }
}

/**
 * Layout of an object's record, in `objects` and, moved there byte for byte, in `past`:
 * version 1 | crc32 of all that follows 4 | modRevision 6 | createRevision 6 | expiresAt (ms, 0 = never) 6 | value.
 */
export const OBJECT_HEADER = 23;
const CRC_AT = 1;
const BODY_AT = 5;
const MOD_AT = 5;
const CREATE_AT = 11;
const EXPIRES_AT = 17;

/** Longest key of an object in bytes of UTF-8: composed keys must fit LMDB's 1,978. */
export const MAX_KEY_BYTES = 1_900;

export interface ObjectFields {
  readonly modRevision: number;
  readonly createRevision: number;
  /** Milliseconds since 1970; 0 for never. */
  readonly expiresAt: number;
}

/** Builds the record, with the decimal revision inserted into the value at `revisionAt` (-1: nowhere). */
export function encodeObject(value: Uint8Array, revisionAt: number, fields: ObjectFields): Buffer {
  const digits = revisionAt < 0 ? '' : String(fields.modRevision);
  const record = rowMemory(OBJECT_HEADER + value.length + digits.length);
  record[0] = VERSION;
  record.writeUIntBE(fields.modRevision, MOD_AT, 6);
  record.writeUIntBE(fields.createRevision, CREATE_AT, 6);
  record.writeUIntBE(fields.expiresAt, EXPIRES_AT, 6);
  if (digits === '') {
    record.set(value, OBJECT_HEADER);
  } else {
    record.set(value.subarray(0, revisionAt), OBJECT_HEADER);
    record.write(digits, OBJECT_HEADER + revisionAt, 'latin1');
    record.set(value.subarray(revisionAt), OBJECT_HEADER + revisionAt + digits.length);
  }
  return seal(record);
}

/** Throws CorruptRecordError unless the record is whole. */
export function checkObject(table: string, key: string, record: Buffer): void {
  if (record.length < OBJECT_HEADER) throw new CorruptRecordError(table, key, 'too short');
  checkSeal(table, key, record);
}

/** As stored; 0 for a damaged record that is too short to hold it, which `checkObject` tells. */
export function modRevisionOf(record: Buffer): number {
  return fieldOf(record, MOD_AT);
}
export function createRevisionOf(record: Buffer): number {
  return fieldOf(record, CREATE_AT);
}
export function expiresAtOf(record: Buffer): number {
  return fieldOf(record, EXPIRES_AT);
}
function fieldOf(record: Buffer, at: number): number {
  return record.length < OBJECT_HEADER ? 0 : record.readUIntBE(at, 6);
}
/** Checksum as stored: it covers the value and the revisions. */
export function checksumOf(record: Buffer): number {
  return record.readUInt32BE(CRC_AT);
}
export function valueOf(record: Buffer): Buffer {
  return record.subarray(OBJECT_HEADER);
}

/** Key of a superseded version in `past`: key 0x00 | its modRevision 6 | the revision that superseded it 6. */
export function pastKey(key: string, modRevision: number, supersededAt: number): Buffer {
  const length = Buffer.byteLength(key);
  const out = Buffer.allocUnsafe(length + 13);
  out.write(key, 0, 'utf8');
  out[length] = 0;
  out.writeUIntBE(modRevision, length + 1, 6);
  out.writeUIntBE(supersededAt, length + 7, 6);
  return out;
}
export interface PastKey {
  readonly key: string;
  readonly modRevision: number;
  readonly supersededAt: number;
}
export function parsePastKey(bytes: Buffer): PastKey {
  const length = bytes.length - 13;
  return {
    key: bytes.toString('utf8', 0, length),
    modRevision: bytes.readUIntBE(length + 1, 6),
    supersededAt: bytes.readUIntBE(length + 7, 6),
  };
}

/** Key of a change in `events`: revision 6 | place in its transaction 2. */
export function eventKey(revision: number, sub: number): Buffer {
  const out = Buffer.allocUnsafe(8);
  out.writeUIntBE(revision, 0, 6);
  out.writeUInt16BE(sub, 6);
  return out;
}
export function eventKeyRevision(key: Buffer): number {
  return key.readUIntBE(0, 6);
}
export function eventKeySub(key: Buffer): number {
  return key.readUInt16BE(6);
}

export type EventType = 'create' | 'modify' | 'delete';
const EVENT_TYPES: readonly EventType[] = ['create', 'modify', 'delete'];

export interface EventRow {
  readonly type: EventType;
  readonly key: string;
  /** modRevision of the version before; 0 for a create. */
  readonly prevRevision: number;
}

/** A change: version 1 | crc32 4 | type 1 | prevRevision 6 | key. The values are in `objects` or `past`. */
export function encodeEvent(row: EventRow): Buffer {
  const length = Buffer.byteLength(row.key);
  const out = rowMemory(12 + length);
  out[0] = VERSION;
  out[5] = EVENT_TYPES.indexOf(row.type);
  out.writeUIntBE(row.prevRevision, 6, 6);
  out.write(row.key, 12, 'utf8');
  return seal(out);
}
export function decodeEvent(key: Buffer, row: Buffer): EventRow {
  const name = `${eventKeyRevision(key)}/${eventKeySub(key)}`;
  if (row.length < 12) throw new CorruptRecordError('events', name, 'too short');
  checkSeal('events', name, row);
  const type = EVENT_TYPES[row.readUInt8(5)];
  if (type === undefined) throw new CorruptRecordError('events', name, 'unknown type');
  return { type, prevRevision: row.readUIntBE(6, 6), key: row.toString('utf8', 12) };
}

/** Key in `expiry`: time in ms 6 | object key. Its row is the object's modRevision 6. */
export function expiryKey(time: number, key: string): Buffer {
  const out = Buffer.allocUnsafe(6 + Buffer.byteLength(key));
  out.writeUIntBE(time, 0, 6);
  out.write(key, 6, 'utf8');
  return out;
}
export function parseExpiryKey(bytes: Buffer): { readonly time: number; readonly key: string } {
  return { time: bytes.readUIntBE(0, 6), key: bytes.toString('utf8', 6) };
}
export function encodeRevision(revision: number): Buffer {
  const out = rowMemory(6);
  out.writeUIntBE(revision, 0, 6);
  return out;
}

/** Fills in the checksum (bytes 1 to 4) over everything behind it. */
export function seal(row: Buffer): Buffer {
  row[0] = VERSION;
  row.writeUInt32BE(crc32(row.subarray(BODY_AT)), CRC_AT);
  return row;
}
/** Throws CorruptRecordError when version or checksum are not as `seal` left them. */
export function checkSeal(table: string, key: string, row: Buffer): void {
  if (row[0] !== VERSION) throw new CorruptRecordError(table, key, `layout version ${row[0]} is not known`);
  if (row.readUInt32BE(CRC_AT) !== crc32(row.subarray(BODY_AT))) {
    throw new CorruptRecordError(table, key, 'checksum mismatch');
  }
}

/** Order of keys as LMDB has it (bytes of UTF-8), which is not that of JS strings when surrogates are involved. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    if (x >= 0xd800 && y >= 0xd800) return Buffer.compare(Buffer.from(a), Buffer.from(b));
    return x - y;
  }
  return a.length - b.length;
}
