import { assert } from '../machinery/assert.js';
import { origins, type TableName, tables } from './tables/index.js';

/** One module of the type tables: where its types belong. */
export interface TableOrigin {
  readonly table: TableName;
  /** OpenAPI name of its types without the last part, such as `io.k8s.api.core.v1`. */
  readonly prefix: string;
  readonly group: string;
  readonly version: string;
}

const all: readonly TableOrigin[] = (Object.keys(origins) as TableName[]).map((table) => ({
  table,
  ...origins[table],
}));
const byPrefix = new Map(all.map((o) => [o.prefix, o]));
const byGroupVersion = new Map(all.filter((o) => o.table !== 'meta.v1').map((o) => [`${o.group}/${o.version}`, o]));

/** The table that holds the kinds of a group and version. */
export function tableOf(group: string, version: string): TableOrigin | undefined {
  return byGroupVersion.get(`${group}/${version}`);
}

/** Every table. */
export const tableOrigins: readonly TableOrigin[] = all;

/** The rows of one table: type name to field lines. */
export function rowsOf(table: TableName): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return tables[table];
}

/** Splits a definition name (`io.k8s.api.core.v1.Pod`) or the tables' own name (`core.v1.Pod`). */
export function splitTypeName(name: string): { origin: TableOrigin; type: string } | undefined {
  const dot = name.lastIndexOf('.');
  const head = name.slice(0, dot);
  const origin = byPrefix.get(head) ?? (Object.hasOwn(origins, head) ? byTable(head as TableName) : undefined);
  return origin === undefined ? undefined : { origin, type: name.slice(dot + 1) };
}

function byTable(table: TableName): TableOrigin {
  const origin = all.find((o) => o.table === table);
  assert(origin !== undefined, `no type table ${table}`);
  return origin;
}

/** The definition name of `Container` or `meta.v1.ObjectMeta` seen from a table. */
export function definitionName(shortName: string, from: TableOrigin): string {
  const dot = shortName.lastIndexOf('.');
  if (dot < 0) return `${from.prefix}.${shortName}`;
  return `${byTable(shortName.slice(0, dot) as TableName).prefix}.${shortName.slice(dot + 1)}`;
}
