import { expect, test } from 'vitest';
import { child, children } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { APP_ARMOR_PREFIX, syncAppArmorAnnotations } from './app-armor-annotations.js';
import { podWarnings, templateWarnings } from './rules/pod/warnings.js';

const pod = (annotations: JsonObject, spec: JsonObject = {}): JsonObject => ({
  metadata: { name: 'p', annotations },
  spec: { containers: [{ name: 'c' }], ...spec },
});
const deprecated = `metadata.annotations[${APP_ARMOR_PREFIX}c]: deprecated since v1.30; use the "appArmorProfile" field instead`;

function synced(annotation: string, spec?: JsonObject): { profile: JsonObject | undefined; warnings: string[] } {
  const object = pod({ [`${APP_ARMOR_PREFIX}c`]: annotation }, spec);
  const warnings: string[] = [];
  syncAppArmorAnnotations(object, warnings);
  const container = children(child(object, 'spec'), 'containers')[0];
  return { profile: child(child(container, 'securityContext'), 'appArmorProfile'), warnings };
}

test('annotations of a new pod become fields, with a warning', () => {
  expect(synced('unconfined')).toEqual({ profile: { type: 'Unconfined' }, warnings: [deprecated] });
  expect(synced('runtime/default').profile).toEqual({ type: 'RuntimeDefault' });
  expect(synced('localhost/own').profile).toEqual({ type: 'Localhost', localhostProfile: 'own' });
  for (const wrong of ['bogus', 'localhost/', 'localhost/ padded', `localhost/${'x'.repeat(4096)}`]) {
    expect(synced(wrong), wrong).toEqual({ profile: undefined, warnings: [deprecated] });
  }
});

test('annotations change nothing where a field says it already, and on Windows', () => {
  const nothing = { profile: undefined, warnings: [] };
  const ofPod = { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } };
  expect(synced('runtime/default', ofPod)).toEqual(nothing);
  expect(synced('runtime/default', { os: { name: 'windows' } })).toEqual(nothing);
  const own = { containers: [{ name: 'c', securityContext: { appArmorProfile: { type: 'Unconfined' } } }] };
  expect(synced('runtime/default', own)).toEqual({ profile: { type: 'Unconfined' }, warnings: [] });
});

test('templates keep their annotations and are warned about them; seccomp has no effect any more', () => {
  const seccomp = 'container.seccomp.security.alpha.kubernetes.io/c';
  const object = pod({ [`${APP_ARMOR_PREFIX}c`]: 'unconfined', [seccomp]: 'x' });
  const gone = `metadata.annotations[${seccomp}]: non-functional in v1.27+; use the "seccompProfile" field instead`;
  expect(templateWarnings(object, 't')).toEqual([`t.${gone}`, `t.${deprecated}`]);
  expect(podWarnings(object, undefined)).toEqual([gone]);
});

test('ports are compared over all containers, by number and by name', () => {
  const ports = (name: string, more: JsonObject = {}): JsonObject[] => [
    { name, containerPort: 80, protocol: 'TCP', ...more },
  ];
  const spec = {
    initContainers: [{ name: 'i', ports: ports('web') }],
    containers: [{ name: 'c', ports: ports('web', { hostIP: '10.0.0.1' }) }],
  };
  const [i, c] = ['spec.initContainers[0].ports[0]', 'spec.containers[0].ports[0]'];
  expect(podWarnings(pod({}, spec), undefined)).toEqual([
    `${c}: hostIP set without hostPort: {Name:web HostPort:0 ContainerPort:80 Protocol:TCP HostIP:10.0.0.1}`,
    `${c}: overlapping port definition with ${i}`,
    `${c}: duplicate port name "web" with ${i}, services and probes that select ports by name will use ${i}`,
  ]);
});
