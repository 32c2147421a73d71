import type { GroupStrategies } from '../types.js';
import { customResourceDefinitions } from './custom-resource-definitions.js';
import { groupedEvents } from './events.js';
import { limitRanges } from './limit-ranges.js';
import { namespaces } from './namespaces.js';
import { pods } from './pods.js';

/** Subresources and endings that are a kind's own, by storage group and plural name. */
export const lifecycles: Readonly<Record<string, GroupStrategies>> = {
  '': { limitranges: limitRanges, namespaces, pods },
  'apiextensions.k8s.io': { customresourcedefinitions: customResourceDefinitions },
  apps: { deployments: { statusKeepsMetadata: ['labels'] } },
  'events.k8s.io': { events: groupedEvents },
};
