import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore, type TestStore } from '../../../auth/testing.js';
import type { JsonObject } from '../../../machinery/json.js';
import { formatQuantity } from '../../../machinery/quantity.js';
import { storeReader } from '../../lookup.js';
import type { AdmissionAttributes, ObjectReader, Operation } from '../../types.js';
import type { Amounts } from '../amounts.js';
import type { ScopeRequirement } from '../scopes.js';
import { evaluatorOf } from './index.js';
import { podUsage } from './pod-usage.js';
import type { Evaluator } from './types.js';

let store: TestStore;
let reader: ObjectReader;
beforeAll(async () => {
  store = await openStore();
  reader = storeReader(store.backend);
});
afterAll(() => store.close());

function evaluator(resource: string, group = ''): Evaluator {
  const found = evaluatorOf(group, resource);
  if (found === undefined) throw new Error(`${resource} is not counted`);
  return found;
}
const texts = (amounts: Amounts): Record<string, string> =>
  Object.fromEntries([...amounts].map(([name, amount]) => [name, formatQuantity(amount)]));
const request = (operation: Operation, subresource = '', object?: JsonObject, oldObject?: JsonObject) =>
  ({ operation, subresource, object, oldObject }) as AdmissionAttributes;
const scope = (scopeName: string, operator = 'Exists', ...values: string[]): ScopeRequirement => ({
  scopeName,
  operator,
  values,
});

describe('which resources are counted', () => {
  test('every one that is stored in a namespace, some under an older name too', () => {
    for (const resource of ['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets']) {
      expect(texts(evaluator(resource).usage({}, 'ns', reader))).toEqual({
        [resource]: '1',
        [`count/${resource}`]: '1',
      });
    }
    expect(texts(evaluator('deployments', 'apps').usage({}, 'ns', reader))).toEqual({ 'count/deployments.apps': '1' });
    for (const [group, resource] of [
      ['', 'events'],
      ['events.k8s.io', 'events'],
      ['', 'bindings'],
      ['authorization.k8s.io', 'localsubjectaccessreviews'],
    ] as const) {
      expect(evaluatorOf(group, resource)).toBeUndefined();
    }
  });
});

