import type { Strategy } from '../types.js';
import { flowSchemas } from './flow-schema.js';
import { priorityLevelConfigurations } from './priority-level.js';

/** Resources of the flowcontrol.apiserver.k8s.io group by their plural name. */
export const flowcontrol: Readonly<Record<string, Strategy>> = {
  flowschemas: flowSchemas,
  prioritylevelconfigurations: priorityLevelConfigurations,
};
