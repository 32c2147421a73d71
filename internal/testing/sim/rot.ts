import { modRevisionOf, parsePastKey } from '../../store/rows.js';
import type { SimDisk, SimFile } from './disk.js';
import type { Machine } from './machine.js';
import type { Random } from './random.js';
import { applyWrites, type Version } from './tables.js';

/** One row of the state that the disk has spoilt (a bit of it is another) or lost. */
export interface Rot {
  readonly kind: 'bitRot' | 'lostRow';
  readonly table: string;
  readonly key: string;
  readonly path: string;
  readonly file: SimFile;
  readonly before: Buffer;
  /** When it was spoilt. */
  readonly at: number;
  /** What is there now. */
  readonly value: Buffer | undefined;
}

const TABLES = ['objects', 'objects', 'past', 'events', 'expiry'] as const;

/** Spoils one row of the machine's state, on the disk and for whoever reads it from now on. Undefined if there is none. */
export function spoil(machine: Machine, kind: Rot['kind'], random: Random): Rot | undefined {
  const [state, ...others] = statesOf(machine.disk);
  if (state === undefined || others.length > 0) return undefined;
  const { path, file } = state;
  const table = random.pick(TABLES);
  // What is under way comes out right; what is not flushed may be written once more from the log.
  if (file.writing !== undefined || file.unflushed.length > 0) return undefined;
  const rows = file.durable.get(table);
  if (rows === undefined || rows.keys.length === 0) return undefined;
  const at = random.below(rows.keys.length);
  const [key, before] = [rows.keys[at], rows.values[at]];
  if (key === undefined || before === undefined) return undefined;
  const value = kind === 'lostRow' ? undefined : flipped(before, random);
  const spoilt = (version: Version): Version =>
    version.get(table)?.get(key) === undefined ? version : applyWrites(version, [{ table, key, value }]);
  const versions = new Map<Version, Version>();
  for (const each of [file.durable, ...file.unflushed, file.visible]) versions.set(each, spoilt(each));
  file.spoil(versions);
  return { kind, table, key, path, file, before, at: machine.disk.world.now, value: file.visible.get(table)?.get(key) };
}

/** The states on a disk that are whole: one that is being received has no meta row yet. */
function statesOf(disk: SimDisk): { readonly path: string; readonly file: SimFile }[] {
  return [...disk.files]
    .filter(([path, { visible }]) => path.includes('/state') && (visible.get('meta')?.keys.length ?? 0) > 0)
    .map(([path, file]) => ({ path, file }));
}

function flipped(row: Buffer, random: Random): Buffer {
  const value = Buffer.from(row);
  const at = random.below(value.length);
  value[at] = (value[at] ?? 0) ^ (1 << random.below(8));
  return value;
}

/** Is it still to be found? The state may have been replaced, or the row be gone by the way of all rows. */
export function isRotten({ rot, disk }: Machine): boolean {
  if (rot === undefined || disk.files.get(rot.path) !== rot.file) return false;
  if (rot.kind === 'lostRow') return rot.table !== 'expiry' || isStillToExpire(rot);
  return rot.file.visible.get(rot.table)?.get(rot.key) === rot.value;
}

/**
 * Has an object that was lost become the past of another, or of none? Who writes or deletes it may still have it in memory,
 * and then nothing is missing any more (seed 33089).
 */
export function isInThePast({ kind, table, file, key, before }: Rot): boolean {
  if (kind !== 'lostRow' || table !== 'objects') return false;
  const past = file.visible.get('past')?.keys ?? [];
  return past.some((row) => {
    const version = parsePastKey(Buffer.from(row, 'latin1'));
    return version.key === key && version.modRevision === modRevisionOf(before);
  });
}

/** A row of `expiry` is removed without being read when its object is written or deleted: then it is missed no more. */
function isStillToExpire({ file, key, before }: Rot): boolean {
  const object = file.visible.get('objects')?.get(key.slice(EXPIRY_TIME_BYTES));
  return object !== undefined && modRevisionOf(object) === before.readUIntBE(0, EXPIRY_TIME_BYTES);
}
const EXPIRY_TIME_BYTES = 6;

/** May what it answers be wrong? A record that is missing is not missed until everything has been read. */
export function mayAnswerWrongly(machine: Machine): boolean {
  return machine.rot?.kind === 'lostRow' && isRotten(machine);
}