describe('pods', () => {
  const pods = evaluator('pods');
  const terminating = { spec: { activeDeadlineSeconds: 5 } };

  test('count when they come, are resized, or begin to have an end', () => {
    expect(pods.handles(request('CREATE', '', {}))).toBe(true);
    expect(pods.handles(request('UPDATE', '', terminating, {}))).toBe(true);
    expect(pods.handles(request('UPDATE', '', {}, {}))).toBe(false);
    expect(pods.handles(request('DELETE', '', undefined, {}))).toBe(false);
    expect(pods.handles(request('UPDATE', 'resize', {}, {}))).toBe(true);
    expect(pods.handles(request('CREATE', 'resize', {}))).toBe(false);
    expect(pods.handles(request('UPDATE', 'status', terminating, {}))).toBe(false);
  });

  test('are in the scopes that their spec says', () => {
    const cross = (kind: string, when: string, of: JsonObject) => ({
      spec: { affinity: { [kind]: { [when]: [of] } } },
    });
    const [required, preferred] = [
      'requiredDuringSchedulingIgnoredDuringExecution',
      'preferredDuringSchedulingIgnoredDuringExecution',
    ];
    const sized = { spec: { containers: [{ resources: { requests: { cpu: '1' } } }] } };
    const important = { spec: { priorityClassName: 'high' } };
    const cases: [JsonObject, string, boolean, string?, ...string[]][] = [
      [terminating, 'Terminating', true],
      [{}, 'Terminating', false],
      [terminating, 'NotTerminating', false],
      [{}, 'NotTerminating', true],
      [{ spec: { containers: [{}] } }, 'BestEffort', true],
      [sized, 'BestEffort', false],
      [sized, 'NotBestEffort', true],
      [important, 'PriorityClass', true, 'In', 'high'],
      [important, 'PriorityClass', false, 'In', 'low'],
      [important, 'PriorityClass', true],
      [{}, 'PriorityClass', false],
      [cross('podAffinity', required, { namespaces: ['x'] }), 'CrossNamespacePodAffinity', true],
      [cross('podAntiAffinity', required, { namespaceSelector: {} }), 'CrossNamespacePodAffinity', true],
      [
        cross('podAntiAffinity', preferred, { podAffinityTerm: { namespaces: ['x'] } }),
        'CrossNamespacePodAffinity',
        true,
      ],
      [cross('podAffinity', required, { topologyKey: 'k' }), 'CrossNamespacePodAffinity', false],
      [{}, 'Other', false],
    ];
    for (const [pod, name, expected, operator, ...values] of cases) {
      expect(pods.inScope?.(scope(name, operator, ...values), pod), `${name} ${JSON.stringify(pod)}`).toBe(expected);
    }
  });

  test('use nothing but their name once they have ended, or are past their grace', () => {
    const now = Date.parse('2026-01-01T00:01:00Z');
    const pod = (status: JsonObject, metadata: JsonObject = {}) => ({
      metadata,
      status,
      spec: { containers: [{ resources: { requests: { cpu: '1' }, limits: { memory: '1Gi' } } }] },
    });
    const all = { 'count/pods': '1', pods: '1', cpu: '1', 'requests.cpu': '1', 'limits.memory': '1Gi' };
    const deleted = (at: string, seconds?: number) => ({
      deletionTimestamp: at,
      ...(seconds === undefined ? {} : { deletionGracePeriodSeconds: seconds }),
    });
    expect(texts(podUsage(pod({ phase: 'Running' }), now))).toEqual(all);
    expect(texts(podUsage(pod({ phase: 'Failed' }), now))).toEqual({ 'count/pods': '1' });
    expect(texts(podUsage(pod({ phase: 'Succeeded' }), now))).toEqual({ 'count/pods': '1' });
    expect(texts(podUsage(pod({}, deleted('2026-01-01T00:00:30Z', 30)), now))).toEqual(all);
    expect(texts(podUsage(pod({}, deleted('2026-01-01T00:00:30Z', 29)), now))).toEqual({ 'count/pods': '1' });
    expect(texts(podUsage(pod({}, deleted('2026-01-01T00:00:00Z')), now))).toEqual(all);
  });

  test('must say what the quota counts, in each container, or for the pod as a whole', () => {
    const of = (...containers: JsonObject[]) => ({ spec: { containers } });
    const sized = { name: 'b', resources: { requests: { cpu: '1' }, limits: { cpu: '1' } } };
    const names = ['requests.memory', 'cpu', 'pods'];
    expect(pods.constraints?.(names, of({ name: 'c' }, sized))).toBe(
      'must specify cpu for: c; requests.memory for: b,c',
    );
    expect(pods.constraints?.(['cpu'], of(sized))).toBeUndefined();
    expect(pods.constraints?.(['pods', 'ephemeral-storage'], of({ name: 'c' }))).toBeUndefined();
  });
});

