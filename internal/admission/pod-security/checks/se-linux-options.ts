import { child, str } from '../../../machinery/access.js';
import type { JsonObject } from '../../../machinery/json.js';
import type { Check, CheckPod } from '../check.js';
import { counted, setters, sorted } from '../texts.js';

const TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t'];
const TYPES_31 = [...TYPES, 'container_engine_t'];

const optionsOf = (security: JsonObject | undefined): JsonObject | undefined => child(security, 'seLinuxOptions');

function onlyTypes(allowed: readonly string[]): CheckPod {
  const isBadType = (options: JsonObject | undefined): boolean => !allowed.includes(str(options, 'type'));
  const isBad = (options: JsonObject | undefined): boolean =>
    isBadType(options) || str(options, 'user') !== '' || str(options, 'role') !== '';
  return (pod) => {
    const ofPod = optionsOf(pod.security);
    const containers = pod.containers.filter((c) => isBad(optionsOf(c.security)));
    const who = setters(
      isBad(ofPod),
      containers.map((c) => c.name),
    );
    if (who === '') return undefined;
    const all = [ofPod, ...containers.map((c) => optionsOf(c.security))];
    const types = sorted(all.filter(isBadType).map((options) => str(options, 'type')));
    const what = types.length > 0 ? [counted('type', types)] : [];
    if (all.some((options) => str(options, 'user') !== '')) what.push('user may not be set');
    if (all.some((options) => str(options, 'role') !== '')) what.push('role may not be set');
    return {
      reason: 'seLinuxOptions',
      detail: `${who} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`,
    };
  };
}

/** SELinux types of containers only, no other user or role; `container_engine_t` from 1.31 on. */
export const seLinuxOptions: Check = {
  id: 'seLinuxOptions',
  level: 'baseline',
  versions: [
    { since: 0, check: onlyTypes(TYPES) },
    { since: 31, check: onlyTypes(TYPES_31) },
  ],
};
