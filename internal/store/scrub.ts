import { decodeMeta, META_KEY, type StateMeta } from './meta.js';
import type { LmdbSnapshot } from './lmdb-snapshot.js';
import { LOWEST } from './lmdb-snapshot.js';
import { addRow, differenceOf, emptySums, type RowSums, type SummedTable } from './row-sums.js';
import { checkObject, CorruptRecordError, decodeEvent, MissingRowsError, parsePastKey } from './rows.js';
import type { StateStore } from './state.js';

/** The event loop is held for about so long at once; a row of the greatest size takes a few milliseconds by itself. */
const SLICE_MS = 2;
/** Between two slices: at most a sixth of the event loop is used, and about 20 MB are read in a second. */
const PAUSE_MS = 10;
/** The clock is looked at after so many rows, or so many bytes. */
const LOOK_ROWS = 16;
const LOOK_BYTES = 64 * 1024;

const FIRST_MS = 60_000;

const TABLES: readonly SummedTable[] = ['objects', 'past', 'events', 'expiry'];

export interface ScrubProgress {
  /** Passes over the whole state that have ended since the start of the process, whatever they found. */
  readonly passes: number;
  /** Rows of the last whole pass, and how long it took. */
  readonly lastRows: number;
  readonly lastSeconds: number;
  /** The revision as of which the last whole pass read everything. */
  readonly lastRevision: number;
  /** Rows read by the pass that is under way; 0 between two. */
  readonly rows: number;
}

export interface ScrubOptions {
  readonly state: StateStore;
  /** From the end of one pass to the beginning of the next. The first begins a minute after the start, or sooner. */
  readonly intervalMs: number;
  /** A damaged record, or rows that are missing. */
  readonly onCorrupt: (error: CorruptRecordError) => void;
  /** A pass could not be brought to its end, which says nothing about the state. */
  readonly onBrokenOff: (error: unknown) => void;
}

/**
 * Reads the whole state from time to time, as of one commit: every record against its checksum, and all rows together
 * against what was written (row-sums.ts), so that a record that nobody asks for is not found damaged when it is too late,
 * and one that is gone is missed. It is idle between short slices.
 */
export class Scrub {
  readonly #options: ScrubOptions;
  #timer: NodeJS.Timeout | undefined;
  #resume: (() => void) | undefined;
  #stopped = false;
  #rows = 0;
  #progress = { passes: 0, lastRows: 0, lastSeconds: 0, lastRevision: 0 };

  constructor(options: ScrubOptions) {
    this.#options = options;
  }

  get progress(): ScrubProgress {
    return { ...this.#progress, rows: this.#rows };
  }

  start(): void {
    this.#schedule(Math.min(this.#options.intervalMs, FIRST_MS));
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => {
      this.run().then(
        () => this.#again(),
        (error: unknown) => {
          this.#options.onBrokenOff(error);
          this.#again();
        },
      );
    }, ms);
    this.#timer.unref();
  }

  #again(): void {
    if (!this.#stopped) this.#schedule(this.#options.intervalMs);
  }

  /** One pass. Resolves when it has ended, or was given up because the state was replaced or the scrub stopped. */
  async run(): Promise<void> {
    const { state, onCorrupt } = this.#options;
    const snapshot = await state.takeSnapshot();
    try {
      const row = snapshot.get('meta', META_KEY);
      if (row === undefined) return;
      const meta = decodeMeta(row);
      const began = performance.now();
      const pass = new Pass(snapshot, onCorrupt);
      while (!this.#stopped && !snapshot.released && pass.slice()) {
        this.#rows = pass.rows;
        await this.#pause();
      }
      if (this.#stopped || snapshot.released) return;
      this.#conclude(meta, pass);
      const { passes } = this.#progress;
      const lastSeconds = (performance.now() - began) / 1000;
      this.#progress = { passes: passes + 1, lastRows: pass.rows, lastSeconds, lastRevision: meta.revision };
    } finally {
      this.#rows = 0;
      snapshot.release();
    }
  }

  #conclude(meta: StateMeta, { sums, damaged }: Pass): void {
    const { state, onCorrupt } = this.#options;
    if (meta.sums.complete) {
      const tables = differenceOf(sums, meta.sums);
      if (tables !== '') onCorrupt(new MissingRowsError(tables, meta.revision));
    } else if (damaged === 0 && !state.meta.sums.complete) state.completeSums(sums, meta.sums);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
      this.#timer = setTimeout(resolve, PAUSE_MS);
      this.#timer.unref();
    });
  }

  /** Gives up the pass that is under way, and begins no other. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#resume?.();
  }
}

/** One pass over a snapshot, as far as it has come. */
class Pass {
  readonly #snapshot: LmdbSnapshot;
  readonly #onCorrupt: (error: CorruptRecordError) => void;
  readonly sums: RowSums = emptySums(true);
  rows = 0;
  damaged = 0;
  #place = 0;
  #from = LOWEST;

  constructor(snapshot: LmdbSnapshot, onCorrupt: (error: CorruptRecordError) => void) {
    this.#snapshot = snapshot;
    this.#onCorrupt = onCorrupt;
  }

  /** Reads some more rows; false when there are none. */
  slice(): boolean {
    const until = performance.now() + SLICE_MS;
    for (; this.#place < TABLES.length; this.#place++, this.#from = LOWEST) {
      const table = TABLES[this.#place];
      if (table === undefined) break;
      let rows = 0;
      let bytes = 0;
      for (const { key, value } of this.#snapshot.scanAll(table, this.#from)) {
        this.#read(table, key, value);
        rows++;
        bytes += value.length;
        if (rows < LOOK_ROWS && bytes < LOOK_BYTES) continue;
        if (performance.now() >= until) {
          this.#from = Buffer.concat([key, ZERO]);
          return true;
        }
        rows = 0;
        bytes = 0;
      }
    }
    return false;
  }

  #read(table: SummedTable, key: Buffer, value: Buffer): void {
    this.rows++;
    addRow(this.sums, table, key, value);
    try {
      if (table === 'objects') checkObject(table, key.toString(), value);
      else if (table === 'past') checkObject(table, parsePastKey(key).key, value);
      else if (table === 'events') decodeEvent(key, value);
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error;
      this.damaged++;
      this.#onCorrupt(error);
    }
  }
}

/** No key lies between one and the same with a zero behind it. */
const ZERO = Buffer.alloc(1);
