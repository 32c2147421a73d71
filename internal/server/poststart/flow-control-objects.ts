import { child, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { AUTO_UPDATE } from '../../registry/default-objects/flow-control.js';
import { flowControl } from '../../registry/default-objects/index.js';
import { prefixEnd, resourcePrefix } from '../../store/keys.js';
import type { Backend } from '../../store/types.js';
import type { InternalClient } from '../internal-client.js';
import { ensure } from './default-objects.js';
import { repeat, type Repeated } from './repeated.js';

/** Between two rounds, milliseconds: kube-apiserver's, so what was deleted is there again within a minute. */
const ROUND_MS = 60_000;
const GROUP = 'flowcontrol.apiserver.k8s.io';
const RESOURCES = ['flowschemas', 'prioritylevelconfigurations'];

/**
 * Keeps the flow schemas and priority levels of Kubernetes (its post-start hook `priority-and-fairness-config-producer`):
 * puts back what is gone or was changed, and deletes what is annotated as one of them and is not. Works where `leads()`
 * is true.
 */
export function keepFlowControlObjects(
  backend: Backend,
  client: InternalClient,
  leads: () => boolean,
  roundMs = ROUND_MS,
): Promise<Repeated> {
  const round = async (): Promise<void> => {
    if (!leads()) return;
    const wanted = flowControl({ now: `${new Date().toISOString().slice(0, 19)}Z` });
    for (const object of wanted) await ensure(client, object);
    const ours = new Set(wanted.map(({ path, object }) => `${path}/${str(child(object, 'metadata'), 'name')}`));
    for (const path of claimedPaths(backend)) if (!ours.has(path)) await client.remove(path);
  };
  return repeat('flow schemas and priority levels', roundMs, round, () => Promise.resolve());
}

/** Where the objects are whose annotation says that the servers keep them. */
function claimedPaths(backend: Backend): string[] {
  return RESOURCES.flatMap((resource) => {
    const start = resourcePrefix(GROUP, resource);
    return backend
      .range({ start, end: prefixEnd(start) })
      .items.map(({ value }) => child(JSON.parse(value.toString()) as JsonObject, 'metadata'))
      .filter((metadata) => str(child(metadata, 'annotations'), AUTO_UPDATE) === 'true')
      .map((metadata) => `/apis/${GROUP}/v1/${resource}/${encodeURIComponent(str(metadata, 'name'))}`);
  });
}
