import { child, strings } from '../../../machinery/access.js';
import type { Check, ContainerView, PodView, Violation } from '../check.js';
import { counted, joinQuoted, sorted } from '../texts.js';

const ALLOWED: ReadonlySet<string> = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

const added = (c: ContainerView): string[] =>
  strings(child(c.security, 'capabilities'), 'add').filter((name) => !ALLOWED.has(name));

function onlyDefaults(pod: PodView): Violation | undefined {
  const bad = pod.containers.filter((c) => added(c).length > 0);
  if (bad.length === 0) return undefined;
  const who = counted(
    'container',
    bad.map((c) => c.name),
  );
  return {
    reason: 'non-default capabilities',
    detail: `${who} must not include ${joinQuoted(sorted(bad.flatMap(added)))} in securityContext.capabilities.add`,
  };
}

/** No capability is added beyond those that container runtimes give by themselves. */
export const capabilitiesBaseline: Check = {
  id: 'capabilities_baseline',
  level: 'baseline',
  versions: [{ since: 0, check: onlyDefaults }],
};
