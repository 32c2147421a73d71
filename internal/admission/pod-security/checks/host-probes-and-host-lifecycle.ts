import { child, str } from '../../../machinery/access.js';
import type { JsonObject } from '../../../machinery/json.js';
import type { Check, ContainerView, PodView, Violation } from '../check.js';
import { counted, joinQuoted, plural, sorted } from '../texts.js';

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'];
const HOOKS = ['postStart', 'preStop'];

function hostsOf(c: ContainerView): string[] {
  const lifecycle = child(c.container, 'lifecycle');
  const handlers: (JsonObject | undefined)[] = [
    ...PROBES.map((name) => child(c.container, name)),
    ...HOOKS.map((name) => child(lifecycle, name)),
  ];
  return handlers
    .flatMap((handler) => [str(child(handler, 'httpGet'), 'host'), str(child(handler, 'tcpSocket'), 'host')])
    .filter((host) => host !== '');
}

function noHost(pod: PodView): Violation | undefined {
  const bad = sorted(pod.containers.filter((c) => hostsOf(c).length > 0).map((c) => c.name));
  if (bad.length === 0) return undefined;
  const hosts = sorted(pod.containers.flatMap(hostsOf));
  const what = plural(hosts.length, 'probe or lifecycle host');
  return {
    reason: 'probe or lifecycle host',
    detail: `${counted('container', bad)} ${plural(bad.length, 'uses', 'use')} ${what} ${joinQuoted(hosts)}`,
  };
}

/** The kubelet asks nobody but the pod itself, from 1.34 on. */
export const hostProbesAndHostLifecycle: Check = {
  id: 'hostProbesAndHostLifecycle',
  level: 'baseline',
  versions: [{ since: 34, check: noHost }],
};
