import { type Check, hasUserNamespace, namesOf, type PodView, type Violation } from '../check.js';
import { counted, setters } from '../texts.js';

const REASON = 'runAsNonRoot != true';

function mustBeSet(pod: PodView): Violation | undefined {
  const ofPod = pod.security?.['runAsNonRoot'];
  const refusing = namesOf(pod, (c) => c.security?.['runAsNonRoot'] === false);
  const who = setters(ofPod === false, refusing);
  if (who !== '') return { reason: REASON, detail: `${who} must not set securityContext.runAsNonRoot=false` };
  if (ofPod === true) return undefined;
  const silent = namesOf(pod, (c) => typeof c.security?.['runAsNonRoot'] !== 'boolean');
  if (silent.length === 0) return undefined;
  return {
    reason: REASON,
    detail: `pod or ${counted('container', silent)} must set securityContext.runAsNonRoot=true`,
  };
}

/** No container runs as root; from 1.35 on one in a user namespace may. */
export const runAsNonRoot: Check = {
  id: 'runAsNonRoot',
  level: 'restricted',
  versions: [
    { since: 0, check: mustBeSet },
    { since: 35, check: (pod) => (hasUserNamespace(pod) ? undefined : mustBeSet(pod)) },
  ],
};
