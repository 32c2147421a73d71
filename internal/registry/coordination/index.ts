import type { Strategy } from '../types.js';

const leases: Strategy = { generation: false, createOnUpdate: true, unconditionalUpdate: false };

/** Resources of the coordination.k8s.io group by their plural name. */
export const coordination: Readonly<Record<string, Strategy>> = { leases };
