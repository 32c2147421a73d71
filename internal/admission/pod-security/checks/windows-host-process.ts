import { child } from '../../../machinery/access.js';
import type { JsonObject } from '../../../machinery/json.js';
import { type Check, namesOf, type PodView, type Violation } from '../check.js';
import { setters } from '../texts.js';

const isHostProcess = (security: JsonObject | undefined): boolean =>
  child(security, 'windowsOptions')?.['hostProcess'] === true;

function noHostProcess(pod: PodView): Violation | undefined {
  const who = setters(
    isHostProcess(pod.security),
    namesOf(pod, (c) => isHostProcess(c.security)),
  );
  if (who === '') return undefined;
  return { reason: 'hostProcess', detail: `${who} must not set securityContext.windowsOptions.hostProcess=true` };
}

/** No process of the node itself on Windows. */
export const windowsHostProcess: Check = {
  id: 'windowsHostProcess',
  level: 'baseline',
  versions: [{ since: 0, check: noHostProcess }],
};
