import type { LayerWrite } from './layer.js';

/**
 * Of new environments. Of objects of one or two KiB, as most are, twice as large a page as usual holds more than twice as
 * many, and every commit writes whole pages.
 */
export const PAGE_BYTES = 8_192;
const PAGE_HEADER_BYTES = 24;
const ROOM_BYTES = PAGE_BYTES - PAGE_HEADER_BYTES;
/** What a row takes in a page beside its key and value: a header, and its place. */
const ROW_BYTES = 10;
/** Of larger ones LMDB keeps the value in pages of its own. */
export const ROW_BYTES_MAX = ROOM_BYTES / 2;
/** Where more fit into a page, what it may lack is little. */
const ROWS_MAX = 12;

/**
 * The same writes, in an order in which LMDB leaves its pages fuller. It takes rows that come in order, splits the last
 * page when the next row does not fit, and moves the last row of the full page along to the new one: of five large rows
 * four stay. So of new rows that would fill a page the first is written last: where the page was split meanwhile, it takes
 * the place that became free. (Of rows of 1.4 KB, 5.0 instead of 4.0 stand in a page when they come in order, and 4.2
 * instead of 3.7 when each ten come between two others.) It holds at most `ROWS_MAX` rows.
 */
export function* inPageOrder(writes: Iterable<LayerWrite>): Generator<LayerWrite, void> {
  let group: LayerWrite[] = [];
  let bytes = 0;
  for (const write of writes) {
    const size = write.isNew && write.value !== undefined ? rowBytes(write) : Number.POSITIVE_INFINITY;
    if (size > ROW_BYTES_MAX) {
      yield* group;
      yield write;
      [group, bytes] = [[], 0];
      continue;
    }
    if (group[0]?.table !== write.table || bytes + size > ROOM_BYTES) {
      yield* rotated(group);
      [group, bytes] = [[], 0];
    }
    group.push(write);
    bytes += size;
    // Small rows.
    if (group.length > ROWS_MAX) {
      yield* group;
      [group, bytes] = [[], 0];
    }
  }
  yield* group;
}

function* rotated([first, ...rest]: readonly LayerWrite[]): Generator<LayerWrite, void> {
  yield* rest;
  if (first !== undefined) yield first;
}

/** Bytes that a row takes in a page that holds it whole. */
export function rowBytes({ key, value }: Pick<LayerWrite, 'key' | 'value'>): number {
  return ROW_BYTES + Buffer.byteLength(key) + (value?.length ?? 0);
}
