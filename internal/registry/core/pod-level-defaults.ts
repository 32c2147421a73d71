import { child, children, defaultTo } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { formatQuantity } from '../../machinery/quantity.js';
import { FieldNode } from '../generic/field-node.js';
import { aggregateOf, isHugePages } from './rules/pod/resources.js';

const COMPUTE = ['cpu', 'memory'] as const;

const namesOf = (spec: JsonObject, key: 'requests' | 'limits'): string[] =>
  [...children(spec, 'containers'), ...children(spec, 'initContainers')].flatMap((c) =>
    Object.keys(child(child(c, 'resources'), key) ?? {}),
  );

/**
 * What a pod with resources of its own leaves out (defaultHugePagePodLimits and defaultPodRequests, KEP-2837): limits of huge
 * pages are those of its containers together; requests are what its containers request together, else its own limits.
 * Only of pods, not of templates; after the requests of containers were defaulted. Quantities must have been decoded.
 */
export function defaultPodLevelResources(spec: JsonObject): void {
  const resources = child(spec, 'resources');
  if (resources === undefined) return;
  const limits: JsonObject = { ...child(resources, 'limits') };
  const requests: JsonObject = { ...child(resources, 'requests') };
  if (Object.keys(limits).length + Object.keys(requests).length === 0) return;
  const node = new FieldNode(spec);
  const take = (list: JsonObject, key: 'requests' | 'limits', name: string): void => {
    const total = aggregateOf(node, key, name);
    if (total !== undefined) defaultTo(list, name, formatQuantity(total));
  };
  for (const name of namesOf(spec, 'limits')) {
    if (isHugePages(name) && requests[name] === undefined) take(limits, 'limits', name);
  }
  if (Object.keys(limits).length === 0) return;
  resources['limits'] = limits;
  for (const name of COMPUTE) take(requests, 'requests', name);
  for (const [name, limit] of Object.entries(limits)) {
    const isPodLevel = name === 'cpu' || name === 'memory' || isHugePages(name);
    if (isPodLevel && limit !== undefined) defaultTo(requests, name, limit);
  }
  if (Object.keys(requests).length > 0) resources['requests'] = requests;
}
