/** The rows of one simulated table in byte order of their keys. Unchanging: a commit makes a new one. */
export class SimTable {
  static readonly empty = new SimTable([], []);

  private constructor(
    /** Keys as latin1 text: one character per byte, so that text order is byte order. */
    readonly keys: readonly string[],
    readonly values: readonly Buffer[],
  ) {}

  get(key: string): Buffer | undefined {
    const at = lowerBound(this.keys, key);
    return this.keys[at] === key ? this.values[at] : undefined;
  }

  /** Place of the first key at or after `key`. */
  find(key: string): number {
    return lowerBound(this.keys, key);
  }

  /** With these rows written (undefined: removed), in order. */
  with(writes: readonly (readonly [key: string, value: Buffer | undefined])[]): SimTable {
    const keys = this.keys.slice();
    const values = this.values.slice();
    for (const [key, value] of writes) {
      const at = lowerBound(keys, key);
      const exists = keys[at] === key;
      if (value === undefined) {
        if (exists) {
          keys.splice(at, 1);
          values.splice(at, 1);
        }
      } else if (exists) {
        values[at] = value;
      } else {
        keys.splice(at, 0, key);
        values.splice(at, 0, value);
      }
    }
    return new SimTable(keys, values);
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let lo = 0;
  let hi = keys.length;
  // Logs and histories grow at their end.
  const last = keys[hi - 1];
  if (last === undefined || last < key) return hi;
  while (lo < hi) {
    const middle = (lo + hi) >> 1;
    if ((keys[middle] ?? '') < key) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}

/** All tables of an environment at one point in its life. */
export type Version = ReadonlyMap<string, SimTable>;

export interface Write {
  readonly table: string;
  readonly key: string;
  readonly value: Buffer | undefined;
}

/** The version after a transaction. */
export function applyWrites(version: Version, writes: readonly Write[]): Version {
  const byTable = new Map<string, [string, Buffer | undefined][]>();
  for (const { table, key, value } of writes) {
    const rows = byTable.get(table);
    if (rows === undefined) byTable.set(table, [[key, value]]);
    else rows.push([key, value]);
  }
  const next = new Map(version);
  for (const [table, rows] of byTable) next.set(table, (version.get(table) ?? SimTable.empty).with(rows));
  return next;
}
