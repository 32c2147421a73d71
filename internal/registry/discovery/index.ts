import { children, defaultTo } from '../../machinery/access.js';
import type { Strategy } from '../types.js';

const endpointSlices: Strategy = {
  defaults(slice) {
    for (const port of children(slice, 'ports')) {
      defaultTo(port, 'name', '');
      defaultTo(port, 'protocol', 'TCP');
    }
  },
};

/** Resources of the discovery.k8s.io group by their plural name. */
export const discovery: Readonly<Record<string, Strategy>> = { endpointslices: endpointSlices };
