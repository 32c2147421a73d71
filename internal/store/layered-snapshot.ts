import { byteText, keyOf, type Layer, type LayerRow } from './layer.js';
import type { LmdbSnapshot } from './lmdb-snapshot.js';
import { eventKeyRevision } from './rows.js';
import type { Row, ScanOptions, Snapshot, TableKey, TableName } from './tables.js';

const EMPTY = Buffer.alloc(0);

/**
 * What was committed to LMDB, and over it the layers that were not yet. It shows the layers as they are: what it is asked
 * for must be read in one turn of the event loop.
 */
export class LayeredSnapshot implements Snapshot {
  /** `layers`: the newest first. `belowRevision`: what LMDB holds is as of this one. */
  constructor(
    private readonly below: LmdbSnapshot,
    private readonly layers: readonly Layer[],
    private readonly belowRevision: number,
  ) {}

  get(table: TableName, key: TableKey): Buffer | undefined {
    const row = this.#layered(table, byteText(key));
    return row === undefined ? this.below.get(table, key) : row.value;
  }

  #layered(table: TableName, text: string): LayerRow | undefined {
    for (const layer of this.layers) {
      const row = layer.get(table, text);
      if (row !== undefined) return row;
    }
    return undefined;
  }

  scan(table: 'objects', start: string, end: string, options?: ScanOptions): Iterable<Row<string>>;
  scan(table: 'past' | 'events' | 'expiry', start: Buffer, end: Buffer, options?: ScanOptions): Iterable<Row<Buffer>>;
  scan(table: TableName, start: TableKey, end: TableKey, options: ScanOptions = {}): Iterable<Row<never>> {
    const [from, to] = [byteText(start), byteText(end)];
    const { reverse = false } = options;
    const touched = this.layers.filter((layer) => {
      const keys = layer.table(table)?.keys;
      // With `reverse` both ends are the other way round.
      return keys !== undefined && (reverse ? keys.hasIn(to, `${from}\0`) : keys.hasIn(from, to));
    });
    // Changes that are newer than what LMDB holds are not looked for there.
    const isNew = table === 'events' && !reverse && eventKeyRevision(start as Buffer) > this.belowRevision;
    if (touched.length > 0) return this.#merged(table, touched, start, end, options, isNew) as Iterable<Row<never>>;
    if (isNew) return [];
    return this.below.scan(table as 'past', start as Buffer, end as Buffer, options) as Iterable<Row<never>>;
  }

  *#merged(
    table: TableName,
    touched: readonly Layer[],
    start: TableKey,
    end: TableKey,
    { reverse = false, limit = Number.POSITIVE_INFINITY, values = true }: ScanOptions,
    isNew = false,
  ): Generator<Row, void> {
    const [from, to] = [byteText(start), byteText(end)];
    const isBefore = (a: string, b: string): boolean => (reverse ? a > b : a < b);
    const own = mergedKeys(
      touched.map((layer) => {
        const keys = layer.table(table)?.keys;
        return (reverse ? keys?.rangeDown(from, to) : keys?.range(from, to)) ?? [].values();
      }),
      isBefore,
    );
    let next = own.next();
    let count = 0;
    const below = isNew ? [] : this.below.scan(table as 'past', start as Buffer, end as Buffer, { reverse, values });
    for (const row of below) {
      const text = byteText(row.key);
      let isReplaced = false;
      for (; next.done !== true && !isBefore(text, next.value); next = own.next()) {
        isReplaced = next.value === text;
        const value = this.#layered(table, next.value)?.value;
        if (value === undefined) continue;
        if (++count > limit) return;
        yield { key: keyOf(table, next.value), value: values ? value : EMPTY };
      }
      if (isReplaced) continue;
      if (++count > limit) return;
      yield row;
    }
    for (; next.done !== true; next = own.next()) {
      const value = this.#layered(table, next.value)?.value;
      if (value === undefined) continue;
      if (++count > limit) return;
      yield { key: keyOf(table, next.value), value: values ? value : EMPTY };
    }
  }

  /** Every row of a table; keys as bytes. */
  *scanAll(table: TableName): Iterable<Row<Buffer>> {
    if (this.layers.length === 0 || table === 'meta') {
      yield* this.below.scanAll(table);
      return;
    }
    const [lowest, highest] = [Buffer.alloc(1, 0), Buffer.alloc(16, 0xff)];
    for (const { key, value } of this.#merged(table, this.layers, lowest, highest, {})) {
      yield { key: Buffer.from(key), value };
    }
  }

  count(table: 'objects', start: string, end: string): number {
    let count = this.below.count(table, start, end);
    const [from, to] = [byteText(start), byteText(end)];
    for (const layer of this.layers) {
      const { keys, rows } = layer.table(table) ?? {};
      for (const text of keys?.range(from, to) ?? []) {
        const row = rows?.get(text);
        if (row !== undefined) count += (row.value === undefined ? 0 : 1) - (row.existedBelow ? 1 : 0);
      }
    }
    return count;
  }
}

/** Keys of one or two layers in order, each once. */
function* mergedKeys(
  sources: readonly Iterator<string, unknown>[],
  isBefore: (a: string, b: string) => boolean,
): Generator<string, void> {
  const heads = sources.map((source) => source.next());
  for (;;) {
    let first: string | undefined;
    for (const head of heads) {
      if (head.done !== true && (first === undefined || isBefore(head.value, first))) first = head.value;
    }
    if (first === undefined) return;
    yield first;
    for (const [i, head] of heads.entries()) {
      const source = sources[i];
      if (head.done !== true && head.value === first && source !== undefined) heads[i] = source.next();
    }
  }
}
