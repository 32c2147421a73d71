import { child, str } from '../../machinery/access.js';
import { StatusError } from '../../machinery/status.js';
import type { DefaultObject } from '../../registry/default-objects/index.js';
import type { InternalClient } from '../internal-client.js';
import { reconciled } from './reconcile.js';

/** Objects written at once: enough to fill a group commit, few enough to leave room for clients. */
const CONCURRENCY = 32;
/** Updates that lose a race against a client are tried again this often; then the client's version stands until the next start. */
const UPDATE_TRIES = 3;

/**
 * Makes every default object exist and heals the ones that were edited (apiserver's post-start hooks
 * `rbac/bootstrap-roles`, `scheduling/bootstrap-system-priority-classes`, ...). Safe to run on several replicas at once.
 * Namespaces come first; services last, because their addresses come out of the ServiceCIDR.
 */
export async function defaultObjectsExist(client: InternalClient, objects: readonly DefaultObject[]): Promise<void> {
  const phase = (o: DefaultObject): number =>
    o.path.endsWith('/services') ? 2 : o.path === '/api/v1/namespaces' ? 0 : 1;
  for (const now of [0, 1, 2]) {
    await inParallel(
      objects.filter((o) => phase(o) === now),
      (o) => ensure(client, o),
    );
  }
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

/** Makes one default object exist, and as it should be. */
export async function ensure(client: InternalClient, wanted: DefaultObject): Promise<void> {
  const path = `${wanted.path}/${encodeURIComponent(str(child(wanted.object, 'metadata'), 'name'))}`;
  for (let tries = 0; tries < UPDATE_TRIES; tries++) {
    const live = await client.get(path);
    if (live === undefined) {
      const made = await client.create(wanted.path, wanted.object, wanted.fieldManager);
      if (made === undefined) continue; // another replica was first
      if (wanted.status !== undefined) {
        const { apiVersion, kind } = wanted.object;
        const object = { apiVersion, kind, metadata: { name: str(child(made, 'metadata'), 'name') } };
        await client.apply(`${path}/status`, { ...object, status: wanted.status.value }, wanted.status.fieldManager);
      }
      return;
    }
    const next = reconciled(wanted, live);
    if (next === undefined) return;
    try {
      await client.update(path, next, wanted.fieldManager);
      return;
    } catch (e) {
      if (!(e instanceof StatusError && e.reason === 'Conflict')) throw e;
    }
  }
}
