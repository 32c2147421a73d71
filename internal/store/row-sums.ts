import { crc32 } from 'node:zlib';
import { checksumOf } from './rows.js';
import type { TableKey } from './tables.js';

/**
 * Sums of the digests of all rows, in two lanes of 32 bits each: a row that is written is added, one that is removed or
 * replaced is subtracted. Whoever adds up the rows that are really there, in whatever order, gets the same numbers; a
 * row that is missing, left over or another than the one that was written makes them differ.
 */
export interface RowSums {
  /** Every row is counted. False until a state that an earlier release wrote has been read once (scrub.ts). */
  complete: boolean;
  /** `objects` and `expiry`: equal on all replicas at equal revision. */
  liveA: number;
  liveB: number;
  /** `past` and `events`: a replica's own, for each removes in its own time what compaction has made unreadable. */
  historyA: number;
  historyB: number;
}

export type SummedTable = 'objects' | 'past' | 'events' | 'expiry';

export function emptySums(complete: boolean): RowSums {
  return { complete, liveA: 0, liveB: 0, historyA: 0, historyB: 0 };
}

/** What the digest of a key begins with, so that the same bytes in another table count as another row. */
const SEEDS: Readonly<Record<SummedTable, number>> = {
  objects: 0x6f626a65,
  past: 0x70617374,
  events: 0x6576656e,
  expiry: 0x65787069,
};
/** Shortest row that holds a checksum (rows.ts). */
const CHECKSUM_END = 5;

/** Counts a row that is being written. */
export function addRow(sums: RowSums, table: SummedTable, key: TableKey, row: Buffer): void {
  count(sums, table, key, row, 1);
}

/** Takes away a row, as it was, that is being removed or replaced. */
export function subtractRow(sums: RowSums, table: SummedTable, key: TableKey, row: Buffer): void {
  count(sums, table, key, row, -1);
}

function count(sums: RowSums, table: SummedTable, key: TableKey, row: Buffer, sign: 1 | -1): void {
  const keyHash = crc32(key, SEEDS[table]);
  const a = mix(Math.imul(keyHash, 0x9e3779b1) ^ contentOf(table, row));
  const b = mix(Math.imul(contentOf(table, row), 0x27d4eb2f) + keyHash);
  if (table === 'objects' || table === 'expiry') {
    sums.liveA = (sums.liveA + sign * a) >>> 0;
    sums.liveB = (sums.liveB + sign * b) >>> 0;
  } else {
    sums.historyA = (sums.historyA + sign * a) >>> 0;
    sums.historyB = (sums.historyB + sign * b) >>> 0;
  }
}

/** A row's own checksum stands for what it holds; rows of `expiry` have none. */
function contentOf(table: SummedTable, row: Buffer): number {
  return table === 'expiry' || row.length < CHECKSUM_END ? crc32(row) : checksumOf(row);
}

/** The finalizer of MurmurHash3: every bit of the input changes half of the output's. */
function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Adds what `counted` has and `before` had not: the rows that `before` did not know of. Both count as of one commit. */
export function completeSums(sums: RowSums, counted: RowSums, before: RowSums): void {
  sums.liveA = (sums.liveA + counted.liveA - before.liveA) >>> 0;
  sums.liveB = (sums.liveB + counted.liveB - before.liveB) >>> 0;
  sums.historyA = (sums.historyA + counted.historyA - before.historyA) >>> 0;
  sums.historyB = (sums.historyB + counted.historyB - before.historyB) >>> 0;
  sums.complete = true;
}

/** Which tables do not hold the rows that were counted; '' when all do, or when not every row was counted. */
export function differenceOf(counted: RowSums, expected: RowSums): string {
  if (!expected.complete) return '';
  const tables: string[] = [];
  if (counted.liveA !== expected.liveA || counted.liveB !== expected.liveB) tables.push('objects or expiry');
  if (counted.historyA !== expected.historyA || counted.historyB !== expected.historyB) tables.push('past or events');
  return tables.join(', and in ');
}
