import { child, children, str } from '../../machinery/access.js';
import { deepEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { qualifiedName } from '../../machinery/names.js';
import { mutating } from '../mutating.js';

const isExtended = (name: string): boolean =>
  name.includes('/') &&
  !name.includes('kubernetes.io/') &&
  !name.startsWith('requests.') &&
  qualifiedName(`requests.${name}`).length === 0;

const sameTaint = (a: JsonObject, b: JsonObject): boolean =>
  ['key', 'effect', 'operator', 'value'].every((field) => str(a, field) === str(b, field));

/** Puts a toleration in the place of one for the same taint, or behind the others. */
function tolerate(spec: JsonObject, toleration: JsonObject): void {
  const before = children(spec, 'tolerations');
  if (before.some((other) => deepEqual(other, toleration))) return;
  const known = before.some((other) => sameTaint(other, toleration));
  const after = before.map((other) => (sameTaint(other, toleration) ? { ...toleration } : other));
  spec['tolerations'] = known ? after : [...after, toleration];
}

/**
 * A pod that asks for an extended resource tolerates the taint of that name, with which nodes that have it are kept for
 * such pods (plugin ExtendedResourceToleration).
 */
export const extendedResourceToleration = mutating('ExtendedResourceToleration', ['CREATE', 'UPDATE'], {
  group: '',
  resource: 'pods',
  change(_ctx, pod) {
    const spec = child(pod, 'spec');
    if (spec === undefined) return;
    const containers = [...children(spec, 'containers'), ...children(spec, 'initContainers')];
    const asked = containers.flatMap((c) => Object.keys(child(child(c, 'resources'), 'requests') ?? {}));
    for (const key of [...new Set(asked)].filter(isExtended).sort()) {
      tolerate(spec, { key, operator: 'Exists', effect: 'NoSchedule' });
    }
  },
});
