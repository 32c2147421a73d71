import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openEnvironment, openTables } from '../store/lmdb.js';
import { decodeMeta, encodeMeta, META_KEY } from '../store/meta.js';
import { subtractRow } from '../store/row-sums.js';
import type { TestCluster } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import type { Replica } from './index.js';

/** The name of the directory that holds a stopped replica's state. */
function stateDirectory(c: TestCluster, i: number): string {
  const dir = join(c.directory, `r${i}`);
  return join(dir, readdirSync(dir).find((name) => name.startsWith('state')) ?? 'state');
}

/**
 * Makes a stopped replica's state another than the others', by one row less, as if an entry had been applied wrongly:
 * neither a checksum nor the sums of its rows tell.
 */
export async function diverge(c: TestCluster, i: number, key: string): Promise<void> {
  const environment = openEnvironment({ path: stateDirectory(c, i), overlappingSync: true });
  const tables = openTables(environment);
  const meta = decodeMeta(Buffer.from(tables.meta.get(META_KEY) ?? []));
  const row = tables.objects.get(Buffer.from(key));
  if (row === undefined) throw new Error(`there is no ${key}`);
  subtractRow(meta.sums, 'objects', key, Buffer.from(row));
  meta.hashA = (meta.hashA ^ 1) >>> 0;
  await environment.batch(() => {
    void tables.objects.remove(Buffer.from(key));
    void tables.meta.put(META_KEY, encodeMeta(meta));
  });
  await environment.close();
}

/** Makes a stopped replica's state another than the others', in a way that it cannot find out about by itself. */
export async function pretendDiverged(c: TestCluster, i: number): Promise<void> {
  const environment = openEnvironment({ path: stateDirectory(c, i), overlappingSync: true });
  const tables = openTables(environment);
  const meta = decodeMeta(Buffer.from(tables.meta.get(META_KEY) ?? []));
  meta.hashA = (meta.hashA ^ 1) >>> 0;
  await environment.batch(() => void tables.meta.put(META_KEY, encodeMeta(meta)));
  await environment.close();
}

/** Whose computation a stopped replica's state comes from. */
export async function lineageOf(c: TestCluster, i: number): Promise<string> {
  const environment = openEnvironment({ path: stateDirectory(c, i), overlappingSync: true });
  const { lineage } = decodeMeta(Buffer.from(openTables(environment).meta.get(META_KEY) ?? []));
  await environment.close();
  return lineage;
}

/** Flips a bit of a record's modRevision on the disk of a stopped replica: its checksum tells, to who looks at it. */
export async function rot(c: TestCluster, i: number, key: string): Promise<void> {
  const environment = openEnvironment({ path: stateDirectory(c, i), overlappingSync: true });
  const tables = openTables(environment);
  const record = Buffer.from(tables.objects.get(key) ?? []);
  record[10] = (record[10] ?? 0) ^ 0x40;
  await environment.batch(() => void tables.objects.put(key, record));
  await environment.close();
}

/** Writes one object through a replica. */
export const put = (replica: Replica, key: string, text: string) =>
  replica.backend.txn({ compares: [], ops: [{ type: 'put', key, value: Buffer.from(text), revisionAt: -1 }] });

/** Makes this replica lead, unless it does. Throws where it is known already that states differ. */
export async function lead(c: TestCluster, i: number): Promise<void> {
  await until(() => {
    if (c.replica(i).status().role === 'leader') return true;
    const other = c.running().find((replica) => replica.status().role === 'leader');
    other?.transferLeader(`r${i}`);
    return false;
  });
}
