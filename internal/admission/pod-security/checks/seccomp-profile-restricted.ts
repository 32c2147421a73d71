import { type Check, isWindows, namesOf, type PodView, type Violation } from '../check.js';
import { counted } from '../texts.js';
import { badProfiles, isAllowedType, profileType, SECCOMP_REASON } from './seccomp-profile.js';

const OVERRIDES = ['seccompProfile_baseline'];

function mustBeSet(pod: PodView): Violation | undefined {
  const bad = badProfiles(pod);
  if (bad !== undefined || isAllowedType(profileType(pod.security))) return bad;
  const silent = namesOf(pod, (c) => profileType(c.security) === undefined);
  if (silent.length === 0) return undefined;
  return {
    reason: SECCOMP_REASON,
    detail: `pod or ${counted('container', silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
}

/** A filter of system calls is asked for; from 1.25 on not of Windows. */
export const seccompProfileRestricted: Check = {
  id: 'seccompProfile_restricted',
  level: 'restricted',
  versions: [
    { since: 19, check: mustBeSet, overrides: OVERRIDES },
    { since: 25, check: (pod) => (isWindows(pod) ? undefined : mustBeSet(pod)), overrides: OVERRIDES },
  ],
};
