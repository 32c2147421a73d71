import type { Entry } from './types.js';

/** Bytes that an entry costs beside its data: index, term, type and length on the wire and on disk. */
const OVERHEAD_BYTES = 24;

/** Size of an entry as every byte bound of the core counts it. */
export function entryBytes(entry: Entry): number {
  return entry.data.length + OVERHEAD_BYTES;
}

/** Size of several entries. */
export function entriesBytes(entries: readonly Entry[]): number {
  let sum = 0;
  for (const e of entries) sum += entryBytes(e);
  return sum;
}

/** The longest prefix within `bytesMax`, but at least one entry when there is one. */
export function cutToBytes(entries: readonly Entry[], bytesMax: number): readonly Entry[] {
  let sum = 0;
  for (const [i, e] of entries.entries()) {
    sum += entryBytes(e);
    if (sum > bytesMax && i > 0) return entries.slice(0, i);
  }
  return entries;
}
