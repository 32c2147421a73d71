import { child, str } from '../../../machinery/access.js';
import type { JsonObject } from '../../../machinery/json.js';
import { type PodView, type Violation } from '../check.js';
import { joinQuoted, setters, sorted } from '../texts.js';

export const SECCOMP_REASON = 'seccompProfile';

/** The type of a seccomp profile; undefined where there is none. */
export function profileType(security: JsonObject | undefined): string | undefined {
  const profile = child(security, 'seccompProfile');
  return profile === undefined ? undefined : str(profile, 'type');
}

/** Whether a type is one that both levels allow. */
export const isAllowedType = (type: string | undefined): boolean => type === 'RuntimeDefault' || type === 'Localhost';

const isBad = (type: string | undefined): boolean => type !== undefined && !isAllowedType(type);

/** What sets a profile other than the runtime's own or one of the node. */
export function badProfiles(pod: PodView): Violation | undefined {
  const ofPod = profileType(pod.security);
  const containers = pod.containers.filter((c) => isBad(profileType(c.security)));
  const who = setters(
    isBad(ofPod),
    containers.map((c) => c.name),
  );
  if (who === '') return undefined;
  const types = [ofPod, ...containers.map((c) => profileType(c.security))].filter((type) => type !== undefined);
  const bad = joinQuoted(sorted(types.filter(isBad)));
  return { reason: SECCOMP_REASON, detail: `${who} must not set securityContext.seccompProfile.type to ${bad}` };
}
