import { setImmediate as turn } from 'node:timers/promises';
import { FatalError } from '../../machinery/assert.js';
import { decodeLogPiece, encodeLogPiece, type TimedEntry } from './log-piece.js';
import { type ArchivedLog, listingOf, logName } from './names.js';
import { covered } from './plan.js';
import { type ArchiveTarget, asChunks } from './target.js';

/** When pieces of the log become one. */
export interface Merging {
  /** So many that lie one behind the other, or fewer where they would have more than 4 MiB together. */
  readonly pieces: number;
  /** What was merged stays so long, in ms: a restore that has just listed the archive reads it. */
  readonly keptMs: number;
}

/** With the default interval: the pieces of ten minutes. */
export const MERGING: Merging = { pieces: 60, keptMs: 3_600_000 };

/** A merged piece is no larger, so that to make it holds nobody up. */
const MERGED_BYTES = 4 * 1024 * 1024;

/** A piece of the log that was written, and its size. */
export interface WrittenPiece {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
}

/**
 * Merges the pieces of the log that one leader writes: what comes every few seconds would be some ten thousand files in a
 * week. A piece and the merged one that holds it too say the same, so that it does not matter when a process ends in between,
 * or who else writes. What a former leader had not merged yet (`pieces` - 1 at most) stays as it is.
 */
export class Merger {
  readonly #target: ArchiveTarget;
  readonly #merging: Merging;
  /** Pieces one behind the other that are not merged yet, and those that are to be. */
  #run: WrittenPiece[] = [];
  #due: WrittenPiece[][] = [];
  /** When a piece was first seen to be in a merged one as well, in ms of the process's clock. */
  readonly #coveredSince = new Map<string, number>();

  constructor(target: ArchiveTarget, merging: Merging) {
    this.#target = target;
    this.#merging = merging;
  }

  /** Notes a piece that is in the archive. */
  note(piece: WrittenPiece): void {
    const bytes = this.#run.reduce((sum, written) => sum + written.bytes, 0);
    const end = this.#run.at(-1)?.last ?? piece.first - 1;
    if (end + 1 !== piece.first || bytes + piece.bytes > MERGED_BYTES) this.#endRun();
    this.#run.push(piece);
    if (this.#run.length >= this.#merging.pieces) this.#endRun();
  }

  #endRun(): void {
    if (this.#run.length > 1) this.#due.push(this.#run);
    this.#run = [];
  }

  /** Forgets what was noted: another member leads. */
  reset(): void {
    this.#run = [];
    this.#due = [];
    this.#coveredSince.clear();
  }

  /** Merges what is due; the bytes written. Rejects when the archive cannot be read or written: those pieces stay as they are. */
  async merge(): Promise<number> {
    const due = this.#due;
    this.#due = [];
    let bytes = 0;
    for (const run of due) bytes += await this.#mergeRun(run);
    if (due.length > 0) await this.#removeCovered();
    return bytes;
  }

  async #mergeRun(run: readonly WrittenPiece[]): Promise<number> {
    const entries: TimedEntry[] = [];
    let header: ReturnType<typeof decodeLogPiece>['header'] | undefined;
    for (const { name, first } of run) {
      const piece = decodeLogPiece(await this.#target.read(name), name);
      if (piece.header.first !== first || (header !== undefined && piece.header.cluster !== header.cluster))
        throw new FatalError(`the archived log ${name} is another than its name says`);
      ({ header } = piece);
      for (const entry of piece.entries) entries.push(entry);
    }
    const { timeMs } = entries.at(-1) ?? {};
    if (header === undefined || timeMs === undefined) return 0;
    const first = run[0]?.first ?? header.first;
    const place: Omit<ArchivedLog, 'name'> = { first, last: header.last, revision: header.revision, timeMs };
    const bytes = encodeLogPiece({ ...header, first }, entries);
    await turn();
    await this.#target.put(logName(place), asChunks(bytes));
    return bytes.length;
  }

  async #removeCovered(): Promise<void> {
    const names = covered(listingOf(await this.#target.list()).logs);
    const now = performance.now();
    const since = new Map(names.map((name) => [name, this.#coveredSince.get(name) ?? now]));
    this.#coveredSince.clear();
    for (const [name, at] of since) {
      if (now - at < this.#merging.keptMs) this.#coveredSince.set(name, at);
      else await this.#target.remove(name);
    }
  }
}
