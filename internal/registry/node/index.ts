import type { Strategy } from '../types.js';

const runtimeClasses: Strategy = { generation: false };

/** Resources of the node.k8s.io group by their plural name. */
export const node: Readonly<Record<string, Strategy>> = { runtimeclasses: runtimeClasses };
