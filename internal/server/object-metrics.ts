import { Gauge, type Registry } from 'prom-client';
import { StoredSizes } from '../flowcontrol/stored-sizes.js';
import { Breath } from '../machinery/breathe.js';
import { resources } from '../schema/resources.js';
import type { ResourceDef } from '../schema/types.js';
import type { StateReader } from '../store/types.js';

/** Where the numbers of objects come from. */
export interface StoredObjects {
  readonly backend: StateReader;
  /** Custom resources that are served, in one version or several. */
  custom(): Iterable<ResourceDef>;
}

interface Stock {
  readonly group: string;
  readonly resource: string;
  readonly count: number;
  /** An estimate, by the sizes of some of them. */
  readonly bytes: number;
}

const isStored = ({ verbs }: ResourceDef): boolean => verbs.includes('list') && verbs.includes('create');

/**
 * How many objects of each resource there are, and how many bytes about, under kube-apiserver's names. They are counted
 * when somebody asks, at most once a minute (as kube-apiserver does), and in turns with other work.
 */
export function objectMetrics(registry: Registry, read: () => StoredObjects | undefined): void {
  let sizes: { readonly of: StateReader; readonly stored: StoredSizes } | undefined;
  async function stocks(): Promise<Stock[]> {
    const found: Stock[] = [];
    const objects = read();
    if (objects === undefined) return found;
    if (sizes?.of !== objects.backend) sizes = { of: objects.backend, stored: new StoredSizes(objects.backend) };
    const seen = new Set<string>();
    const breath = new Breath();
    for (const def of [...resources, ...objects.custom()]) {
      const { group, version, resource } = def.storage;
      if (!isStored(def) || seen.has(`${group}/${resource}`)) continue;
      seen.add(`${group}/${resource}`);
      if (breath.isOver()) await breath.rest();
      const { count, averageBytes } = sizes.stored.of({ group, version, resource, namespace: '' });
      found.push({ group, resource, count, bytes: Math.round(count * averageBytes) });
    }
    return found;
  }
  const gauge = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    of: (stock: Stock) => readonly [labels: Record<L, string>, value: number],
  ): void => {
    new Gauge<L>({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const all = await stocks();
        this.reset();
        for (const stock of all) this.set(...of(stock));
      },
    });
  };
  gauge(
    'apiserver_resource_objects',
    'Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.',
    ['group', 'resource'],
    ({ group, resource, count }) => [{ group, resource }, count],
  );
  gauge(
    'apiserver_resource_size_estimate_bytes',
    'Estimated size of stored objects in database. Estimate is based on sum of last observed sizes of serialized objects. In case of a fetching error, the value will be -1.',
    ['group', 'resource'],
    ({ group, resource, bytes }) => [{ group, resource }, bytes],
  );
  gauge(
    'apiserver_storage_objects',
    '[DEPRECATED, consider using apiserver_resource_objects instead] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.',
    ['resource'],
    ({ group, resource, count }) => [{ resource: group === '' ? resource : `${resource}.${group}` }, count],
  );
}
