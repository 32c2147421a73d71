import type { Entry } from '../../raft/index.js';
import { entriesBytes } from '../../raft/entry.js';
import { messageOf } from '../../store/lmdb.js';
import type { Backup } from '../backup.js';
import type { LogLevel } from '../config.js';
import { encodeLogPiece, type TimedEntry } from './log-piece.js';
import { Merger, MERGING } from './merger.js';
import { type ArchivedBase, baseName, listingOf, logName } from './names.js';
import { endOf, expired } from './plan.js';
import { type ArchiveOptions, type ArchiveTarget, asChunks } from './target.js';

const LOOK_MS = 1_000;
/** One piece of the log, at most, or one entry. */
const PIECE_BYTES = 4 * 1024 * 1024;
/** Read from the log in one turn of the event loop. */
const TURN_BYTES = 512 * 1024;
/** A restore has no more than this to apply. */
const LOG_BYTES_PER_BASE = 1024 * 1024 * 1024;
/** After an attempt that came to nothing: what is there is listed anew, which costs a store something. */
const RETRY_MS = 5_000;
/** A copy of the state takes no longer: it keeps LMDB from reusing pages. */
const BASE_MS_MAX = 3_600_000;
/** That the archive cannot be written is said so often. */
const SAY_MS = 60_000;
/** What is left at the end may take so long. */
const LAST_MS = 5_000;

/** What is archived: the parts of a replica that this needs. */
export interface ArchiveSource {
  readonly member: string;
  readonly cluster: number;
  leads(): boolean;
  /** What is applied, and so committed; undefined while the state is in the midst of an entry. */
  applied(): { readonly index: number; readonly revision: number; readonly changes: string } | undefined;
  firstIndex(): number;
  lastIndex(): number;
  indexBefore(bytes: number): number;
  entries(lo: number, hi: number, bytesMax: number): readonly Entry[];
  timeOf(index: number): number;
  backup(): Promise<Backup>;
  say(level: LogLevel, text: string): void;
}

/** How the archive gets on. */
export interface ArchiveStatus {
  /** The archive held all that was applied here at this time, in ms since 1970; undefined where another member leads. */
  readonly currentMs: number | undefined;
  /** When the newest copy of the state in it was taken. */
  readonly baseMs: number | undefined;
  /** Attempts that came to nothing, since the start of the process. */
  readonly failures: number;
  /** Bytes written since then. */
  readonly bytes: number;
}

/**
 * Keeps the archive of a cluster while this replica leads it: the committed entries of the log in pieces, and from time to
 * time the whole state. Equal indexes of one cluster have equal entries, so that two which both think that they lead write
 * nothing that contradicts. Whoever leads next goes on where the archive ends, or, where the log does not reach back to that,
 * with a new copy of the state: the archive has a hole then, and says so when it is restored.
 */
export class Archiver {
  readonly #source: ArchiveSource;
  readonly #options: ArchiveOptions;
  readonly #target: ArchiveTarget;
  readonly #merger: Merger;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** The last entry in the archive; undefined until it is looked at. */
  #end: number | undefined;
  #base: ArchivedBase | undefined;
  #bytesSinceBase = 0;
  /** When the archive last held all that was applied. */
  #currentMs: number | undefined;
  #failures = 0;
  #bytes = 0;
  #saidAt = -Infinity;
  #failedAt = -Infinity;
  #stopped = false;
  #halted = false;

  constructor(source: ArchiveSource, options: ArchiveOptions) {
    this.#source = source;
    this.#options = options;
    this.#target = options.target(source.cluster);
    this.#merger = new Merger(this.#target, options.merging ?? MERGING);
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#look();
  }

  get status(): ArchiveStatus {
    const leads = this.#source.leads();
    return {
      currentMs: leads ? this.#currentMs : undefined,
      baseMs: leads ? this.#base?.timeMs : undefined,
      failures: this.#failures,
      bytes: this.#bytes,
    };
  }

  #look(): void {
    if (this.#stopped || performance.now() < this.#failedAt + RETRY_MS) return;
    this.#running ??= this.#run(false).finally(() => (this.#running = undefined));
  }

