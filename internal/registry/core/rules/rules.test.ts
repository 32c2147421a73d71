import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../machinery/json.js';
import { fieldErrorsOf } from '../../generic/field-errors.testkit.js';
import { strategyFor } from '../../index.js';

/** A valid object with its defaults, changed by `change` before or after them. */
function made(
  resource: string,
  group: string,
  obj: JsonObject,
  change: (o: JsonObject) => void = () => undefined,
): JsonObject {
  const copy = structuredClone(obj);
  change(copy);
  strategyFor(group, resource).defaults?.(copy);
  return copy;
}

describe('configuration and services', () => {
  it('an immutable config map keeps its data', () => {
    const old: JsonObject = { metadata: { name: 'c' }, immutable: true, data: { a: '1' } };
    expect(fieldErrorsOf('', 'configmaps')({ ...old, data: { a: '2' } }, old)).toEqual([
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
  });

  it('a service keeps its address, and names its ports when it has several', () => {
    const service: JsonObject = { metadata: { name: 's' }, spec: { ports: [{ port: 80 }, { port: 81 }] } };
    const fieldErrors = fieldErrorsOf('', 'services');
    expect(fieldErrors(made('services', '', service))).toEqual([
      'spec.ports[0].name: Required value',
      'spec.ports[1].name: Required value',
    ]);
    const withAddress = (ip: string) =>
      made('services', '', {
        metadata: { name: 's' },
        spec: { clusterIP: ip, clusterIPs: [ip], ports: [{ port: 80 }] },
      });
    expect(fieldErrors(withAddress('10.96.0.9'), withAddress('10.96.0.8'))).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.96.0.9"]: may not change once set',
    ]);
  });
});

it('a status may not count more pods than there are', () => {
  const status = { replicas: 1, fullyLabeledReplicas: 2, readyReplicas: -1, availableReplicas: 1 };
  for (const [group, resource] of [
    ['', 'replicationcontrollers'],
    ['apps', 'replicasets'],
  ] as const) {
    expect(fieldErrorsOf(group, resource)({ status }, {}, 'status'), resource).toEqual([
      'status.readyReplicas: Invalid value: -1: must be greater than or equal to 0',
      'status.fullyLabeledReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas',
    ]);
  }
});

it('pods of a stateful set have host names of their own, whatever its template says', () => {
  const spec = { hostname: 'A_', subdomain: 'B_', containers: [{ name: 'c', image: 'i' }] };
  const set = made('statefulsets', 'apps', {
    metadata: { name: 's' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec },
    },
  });
  expect(fieldErrorsOf('apps', 'statefulsets')(set)).toEqual([]);
  expect(fieldErrorsOf('apps', 'deployments')(made('deployments', 'apps', set)).length).toBe(2);
});

it('of several sources the first in order is the volume, and a flex volume is one more', () => {
  const volume = made('persistentvolumes', '', {
    metadata: { name: 'v' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      nfs: { server: 's', path: '/' },
      flocker: {},
      flexVolume: {},
    },
  });
  expect(fieldErrorsOf('', 'persistentvolumes')(volume)).toEqual([
    'spec.flocker: Required value: one of datasetName and datasetUUID is required',
    'spec.nfs: Forbidden: may not specify more than 1 volume type',
    'spec.flexVolume.driver: Required value',
  ]);
});

it('a claim knows of what can grow, a node of what its kubelet can do', () => {
  const errorsOf = (resource: string, status: JsonObject): string[] =>
    fieldErrorsOf('', resource)({ status }, {}, 'status').map((text) => text.slice(0, text.indexOf(' value')));
  const statuses = { 'a.b/c': 'NodeResizePending', cpu: 'NodeResizePending', storage: 'Growing' };
  expect(errorsOf('persistentvolumeclaims', { allocatedResourceStatuses: statuses })).toEqual([
    'status.allocatedResourceStatuses: Unsupported',
    'status.allocatedResourceStatuses: Unsupported',
  ]);
  expect(errorsOf('nodes', { declaredFeatures: ['A', 'B/c', 'B/c', 'A', 'x'] })).toEqual([
    'status.declaredFeatures[2]: Duplicate',
    'status.declaredFeatures[3]: Invalid',
    'status.declaredFeatures[4]: Invalid',
  ]);
});

it('a source of a volume that says nothing is a change, of another or of none', () => {
  const volume = (fc?: JsonObject): JsonObject =>
    made('persistentvolumes', '', {
      metadata: { name: 'v' },
      spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, nfs: { server: 's', path: '/' }, fc },
    });
  expect(fieldErrorsOf('', 'persistentvolumes')(volume({}), volume())).toEqual([
    'spec.fc: Forbidden: may not specify more than 1 volume type',
    'spec.fc: Forbidden: may not specify more than 1 volume type',
    expect.stringMatching(/^spec.persistentvolumesource: Forbidden: .* is immutable after creation/),
  ]);
});
