import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Entry, HardState } from '../../raft/types.js';
import { type Environment, openEnvironment, openTable, type Table } from '../../store/lmdb.js';
import { checkSeal, CorruptRecordError } from '../../store/rows.js';
import { openLogDirectory, syncDirectory } from './files.js';
import { entryRecord, factRecord, hardStateRecord, type LogRecord, placeRecord } from './record.js';
import { DamagedLogError, emptyContents, type Place } from './recover.js';
import { Segments } from './segments.js';

const GROUP_BYTES = 1024 * 1024;
const ENTRY_HEADER = 12;
/** Bounds of every key: without them lmdb begins where its own key encoding would. */
const LOWEST = Buffer.alloc(6, 0);
const HIGHEST = Buffer.alloc(7, 0xff);

/**
 * Earlier releases kept the log in an LMDB database in `former`. What it holds is written to segments in `path`, and the
 * database removed. The new directory gets its name when all of it is on the disk: a crash before leaves the old one to begin
 * with again, and one after leaves it to be removed. Throws DamagedLogError.
 */
export async function takeOver(former: string, path: string): Promise<void> {
  if (!existsSync(join(former, 'data.mdb'))) return;
  if (!existsSync(path)) {
    const unfinished = `${path}.new`;
    rmSync(unfinished, { recursive: true, force: true });
    await convert(former, unfinished);
    renameSync(unfinished, path);
    await syncDirectory(dirname(path));
  }
  rmSync(former, { recursive: true, force: true });
  await syncDirectory(dirname(former));
}

async function convert(former: string, path: string): Promise<void> {
  const environment = openEnvironment({ path: former, overlappingSync: false });
  try {
    const segments = new Segments(openLogDirectory(path), emptyContents());
    try {
      await copy(environment, segments);
    } finally {
      segments.close();
    }
  } catch (error) {
    if (error instanceof CorruptRecordError) throw new DamagedLogError(error.message);
    throw error;
  } finally {
    await environment.close();
  }
}

async function copy(environment: Environment, segments: Segments): Promise<void> {
  const meta = openTable(environment, 'meta', 'text');
  const base = decodeBase(meta.get('base'));
  let group: LogRecord[] = [placeRecord('reset', base.index, base.term)];
  let bytes = 0;
  const hardState = decodeHardState(meta.get('hardState'));
  if (hardState !== undefined) group.push(hardStateRecord(hardState));
  for (const { key, value } of meta.getRange({ start: 'fact/', end: 'fact0' })) {
    group.push(factRecord(String(key).slice('fact/'.length), value));
  }
  for (const entry of entriesOf(openTable(environment, 'entries', 'bytes'), base)) {
    group.push(entryRecord(entry));
    bytes += entry.data.length;
    if (bytes < GROUP_BYTES) continue;
    await segments.write(group);
    [group, bytes] = [[], 0];
  }
  if (group.length > 0) await segments.write(group);
}

function* entriesOf(table: Table, base: Place): Generator<Entry, void> {
  let last = base.index;
  for (const { key, value } of table.getRange({ start: LOWEST, end: HIGHEST })) {
    const index = Buffer.from(key).readUIntBE(0, 6);
    // A crash came between moving the base and removing what is below it.
    if (index <= base.index) continue;
    if (index !== last + 1) throw new DamagedLogError(`entry ${last + 1} is missing`);
    last = index;
    yield decodeEntry(index, value);
  }
}

/** version 1 | crc32 4 | term 6 | type 1 | data. */
function decodeEntry(index: number, row: Buffer): Entry {
  if (row.length < ENTRY_HEADER) throw new CorruptRecordError('entries', String(index), 'too short');
  checkSeal('entries', String(index), row);
  const data = row.subarray(ENTRY_HEADER);
  return { index, term: row.readUIntBE(5, 6), type: row[11] === 1 ? 'confChange' : 'normal', data };
}

/** version 1 | crc32 4 | term 6 | vote 8 | commit 6. */
function decodeHardState(row: Buffer | undefined): HardState | undefined {
  if (row === undefined) return undefined;
  checkSeal('meta', 'hardState', row);
  return { term: row.readUIntBE(5, 6), vote: row.readDoubleBE(11), commit: row.readUIntBE(19, 6) };
}

function decodeBase(row: Buffer | undefined): Place {
  if (row === undefined) return { index: 0, term: 0 };
  checkSeal('meta', 'base', row);
  return { index: row.readUIntBE(5, 6), term: row.readUIntBE(11, 6) };
}
