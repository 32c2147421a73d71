import { INVOLVED } from '../core/cluster-objects.js';
import { newEventRules } from '../core/rules/event.js';
import type { GroupStrategies } from '../types.js';

/** Resources of the events.k8s.io group by their plural name: stored as core events, selected by their own field names. */
export const events: GroupStrategies = {
  events: {
    ...newEventRules,
    fieldNames: ['reason', 'type'],
    fieldAliases: {
      reportingController: 'reportingComponent',
      ...Object.fromEntries(INVOLVED.map((f) => [`regarding.${f}`, `involvedObject.${f}`])),
    },
  },
};
