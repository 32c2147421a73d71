import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';

/** Whether an update changes something that the checks look at: which containers there are, and their images. */
export function isSignificantUpdate(pod: JsonObject, oldPod: JsonObject): boolean {
  const [spec, oldSpec] = [child(pod, 'spec'), child(oldPod, 'spec')];
  for (const list of ['containers', 'initContainers']) {
    const [now, before] = [children(spec, list), children(oldSpec, list)];
    if (now.length !== before.length) return true;
    if (now.some((container, i) => str(container, 'image') !== str(before[i], 'image'))) return true;
  }
  const before = new Map(children(oldSpec, 'ephemeralContainers').map((c) => [str(c, 'name'), str(c, 'image')]));
  return children(spec, 'ephemeralContainers').some((c) => before.get(str(c, 'name')) !== str(c, 'image'));
}
