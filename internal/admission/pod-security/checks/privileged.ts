import { type Check, namesOf, type PodView, type Violation } from '../check.js';
import { counted } from '../texts.js';

function notPrivileged(pod: PodView): Violation | undefined {
  const bad = namesOf(pod, (c) => c.security?.['privileged'] === true);
  if (bad.length === 0) return undefined;
  return {
    reason: 'privileged',
    detail: `${counted('container', bad)} must not set securityContext.privileged=true`,
  };
}

/** No container is privileged. */
export const privileged: Check = {
  id: 'privileged',
  level: 'baseline',
  versions: [{ since: 0, check: notPrivileged }],
};
