import { child, children } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import type { AdmissionAttributes } from './types.js';

/** Whether a request is about pods themselves, or about this subresource of theirs. */
export const isOfPods = (a: AdmissionAttributes, subresource = ''): boolean =>
  a.def.group === '' && a.def.resource === 'pods' && a.subresource === subresource;

/** The lists in which a pod has containers, in the order in which kube-apiserver visits them. */
export const CONTAINER_LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** Every container of a pod. */
export const containersOf = (pod: JsonObject | undefined): JsonObject[] =>
  CONTAINER_LISTS.flatMap((list) => children(child(pod, 'spec'), list));
