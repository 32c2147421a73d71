import type { Strategy } from '../types.js';
import { endpointSlices } from './endpoint-slice.js';

/** Resources of the discovery.k8s.io group by their plural name. */
export const discovery: Readonly<Record<string, Strategy>> = { endpointslices: endpointSlices };
