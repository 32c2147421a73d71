import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Gauge, type Registry } from 'prom-client';

/** The file of LMDB in the directory of a state. */
const STATE_FILE = 'data.mdb';

/** Bytes of the files of the state below a replica's data directory; while a copy is taken there are two. */
function stateBytes(dataDir: string): number {
  if (!existsSync(dataDir)) return 0;
  const directories = readdirSync(dataDir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const files = directories.map(({ name }) => join(dataDir, name, STATE_FILE));
  return files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** What the state takes on the disk, under kube-apiserver's name and the only id that it knows. */
export function storageMetrics(registry: Registry, dataDir: string): void {
  new Gauge({
    name: 'apiserver_storage_size_bytes',
    help: 'Size of the storage database file physically allocated in bytes.',
    labelNames: ['storage_cluster_id'],
    registers: [registry],
    collect() {
      this.set({ storage_cluster_id: 'etcd-0' }, stateBytes(dataDir));
    },
  });
}
