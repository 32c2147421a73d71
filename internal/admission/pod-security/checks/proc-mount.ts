import { type Check, type ContainerView, hasUserNamespace, type PodView, type Violation } from '../check.js';
import { counted, joinQuoted, sorted } from '../texts.js';

function unmasked(c: ContainerView): string | undefined {
  const type = c.security?.['procMount'];
  return typeof type !== 'string' || type === 'Default' ? undefined : type;
}

function onlyDefault(pod: PodView): Violation | undefined {
  const bad = pod.containers.filter((c) => unmasked(c) !== undefined).map((c) => c.name);
  if (bad.length === 0) return undefined;
  const types = sorted(pod.containers.map(unmasked).filter((type) => type !== undefined));
  return {
    reason: 'procMount',
    detail: `${counted('container', bad)} must not set securityContext.procMount to ${joinQuoted(types)}`,
  };
}

/** /proc stays masked; from 1.35 on a pod in a user namespace may have it otherwise. */
export const procMountBaseline: Check = {
  id: 'procMount',
  level: 'baseline',
  versions: [
    { since: 0, check: onlyDefault },
    { since: 35, check: (pod) => (hasUserNamespace(pod) ? undefined : onlyDefault(pod)) },
  ],
};

/** /proc stays masked for everybody at the level `restricted`, also where `baseline` has become milder. */
export const procMountRestricted: Check = {
  id: 'procMount_restricted',
  level: 'restricted',
  versions: [{ since: 35, check: onlyDefault, overrides: ['procMount'] }],
};
