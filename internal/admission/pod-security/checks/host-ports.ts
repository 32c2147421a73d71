import { children, num } from '../../../machinery/access.js';
import type { Check, ContainerView, PodView, Violation } from '../check.js';
import { counted, plural, sorted } from '../texts.js';

const portsOf = (c: ContainerView): number[] =>
  children(c.container, 'ports')
    .map((port) => num(port, 'hostPort') ?? 0)
    .filter((port) => port !== 0);

function noHostPorts(pod: PodView): Violation | undefined {
  const bad = pod.containers.filter((c) => portsOf(c).length > 0).map((c) => c.name);
  if (bad.length === 0) return undefined;
  const ports = sorted(pod.containers.flatMap(portsOf).map(String));
  return {
    reason: 'hostPort',
    detail: `${counted('container', bad)} ${plural(bad.length, 'uses', 'use')} ${plural(ports.length, 'hostPort')} ${ports.join(', ')}`,
  };
}

/** No port of the node is taken. */
export const hostPorts: Check = {
  id: 'hostPorts',
  level: 'baseline',
  versions: [{ since: 0, check: noHostPorts }],
};
