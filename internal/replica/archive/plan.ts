import { FatalError } from '../../machinery/assert.js';
import type { ArchivedBase, ArchivedLog, ArchiveListing } from './names.js';

/** The moment that an archive is restored to: the end of it where nothing is said. */
export interface RestorePoint {
  /** The newest revision that is to be there. */
  readonly revision?: number;
  /** What was appended later, in ms since 1970, is left out. */
  readonly timeMs?: number;
}

/** What is needed to restore to a moment, in the order in which it is read. */
export interface RestorePlan {
  readonly base: ArchivedBase;
  readonly logs: readonly ArchivedLog[];
}

const timeText = (ms: number): string => new Date(ms).toISOString();

/**
 * Chooses the newest base that is not beyond the moment, and the log from there up to it. Throws FatalError when the archive
 * does not reach from a base to that moment without a hole.
 */
export function planRestore({ bases, logs }: ArchiveListing, point: RestorePoint): RestorePlan {
  const { revision = Number.POSITIVE_INFINITY, timeMs = Number.POSITIVE_INFINITY } = point;
  const [oldest] = bases;
  if (oldest === undefined)
    throw new FatalError('the archive holds no copy of the state yet: there is nothing to restore');
  const base = bases.findLast((b) => b.revision <= revision && b.timeMs <= timeMs);
  if (base === undefined) {
    throw new FatalError(
      `the archive begins at revision ${oldest.revision}, at ${timeText(oldest.timeMs)}: nothing before that can be restored`,
    );
  }
  const chosen: ArchivedLog[] = [];
  const isReached = (): boolean => {
    const last = chosen.at(-1);
    return last === undefined
      ? base.revision === revision || base.timeMs === timeMs
      : last.revision >= revision || last.timeMs > timeMs;
  };
  let next = base.index + 1;
  while (!isReached()) {
    const beyond = logs.filter((log) => log.last >= next);
    if (beyond.length === 0) break;
    const reachable = beyond.filter((log) => log.first <= next);
    if (reachable.length === 0) throw holeAt(next, beyond, chosen.at(-1) ?? base);
    const furthest = reachable.reduce((a, b) => (b.last > a.last ? b : a));
    chosen.push(furthest);
    next = furthest.last + 1;
  }
  const { timeMs: endMs } = chosen.at(-1) ?? base;
  if (point.timeMs !== undefined && endMs < point.timeMs) {
    throw new FatalError(
      `the archive ends at ${timeText(endMs)}: what was written after that is not in it. Restore to that moment, or leave the time away.`,
    );
  }
  return { base, logs: chosen };
}

function holeAt(next: number, beyond: readonly ArchivedLog[], before: { readonly timeMs: number }): FatalError {
  const after = beyond.reduce((a, b) => (b.first < a.first ? b : a));
  return new FatalError(
    `the archive has a hole: the entries ${next} to ${after.first - 1} of the log are missing, between ${timeText(before.timeMs)} ` +
      `and ${timeText(after.timeMs)}. Restore to a moment before it, or to one after the next copy of the state.`,
  );
}

/** The last entry up to which the archive can be restored without a hole from its newest base on; undefined without a base. */
export function endOf({ bases, logs }: ArchiveListing): number | undefined {
  const base = bases.at(-1);
  if (base === undefined) return undefined;
  let end = base.index;
  for (const log of logs) if (log.first <= end + 1) end = Math.max(end, log.last);
  return end;
}

/**
 * What need not be kept to restore to every moment from `cutoffMs` on: the bases before the newest one that is older than
 * that, and the log before it.
 */
export function expired({ bases, logs }: ArchiveListing, cutoffMs: number): readonly string[] {
  const first = bases.findLast((base) => base.timeMs <= cutoffMs);
  if (first === undefined) return [];
  return [
    ...bases.filter((base) => base.index < first.index).map((base) => base.name),
    ...logs.filter((log) => log.last <= first.index).map((log) => log.name),
  ];
}

/** The names of the pieces of the log whose entries are in another piece, with more of them, as well. */
export function covered(logs: readonly ArchivedLog[]): readonly string[] {
  const names: string[] = [];
  let widest: ArchivedLog | undefined;
  for (const log of [...logs].sort((a, b) => a.first - b.first || b.last - a.last)) {
    if (widest === undefined || log.last > widest.last) widest = log;
    // Two of equal entries were written by two who both led: one of them may be what others know of.
    else if (log.first !== widest.first || log.last !== widest.last) names.push(log.name);
  }
  return names;
}
