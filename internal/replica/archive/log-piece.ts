import { createHash } from 'node:crypto';
import { FatalError } from '../../machinery/assert.js';
import type { Entry } from '../../raft/index.js';

/** What stands at the head of a piece of the log. */
export interface LogPieceHeader {
  readonly version: 1;
  /** Names the cluster. */
  readonly cluster: number;
  readonly first: number;
  readonly last: number;
  /** The revision behind the last entry, and the hash of all changes up to it; 0 and '' where they were not known. */
  readonly revision: number;
  readonly changes: string;
  /** Who wrote it. */
  readonly member: string;
}

/** An entry of the log, and when it was appended, in ms since 1970. */
export interface TimedEntry {
  readonly entry: Entry;
  readonly timeMs: number;
}

/**
 * The file: this line, the header as one line of JSON, the entries (data bytes 4, time 6, term 6, type 1, then the data;
 * numbers big-endian), and the SHA-256 of all before it.
 */
const MAGIC = Buffer.from('quorate log 1\n');
const ENTRY_HEAD = 17;
const SUM_BYTES = 32;
const CONF_CHANGE = 1;

/** The bytes of a piece of the log. */
export function encodeLogPiece(header: LogPieceHeader, entries: readonly TimedEntry[]): Buffer {
  const parts: Uint8Array[] = [MAGIC, Buffer.from(`${JSON.stringify(header)}\n`)];
  for (const { entry, timeMs } of entries) {
    const head = Buffer.allocUnsafe(ENTRY_HEAD);
    head.writeUInt32BE(entry.data.length);
    head.writeUIntBE(timeMs, 4, 6);
    head.writeUIntBE(entry.term, 10, 6);
    head[16] = entry.type === 'confChange' ? CONF_CHANGE : 0;
    parts.push(head, entry.data);
  }
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return Buffer.concat([...parts, sum.digest()]);
}

/** Reads a piece of the log. Throws FatalError, with its name, for what is damaged, cut off or of a later release. */
export function decodeLogPiece(bytes: Buffer, name: string): { header: LogPieceHeader; entries: TimedEntry[] } {
  const damaged = (why: string): FatalError =>
    new FatalError(`the archived log ${name} cannot be used: ${why}. Restore to a moment before it.`);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged('its first line is wrong');
  const body = bytes.subarray(0, Math.max(MAGIC.length, bytes.length - SUM_BYTES));
  if (!createHash('sha256').update(body).digest().equals(bytes.subarray(body.length)))
    throw damaged('its checksum does not match, or it is cut off');
  const lineEnd = body.indexOf(10, MAGIC.length);
  const header = JSON.parse(body.subarray(MAGIC.length, lineEnd).toString('utf8')) as LogPieceHeader;
  if (header.version !== 1) throw damaged('it was written by a newer release');
  const entries: TimedEntry[] = [];
  let at = lineEnd + 1;
  for (let index = header.first; index <= header.last; index++) {
    if (at + ENTRY_HEAD > body.length) throw damaged('it holds fewer entries than it says');
    const end = at + ENTRY_HEAD + body.readUInt32BE(at);
    if (end > body.length) throw damaged('an entry is cut off');
    entries.push({
      timeMs: body.readUIntBE(at + 4, 6),
      entry: {
        index,
        term: body.readUIntBE(at + 10, 6),
        type: body[at + 16] === CONF_CHANGE ? 'confChange' : 'normal',
        data: body.subarray(at + ENTRY_HEAD, end),
      },
    });
    at = end;
  }
  if (at !== body.length) throw damaged('it holds more than it says');
  return { header, entries };
}