  /** Archives what is left, for 5 s at most, and stops. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, LAST_MS)));
    await Promise.race([(this.#running ?? Promise.resolve()).then(() => this.#run(true)), late]);
    clearTimeout(timer);
  }

  /** Archives nothing any more: the state is not what it should be. */
  halt(): void {
    this.#stopped = true;
    this.#halted = true;
    clearInterval(this.#timer);
  }

  async #run(isLast: boolean): Promise<void> {
    if (this.#halted) return;
    if (!this.#source.leads()) {
      this.#end = undefined;
      this.#currentMs = undefined;
      this.#merger.reset();
      return;
    }
    try {
      await this.#archive(isLast);
    } catch (error) {
      this.#failures++;
      this.#failedAt = performance.now();
      // Where the archive ends is looked at anew: nobody knows what is there.
      this.#end = undefined;
      if (performance.now() < this.#saidAt + SAY_MS) return;
      this.#saidAt = performance.now();
      this.#source.say(
        'error',
        `the archive cannot be written, and is tried again every ${RETRY_MS / 1000} s: ${messageOf(error)}. What is written to the cluster meanwhile is not in it.`,
      );
    }
  }

  async #archive(isLast: boolean): Promise<void> {
    const { intervalMs } = this.#options;
    let end = this.#end ?? (await this.#findEnd());
    const applied = this.#source.applied();
    if (applied === undefined) return;
    if (end !== undefined && end > this.#source.lastIndex()) {
      throw new Error(
        `it holds entry ${end}, and the log of this cluster ends at ${this.#source.lastIndex()}: the cluster was set back to an earlier copy of its data. Move the archive away`,
      );
    }
    if (end === undefined || end + 1 < this.#source.firstIndex()) {
      if (end !== undefined)
        this.#source.say(
          'warn',
          `the archive ends at entry ${end}, which the log does not reach back to: it has a hole`,
        );
      end = await this.#takeBase();
    } else if (!isLast && applied.index > (this.#base?.index ?? 0) && this.#isBaseDue()) await this.#takeBase();
    this.#end = end;
    const isDue =
      isLast ||
      Date.now() >= (this.#currentMs ?? 0) + intervalMs ||
      this.#source.indexBefore(PIECE_BYTES) > end ||
      end >= applied.index;
    if (isDue) await this.#archiveLog(end, applied);
    if (!isLast) await this.#merge();
  }

  /** What is not merged is in the archive all the same. */
  async #merge(): Promise<void> {
    try {
      this.#bytes += await this.#merger.merge();
    } catch (error) {
      this.#source.say('warn', `pieces of the archived log stay as they are, unmerged: ${messageOf(error)}`);
    }
  }

  async #findEnd(): Promise<number | undefined> {
    const listing = listingOf(await this.#target.list());
    this.#base = listing.bases.at(-1);
    this.#bytesSinceBase = 0;
    return endOf(listing);
  }

  #isBaseDue(): boolean {
    const { baseIntervalMs } = this.#options;
    return Date.now() >= (this.#base?.timeMs ?? 0) + baseIntervalMs || this.#bytesSinceBase >= LOG_BYTES_PER_BASE;
  }

  /** Archives the whole state; resolves with the index that it has applied. */
  async #takeBase(): Promise<number> {
    const backup = await this.#source.backup();
    try {
      const { appliedIndex: index, revision } = backup.header;
      const place = { index, revision, timeMs: this.#source.timeOf(index) };
      const name = baseName(place);
      await this.#put(name, backup.bytes);
      this.#base = { name, ...place };
      this.#bytesSinceBase = 0;
      this.#source.say('info', `the state at revision ${revision} is archived as ${name}`);
      await this.#removeExpired();
      return index;
    } finally {
      backup.release();
    }
  }

  async #removeExpired(): Promise<void> {
    const { retentionMs } = this.#options;
    if (retentionMs <= 0) return;
    const listing = listingOf(await this.#target.list());
    for (const name of expired(listing, Date.now() - retentionMs)) await this.#target.remove(name);
  }

  async #archiveLog(
    end: number,
    applied: { readonly index: number; readonly revision: number; readonly changes: string },
  ): Promise<void> {
    const { cluster, member } = this.#source;
    const began = Date.now();
    for (let first = end + 1; first <= applied.index; ) {
      const entries = await this.#read(first, applied.index);
      const { entry, timeMs } = entries.at(-1) ?? {};
      if (entry === undefined || timeMs === undefined) return;
      const isAtApplied = entry.index === applied.index;
      const [revision, changes] = isAtApplied ? [applied.revision, applied.changes] : [0, ''];
      const last = entry.index;
      const bytes = encodeLogPiece({ version: 1, cluster, first, last, revision, changes, member }, entries);
      const name = logName({ first, last, revision, timeMs });
      await this.#put(name, asChunks(bytes));
      this.#merger.note({ name, first, last, bytes: bytes.length });
      this.#bytesSinceBase += bytes.length;
      this.#end = last;
      first = last + 1;
    }
    this.#currentMs = began;
  }

  /** Entries from `first` on, up to 4 MiB; what the log has forgotten meanwhile is missing at the next look. */
  async #read(first: number, last: number): Promise<TimedEntry[]> {
    const read: TimedEntry[] = [];
    for (let next = first, bytes = 0; next <= last && bytes < PIECE_BYTES; ) {
      if (next < this.#source.firstIndex()) break;
      const entries = this.#source.entries(next, last + 1, TURN_BYTES);
      for (const entry of entries) read.push({ entry, timeMs: this.#source.timeOf(entry.index) });
      bytes += entriesBytes(entries);
      next += entries.length;
      // Requests are not held up by a log that is read from disk.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return read;
  }

  async #put(name: string, chunks: AsyncIterable<Buffer>): Promise<void> {
    const until = performance.now() + BASE_MS_MAX;
    const count = (bytes: number): void => {
      if (performance.now() > until) throw new Error(`${name} was not written within ${BASE_MS_MAX / 60_000} minutes`);
      this.#bytes += bytes;
    };
    async function* counted(): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        count(chunk.length);
        yield chunk;
      }
    }
    await this.#target.put(name, counted());
  }
}
