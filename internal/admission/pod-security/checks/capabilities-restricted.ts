import { child, strings } from '../../../machinery/access.js';
import { type Check, type ContainerView, isWindows, namesOf, type PodView, type Violation } from '../check.js';
import { counted, joinQuoted, sorted } from '../texts.js';

const OVERRIDES = ['capabilities_baseline'];

const forbidden = (c: ContainerView): string[] =>
  strings(child(c.security, 'capabilities'), 'add').filter((name) => name !== 'NET_BIND_SERVICE');

function dropAll(pod: PodView): Violation | undefined {
  const keeping = namesOf(pod, (c) => !strings(child(c.security, 'capabilities'), 'drop').includes('ALL'));
  const adding = pod.containers.filter((c) => forbidden(c).length > 0);
  const details: string[] = [];
  if (keeping.length > 0) {
    details.push(`${counted('container', keeping)} must set securityContext.capabilities.drop=["ALL"]`);
  }
  if (adding.length > 0) {
    const who = counted(
      'container',
      adding.map((c) => c.name),
    );
    const names = joinQuoted(sorted(adding.flatMap(forbidden)));
    details.push(`${who} must not include ${names} in securityContext.capabilities.add`);
  }
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
}

/** Every capability is dropped, and none but NET_BIND_SERVICE added; from 1.25 on not asked of Windows. */
export const capabilitiesRestricted: Check = {
  id: 'capabilities_restricted',
  level: 'restricted',
  versions: [
    { since: 22, check: dropAll, overrides: OVERRIDES },
    { since: 25, check: (pod) => (isWindows(pod) ? undefined : dropAll(pod)), overrides: OVERRIDES },
  ],
};
