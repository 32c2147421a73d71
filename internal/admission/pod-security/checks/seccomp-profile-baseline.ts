import { quote } from '../../../machinery/status.js';
import type { Check, PodView, Violation } from '../check.js';
import { plural, sorted } from '../texts.js';
import { badProfiles, SECCOMP_REASON } from './seccomp-profile.js';

const POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';
const CONTAINER_PREFIX = 'container.seccomp.security.alpha.kubernetes.io/';

const isAllowed = (value: string): boolean =>
  value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/');

/** Before the field there were annotations. */
function badAnnotations(pod: PodView): Violation | undefined {
  const keys = [POD_ANNOTATION, ...pod.containers.map((c) => CONTAINER_PREFIX + c.name)];
  const bad: string[] = [];
  for (const key of keys) {
    const value = pod.annotations[key];
    if (typeof value === 'string' && !isAllowed(value)) bad.push(`${key}=${quote(value)}`);
  }
  const all = sorted(bad);
  if (all.length === 0) return undefined;
  return { reason: SECCOMP_REASON, detail: `forbidden ${plural(all.length, 'annotation')} ${all.join(', ')}` };
}

/** The filter of system calls is not switched off: by annotation before 1.19, by field from then on. */
export const seccompProfileBaseline: Check = {
  id: 'seccompProfile_baseline',
  level: 'baseline',
  versions: [
    { since: 0, check: badAnnotations },
    { since: 19, check: badProfiles },
  ],
};
