/** A copy of the whole state in an archive. */
export interface ArchivedBase {
  readonly name: string;
  /** The log index that it has applied, and the revision there. */
  readonly index: number;
  readonly revision: number;
  /** When the last entry in it was appended, in ms since 1970. */
  readonly timeMs: number;
}

/** A piece of the log in an archive: committed entries, one after the other. */
export interface ArchivedLog {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  /** The revision behind its last entry; 0 where the leader that wrote it was further already. */
  readonly revision: number;
  /** When its last entry was appended, in ms since 1970. */
  readonly timeMs: number;
}

/** What an archive of one cluster holds, each list in the order of the log. */
export interface ArchiveListing {
  readonly bases: readonly ArchivedBase[];
  readonly logs: readonly ArchivedLog[];
}

/** Wide enough for every index, revision and time, so that names sort as numbers do. */
const DIGITS = 15;
const number = (value: number): string => String(value).padStart(DIGITS, '0');

const BASE = /^base-(\d{15})-(\d{15})-(\d{15})\.snapshot$/;
const LOG = /^log-(\d{15})-(\d{15})-(\d{15})-(\d{15})\.entries$/;

/** The name of a base: what a restore must know to choose stands in it, so that a listing is enough. */
export function baseName({ index, revision, timeMs }: Omit<ArchivedBase, 'name'>): string {
  return `base-${number(index)}-${number(revision)}-${number(timeMs)}.snapshot`;
}

/** The name of a piece of the log, with what a restore must know to choose. */
export function logName({ first, last, revision, timeMs }: Omit<ArchivedLog, 'name'>): string {
  return `log-${number(first)}-${number(last)}-${number(revision)}-${number(timeMs)}.entries`;
}

/** Reads the names in an archive of one cluster; those of other files are left out. */
export function listingOf(names: readonly string[]): ArchiveListing {
  const bases: ArchivedBase[] = [];
  const logs: ArchivedLog[] = [];
  for (const name of [...names].sort()) {
    const base = BASE.exec(name);
    if (base !== null) bases.push({ name, index: Number(base[1]), revision: Number(base[2]), timeMs: Number(base[3]) });
    const log = LOG.exec(name);
    if (log === null) continue;
    const [first, last, revision, timeMs] = log.slice(1).map(Number) as [number, number, number, number];
    logs.push({ name, first, last, revision, timeMs });
  }
  return { bases, logs };
}
