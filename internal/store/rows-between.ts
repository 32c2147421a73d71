import { byteText, keyOf, type LayerWrite } from './layer.js';
import { PAGE_BYTES, ROW_BYTES_MAX, rowBytes } from './page-order.js';
import type { TableName } from './tables.js';

/** A row that is there; `text` is its key (`byteText`). */
export interface StoredRow {
  readonly text: string;
  readonly value: Buffer;
}
/** The rows of a table from this key (`byteText`) on, in order. */
export type RowsFrom = (table: TableName, from: string) => Generator<StoredRow, void>;

/** Of rows that are there, at most so many bytes for each byte of new ones are written again. */
const SHARE_MAX = 1 / 4;
/** Looked at beyond that, for more new rows may follow. */
const AHEAD_BYTES = 2 * PAGE_BYTES;
/** Fewer new ones gain less than the pages at both ends of them may lose. */
const NEW_BYTES_MIN = 4 * PAGE_BYTES;
/** New rows that pass unlooked at, at most, after some between which there was nothing to gain. */
const SKIPPED_MAX = 256;

/**
 * The same writes; and where few rows that are there stand between many new ones, they are removed and written again
 * between them. Where a row comes between two that are there LMDB splits the page such that both halves have room left,
 * which stays when nothing more comes there; what is written in order, with nothing in between, fills pages (page-order.ts):
 * all of them where a page holds five rows or fewer, and more of them where it holds more. The pages of the rows that are
 * there are written in any case. So it is with names that end in a number without leading
 * zeros: of `a-1000` to `a-1999` each ten come between two of `a-100` to `a-199`. It holds the new rows of one such
 * stretch, and reads at most a quarter of the bytes of all new rows, and two pages more for each stretch.
 */
export function* withRowsBetween(writes: Iterable<LayerWrite>, rowsFrom: RowsFrom): Generator<LayerWrite, void> {
  const stretch = new Stretch(rowsFrom);
  try {
    for (const write of writes) {
      const text = textOfNew(write);
      if (!stretch.reaches(write.table, text)) yield* stretch.end();
      if (text === undefined || !stretch.add(write, text)) yield write;
    }
    yield* stretch.end();
  } finally {
    stretch.close();
  }
}

/** The key of a new row of a table whose rows are worth it; events and what expires come in order, and are small. */
function textOfNew({ table, key, value, isNew }: LayerWrite): string | undefined {
  const isTaken = isNew && value !== undefined && (table === 'objects' || table === 'past');
  return isTaken ? byteText(key) : undefined;
}

/** New rows that follow one another, and the rows that are there between them. */
class Stretch {
  readonly #rowsFrom: RowsFrom;
  #rows: LayerWrite[] = [];
  /** Those of `#rows` that are there. */
  #there: LayerWrite[] = [];
  #newBytes = 0;
  #thereBytes = 0;
  #last = '';
  #reader: Generator<StoredRow, void> | undefined;
  /** The first row that is there behind the last new one; undefined when none is. */
  #ahead: StoredRow | undefined;
  #skip = 0;
  #skipNext = 1;

  constructor(rowsFrom: RowsFrom) {
    this.#rowsFrom = rowsFrom;
  }

  /** Can a new row with this key follow? What is there up to it is then part of the stretch. An empty one reaches all. */
  reaches(table: TableName, text: string | undefined): boolean {
    if (this.#rows.length === 0) return true;
    if (text === undefined || this.#rows[0]?.table !== table) return false;
    if (this.#reader === undefined) {
      this.#reader = this.#rowsFrom(table, this.#last);
      this.#read();
    }
    const between: LayerWrite[] = [];
    let bytes = this.#thereBytes;
    for (; this.#ahead !== undefined && this.#ahead.text < text; this.#read()) {
      const row = { table, key: keyOf(table, this.#ahead.text), value: this.#ahead.value, isNew: true };
      const size = rowBytes(row);
      bytes += size;
      if (size > ROW_BYTES_MAX || bytes > this.#newBytes * SHARE_MAX + AHEAD_BYTES) return false;
      between.push(row);
    }
    if (this.#ahead?.text === text) this.#read();
    this.#rows.push(...between);
    this.#there.push(...between);
    this.#thereBytes = bytes;
    return true;
  }

  /** False when the row is to pass, for there was nothing to gain lately. */
  add(write: LayerWrite, text: string): boolean {
    if (this.#skip > 0) {
      this.#skip--;
      return false;
    }
    this.#rows.push(write);
    this.#newBytes += rowBytes(write);
    this.#last = text;
    return true;
  }

  /** What is to be written for the stretch; another one begins. */
  *end(): Generator<LayerWrite, void> {
    const [rows, there] = [this.#rows, this.#there];
    const isWorthIt =
      there.length > 0 && this.#newBytes >= NEW_BYTES_MIN && this.#thereBytes <= this.#newBytes * SHARE_MAX;
    if (isWorthIt) this.#skipNext = 1;
    else if (this.#reader !== undefined) {
      this.#skip = this.#skipNext;
      this.#skipNext = Math.min(2 * this.#skipNext, SKIPPED_MAX);
    }
    this.close();
    [this.#rows, this.#there, this.#newBytes, this.#thereBytes] = [[], [], 0, 0];
    if (isWorthIt) {
      for (const { table, key } of there) yield { table, key, value: undefined, isNew: false };
      yield* rows;
    } else {
      const stay = new Set(there);
      for (const row of rows) if (!stay.has(row)) yield row;
    }
  }

  #read(): void {
    const next = this.#reader?.next();
    this.#ahead = next?.done === false ? next.value : undefined;
  }

  close(): void {
    this.#reader?.return();
    this.#reader = undefined;
    this.#ahead = undefined;
  }
}
