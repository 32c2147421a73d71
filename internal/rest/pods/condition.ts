import { children, ensureChild } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';

export interface PodCondition {
  readonly type: string;
  readonly reason?: string;
  readonly message?: string;
}

/** Makes a condition of a pod true, in place; one that was true keeps the time since when (podutil.UpdatePodCondition). */
export function setPodCondition(pod: JsonObject, condition: PodCondition, now: string): void {
  const status = ensureChild(pod, 'status');
  const conditions = children(status, 'conditions');
  const at = conditions.findIndex((c) => c['type'] === condition.type);
  const before = conditions[at];
  const made: JsonObject = {
    type: condition.type,
    status: 'True',
    lastTransitionTime: before?.['status'] === 'True' ? before['lastTransitionTime'] : now,
    ...(condition.reason === undefined ? {} : { reason: condition.reason }),
    ...(condition.message === undefined ? {} : { message: condition.message }),
  };
  if (at < 0) conditions.push(made);
  else conditions[at] = made;
  status['conditions'] = conditions;
}