describe('claims for volumes', () => {
  const claims = evaluator('persistentvolumeclaims');
  const claim = (storage: string, more: JsonObject = {}, status: JsonObject = {}) => ({
    spec: { resources: { requests: { storage } }, ...more },
    status,
  });

  test('count the storage that they ask for or have, in all and by class', () => {
    expect(texts(claims.usage(claim('1Gi', { storageClassName: 'fast' }), 'ns', reader))).toEqual({
      persistentvolumeclaims: '1',
      'count/persistentvolumeclaims': '1',
      'requests.storage': '1Gi',
      'fast.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
      'fast.storageclass.storage.k8s.io/requests.storage': '1Gi',
    });
    const used = (...of: Parameters<typeof claim>) =>
      texts(claims.usage(claim(...of), 'ns', reader))['requests.storage'];
    expect(used('1Gi', {}, { allocatedResources: { storage: '2Gi' } })).toBe('2Gi');
    expect(used('3Gi', {}, { allocatedResources: { storage: '2Gi' } })).toBe('3Gi');
    expect(used('1500m')).toBe('2');
    expect(claims.handles(request('UPDATE', 'status', {}, {}))).toBe(true);
    expect(claims.handles(request('UPDATE', '', {}, {}))).toBe(true);
    expect(claims.handles(request('DELETE', '', undefined, {}))).toBe(false);
  });

  test('are in the scope of each attributes class that they have, had or are to have', () => {
    for (const of of [
      claim('1', { volumeAttributesClassName: 'gold' }),
      claim('1', {}, { currentVolumeAttributesClassName: 'gold' }),
      claim('1', {}, { modifyVolumeStatus: { targetVolumeAttributesClassName: 'gold' } }),
    ]) {
      expect(claims.inScope?.(scope('VolumeAttributesClass', 'In', 'gold'), of)).toBe(true);
      expect(claims.inScope?.(scope('VolumeAttributesClass', 'In', 'iron'), of)).toBe(false);
      expect(claims.inScope?.(scope('BestEffort', 'In', 'gold'), of)).toBe(false);
    }
  });
});

describe('claims for devices', () => {
  const claims = evaluator('resourceclaims', 'resource.k8s.io');
  const GPU = 'gpu.deviceclass.resource.k8s.io/devices';
  const IMPLICIT = 'requests.deviceclass.resource.kubernetes.io/gpu';
  const asking = (...requests: JsonObject[]): JsonObject => ({ spec: { devices: { requests } } });
  const exactly = (more: JsonObject = {}) => ({
    exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2, ...more },
  });
  beforeAll(async () => {
    await store.put('resource.k8s.io', 'deviceclasses', '', 'gpu', { spec: { extendedResourceName: 'acme.com/gpu' } });
  });

  test('count devices by class, and by the names of extended resources', () => {
    expect(texts(claims.usage(asking(exactly(), exactly({ count: 1 })), 'ns', reader))).toEqual({
      'count/resourceclaims.resource.k8s.io': '1',
      [GPU]: '3',
      [IMPLICIT]: '3',
      'requests.acme.com/gpu': '3',
    });
    expect(texts(claims.usage(asking(exactly({ allocationMode: 'All' })), 'ns', reader))[GPU]).toBe('32');
    const either = { firstAvailable: [exactly().exactly, exactly({ count: 5 }).exactly] };
    expect(texts(claims.usage(asking(either), 'ns', reader))[GPU]).toBe('5');
    const names = [GPU, IMPLICIT, 'requests.acme.com/gpu', 'requests.acme.com/other', 'requests.cpu'];
    expect(claims.matching(names, reader)).toEqual([GPU, IMPLICIT, 'requests.acme.com/gpu']);
  });

  test('are not charged again for what their pod was charged', async () => {
    await store.put('', 'pods', 'ns', 'p', {
      metadata: { uid: 'p-uid' },
      spec: { containers: [{ resources: { requests: { 'acme.com/gpu': '2' } } }] },
      status: { extendedResourceClaimStatus: { resourceClaimName: 'made' } },
    });
    const used = (name: string, owner: JsonObject = {}) => {
      const metadata = {
        name,
        annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'p-uid', controller: true, ...owner }],
      };
      return texts(claims.usage({ metadata, ...asking(exactly()) }, 'ns', reader))['requests.acme.com/gpu'];
    };
    expect(used('made')).toBeUndefined();
    for (const owner of [
      { apiVersion: 'v2' },
      { kind: 'Job' },
      { uid: 'other' },
      { controller: false },
      { name: 'q' },
    ]) {
      expect(used('made', owner), JSON.stringify(owner)).toBe('2');
    }
    expect(used('another')).toBe('2');
  });
});
