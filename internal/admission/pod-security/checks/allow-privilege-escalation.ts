import { type Check, isWindows, namesOf, type PodView, type Violation } from '../check.js';
import { counted } from '../texts.js';

function mustBeFalse(pod: PodView): Violation | undefined {
  const bad = namesOf(pod, (c) => c.security?.['allowPrivilegeEscalation'] !== false);
  if (bad.length === 0) return undefined;
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${counted('container', bad)} must set securityContext.allowPrivilegeEscalation=false`,
  };
}

/** Every container gives up gaining more rights than its parent; from 1.25 on not asked of Windows. */
export const allowPrivilegeEscalation: Check = {
  id: 'allowPrivilegeEscalation',
  level: 'restricted',
  versions: [
    { since: 8, check: mustBeFalse },
    { since: 25, check: (pod) => (isWindows(pod) ? undefined : mustBeFalse(pod)) },
  ],
};
