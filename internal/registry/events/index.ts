import { newEventRules } from '../core/rules/event.js';
import type { GroupStrategies } from '../types.js';

/** Resources of the events.k8s.io group by their plural name. */
export const events: GroupStrategies = { events: newEventRules };
