import { child, children } from './access.js';
import type { JsonObject } from './json.js';
import { formatQuantity, parseQuantity, signOfQuantity } from './quantity.js';

const COMPUTE = ['cpu', 'memory'] as const;

/** status.qosClass (pkg/apis/core/v1/helper/qos): Guaranteed when every container's limits equal its requests, BestEffort when there are none. */
export function podQosClass(pod: JsonObject): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const spec = child(pod, 'spec');
  const own = child(spec, 'resources');
  const holders =
    own !== undefined && (child(own, 'requests') !== undefined || child(own, 'limits') !== undefined)
      ? [own]
      : [...children(spec, 'containers'), ...children(spec, 'initContainers')].map((c) => child(c, 'resources') ?? {});
  let guaranteed = true;
  let any = false;
  for (const resources of holders) {
    const requests = positive(child(resources, 'requests'));
    const limits = positive(child(resources, 'limits'));
    if (requests.size > 0 || limits.size > 0) any = true;
    for (const name of COMPUTE) {
      if (limits.get(name) === undefined || (requests.get(name) ?? limits.get(name)) !== limits.get(name))
        guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function positive(list: JsonObject | undefined): Map<string, string> {
  const out = new Map<string, string>();
  for (const name of COMPUTE) {
    const v = list?.[name];
    if (v === undefined || v === null) continue;
    const q = parseQuantity(typeof v === 'string' ? v : JSON.stringify(v));
    if (signOfQuantity(q) > 0) out.set(name, formatQuantity(q));
  }
  return out;
}
