import { defaultTo } from '../../machinery/access.js';
import type { Strategy } from '../types.js';

const priorityClasses: Strategy = {
  defaults(c) {
    defaultTo(c, 'preemptionPolicy', 'PreemptLowerPriority');
  },
};

/** Resources of the scheduling.k8s.io group by their plural name. */
export const scheduling: Readonly<Record<string, Strategy>> = { priorityclasses: priorityClasses };
