import { child, children, str } from '../../machinery/access.js';
import { forbidden } from '../../machinery/status.js';
import { isOfPods } from '../of-pods.js';
import type { AdmissionPlugin } from '../types.js';

const HOST_NAME = 'kubernetes.io/hostname';

/**
 * A pod may keep others off its node, not out of its zone: that would let one pod close a zone for everybody (plugin
 * LimitPodHardAntiAffinityTopology).
 */
export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
  validate(_ctx, a) {
    if (!isOfPods(a)) return;
    const antiAffinity = child(child(child(a.object, 'spec'), 'affinity'), 'podAntiAffinity');
    for (const term of children(antiAffinity, 'requiredDuringSchedulingIgnoredDuringExecution')) {
      const key = str(term, 'topologyKey');
      if (key === HOST_NAME) continue;
      throw forbidden(
        a.def,
        str(child(a.object, 'metadata'), 'name'),
        `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${key} but only key ${HOST_NAME} is allowed`,
      );
    }
  },
};
