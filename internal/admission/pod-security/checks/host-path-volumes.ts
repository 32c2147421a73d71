import { child, children, str } from '../../../machinery/access.js';
import type { Check, PodView, Violation } from '../check.js';
import { counted } from '../texts.js';

function noHostPath(pod: PodView): Violation | undefined {
  const volumes = children(pod.spec, 'volumes').filter((volume) => child(volume, 'hostPath') !== undefined);
  if (volumes.length === 0) return undefined;
  const names = volumes.map((volume) => str(volume, 'name'));
  return { reason: 'hostPath volumes', detail: counted('volume', names) };
}

/** No directory of the node is mounted. */
export const hostPathVolumes: Check = {
  id: 'hostPathVolumes',
  level: 'baseline',
  versions: [{ since: 0, check: noHostPath }],
};
