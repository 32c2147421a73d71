import { num } from '../../../machinery/access.js';
import { type Check, hasUserNamespace, namesOf, type PodView, type Violation } from '../check.js';
import { setters } from '../texts.js';

function notZero(pod: PodView): Violation | undefined {
  const who = setters(
    num(pod.security, 'runAsUser') === 0,
    namesOf(pod, (c) => num(c.security, 'runAsUser') === 0),
  );
  return who === '' ? undefined : { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` };
}

/** Nobody asks for the user root; from 1.35 on a pod in a user namespace may. */
export const runAsUser: Check = {
  id: 'runAsUser',
  level: 'restricted',
  versions: [
    { since: 23, check: notZero },
    { since: 35, check: (pod) => (hasUserNamespace(pod) ? undefined : notZero(pod)) },
  ],
};
