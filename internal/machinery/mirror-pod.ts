import { child } from './access.js';
import type { JsonObject } from './json.js';

/** The annotation of pods that only show one that a node runs from a file of its own. */
export const MIRROR = 'kubernetes.io/config.mirror';

/** Whether a pod is such a one. */
export const isMirror = (pod: JsonObject): boolean =>
  child(child(pod, 'metadata'), 'annotations')?.[MIRROR] !== undefined;
