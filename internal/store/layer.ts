import { SortedKeys } from './sorted-keys.js';
import type { TableKey, TableName } from './tables.js';

/** What a row costs in memory beside its key and value, about. */
const ROW_BYTES = 200;

// oxlint-disable-next-line no-control-regex -- ASCII is what is its own UTF-8
const ASCII = /^[\0-\x7f]*$/;

/** A key as text whose code units are its bytes: in the order that LMDB has. */
export function byteText(key: TableKey): string {
  if (typeof key !== 'string') return key.toString('latin1');
  return ASCII.test(key) ? key : Buffer.from(key).toString('latin1');
}
/** The key that `byteText` was made of. */
export function keyOf(table: TableName, text: string): TableKey {
  const isText = table === 'objects' || table === 'meta';
  if (!isText) return Buffer.from(text, 'latin1');
  return ASCII.test(text) ? text : Buffer.from(text, 'latin1').toString();
}

/** The newest value of a row; undefined for a row that was removed. */
export interface LayerRow {
  readonly value: Buffer | undefined;
  /** Is the row in what lies below this layer? */
  readonly existedBelow: boolean;
}

/** What LMDB is to do for a row; without a value it goes. */
export interface LayerWrite {
  readonly table: TableName;
  readonly key: TableKey;
  readonly value: Buffer | undefined;
  /** There is no such row yet. */
  readonly isNew: boolean;
}

class LayerTable {
  readonly rows = new Map<string, LayerRow>();
  readonly keys = new SortedKeys();
}

/** Rows that were written and are not in LMDB yet, over what LMDB holds. */
export class Layer {
  readonly #tables = new Map<TableName, LayerTable>();
  /** About how much memory they take. */
  bytes = 0;

  table(name: TableName): LayerTable | undefined {
    return this.#tables.get(name);
  }

  get isEmpty(): boolean {
    return this.#tables.size === 0;
  }

  /** `existsBelow` is asked when the row is not in this layer yet. */
  write(name: TableName, key: TableKey, value: Buffer | undefined, existsBelow: () => boolean): void {
    let table = this.#tables.get(name);
    if (table === undefined) this.#tables.set(name, (table = new LayerTable()));
    const text = byteText(key);
    const before = table.rows.get(text);
    if (before === undefined) {
      table.keys.add(text);
      this.bytes += ROW_BYTES + text.length;
    }
    this.bytes += (value?.length ?? 0) - (before?.value?.length ?? 0);
    table.rows.set(text, { value, existedBelow: before?.existedBelow ?? existsBelow() });
  }

  get(name: TableName, text: string): LayerRow | undefined {
    return this.#tables.get(name)?.rows.get(text);
  }

  /** Rows in order of their tables and keys: so LMDB writes neighbours one after another. */
  *writes(): Generator<LayerWrite, void> {
    for (const [table, { rows, keys }] of this.#tables) {
      for (const text of keys.range('', HIGHEST)) {
        const row = rows.get(text);
        // A row that came and went meanwhile was never there.
        if (row === undefined || (row.value === undefined && !row.existedBelow)) continue;
        yield { table, key: keyOf(table, text), value: row.value, isNew: !row.existedBelow };
      }
    }
  }

  get size(): number {
    let rows = 0;
    for (const table of this.#tables.values()) rows += table.rows.size;
    return rows;
  }
}

/** Above the text of every key. */
export const HIGHEST = '\xff'.repeat(16);
