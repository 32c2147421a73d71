import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore, type TestStore } from '../../../auth/testing.js';
import type { JsonObject } from '../../../machinery/json.js';
import { formatQuantity } from '../../../machinery/quantity.js';
import { storeReader } from '../../lookup.js';
import type { AdmissionAttributes, ObjectReader, Operation } from '../../types.js';
import type { Amounts } from '../amounts.js';
import { requirementsText, type ScopeRequirement } from '../scopes.js';
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

describe('what a pod uses', () => {
  const of = (requests: JsonObject, limits: JsonObject = {}): JsonObject => ({ resources: { requests, limits } });
  const used = (spec: JsonObject, status: JsonObject = {}): Record<string, string> => {
    const { pods: count, 'count/pods': objects, ...rest } = texts(podUsage({ spec, status }, 0));
    expect([count, objects]).toEqual(['1', '1']);
    return rest;
  };
  const cpu = (amount: string): JsonObject => of({ cpu: amount });
  const uses = (amount: string) => ({ cpu: amount, 'requests.cpu': amount });

  test.each<[string, JsonObject, string]>([
    ['all of its containers', { containers: [cpu('1'), cpu('2')] }, '3'],
    ['an init container that needs more', { containers: [cpu('1'), cpu('1')], initContainers: [cpu('5')] }, '5'],
    ['no init container that needs less', { containers: [cpu('1'), cpu('1')], initContainers: [cpu('1')] }, '2'],
    ['the largest init container', { containers: [cpu('1')], initContainers: [cpu('4'), cpu('3')] }, '4'],
    ['sidecars', { containers: [cpu('1')], initContainers: [{ ...cpu('2'), restartPolicy: 'Always' }] }, '3'],
    [
      'init containers beside the sidecars before them',
      {
        containers: [cpu('1')],
        initContainers: [{ ...cpu('2'), restartPolicy: 'Always' }, cpu('3'), { ...cpu('1'), restartPolicy: 'Always' }],
      },
      '5',
    ],
    ['what it says itself', { containers: [cpu('1')], ...cpu('7') }, '7'],
    ['its overhead', { containers: [cpu('1')], overhead: { cpu: '500m' } }, '1500m'],
  ])('%s', (_what, spec, amount) => {
    expect(used(spec)).toEqual(uses(amount));
  });

  test('and what it is limited to, with overhead only where there is a limit', () => {
    const containers = [of({ cpu: '1' }, { memory: '1Gi', cpu: '0' })];
    expect(used({ containers, overhead: { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi' } })).toEqual({
      ...uses('2'),
      'ephemeral-storage': '1Gi',
      'requests.ephemeral-storage': '1Gi',
      memory: '1Gi',
      'requests.memory': '1Gi',
      'limits.memory': '2Gi',
      'limits.cpu': '0',
    });
  });

  test('of the pod as a whole only what a pod can have', () => {
    const resources = {
      requests: { memory: '2Gi', 'hugepages-2Mi': '4Mi', 'ephemeral-storage': '9Gi' },
      limits: { cpu: '3' },
    };
    expect(used({ containers: [cpu('1')], resources })).toEqual({
      ...uses('1'),
      memory: '2Gi',
      'requests.memory': '2Gi',
      'hugepages-2Mi': '4Mi',
      'requests.hugepages-2Mi': '4Mi',
      'limits.cpu': '3',
    });
  });

  test("of others' resources under the names of requests, of Kubernetes' own none but those of device classes", () => {
    const requests = { 'example.com/gpu': '1', 'kubernetes.io/x': '1', 'deviceclass.resource.kubernetes.io/gpu': '2' };
    expect(used({ containers: [of(requests)] })).toEqual({
      'requests.example.com/gpu': '1',
      'requests.deviceclass.resource.kubernetes.io/gpu': '2',
    });
  });

  describe('while it is resized', () => {
    const has = (name: string, requests: JsonObject, allocatedResources: JsonObject = {}) => ({
      containerStatuses: [{ name, resources: { requests, limits: { memory: '3Gi' } }, allocatedResources }],
    });
    const spec = {
      containers: [
        { name: 'c', ...cpu('2') },
        { name: 'd', ...cpu('1') },
      ],
    };
    const infeasible = { conditions: [{ type: 'PodReady' }, { type: 'PodResizePending', reason: 'Infeasible' }] };

    test.each<[string, JsonObject, string]>([
      ['the more of what it has and asks for: it has more', has('c', { cpu: '4' }), '5'],
      ['the more of what it has and asks for: it asks for more', has('c', { cpu: '1' }), '3'],
      ['what it was promised where that is more', has('c', { cpu: '1' }, { cpu: '5' }), '6'],
      ['what another container has is not its own', has('x', { cpu: '9' }), '3'],
      ['what it has where the resize cannot be', { ...has('c', { cpu: '1' }), ...infeasible }, '2'],
      [
        'what it asks for where the resize waits',
        { ...has('c', { cpu: '1' }), conditions: [{ type: 'PodResizePending', reason: 'Deferred' }] },
        '3',
      ],
    ])('%s', (_what, status, amount) => {
      expect(used(spec, status)).toMatchObject(uses(amount));
    });

    test('its limits count in the same way, its sidecars too, and other init containers by what they ask for', () => {
      expect(used(spec, has('c', {}))['limits.memory']).toBe('3Gi');
      const status = { initContainerStatuses: [{ name: 's', resources: { requests: { cpu: '8' } } }] };
      const of = (more: JsonObject) => ({ ...spec, initContainers: [{ name: 's', ...cpu('1'), ...more }] });
      expect(used(of({ restartPolicy: 'Always' }), status)).toEqual(uses('11'));
      expect(used(of({}), status)).toEqual(uses('3'));
    });
  });
});

describe('names', () => {
  test.each<[string, string, string[], string[]]>([
    [
      '',
      'pods',
      [
        'pods',
        'count/pods',
        'cpu',
        'requests.memory',
        'limits.ephemeral-storage',
        'hugepages-2Mi',
        'requests.hugepages-2Mi',
        'requests.example.com/gpu',
        'requests.deviceclass.resource.kubernetes.io/x',
      ],
      [
        'example.com/gpu',
        'requests.kubernetes.io/x',
        'limits.example.com/gpu',
        'services',
        'limits.hugepages-2Mi',
        'requests.storage',
      ],
    ],
    [
      '',
      'services',
      ['services', 'count/services', 'services.nodeports', 'services.loadbalancers'],
      ['pods', 'count/pods'],
    ],
    [
      '',
      'persistentvolumeclaims',
      [
        'persistentvolumeclaims',
        'count/persistentvolumeclaims',
        'requests.storage',
        'a.storageclass.storage.k8s.io/persistentvolumeclaims',
        'a.storageclass.storage.k8s.io/requests.storage',
      ],
      ['pods', 'storageclass.storage.k8s.io', 'a.storageclass.storage.k8s.io/pods'],
    ],
    ['', 'secrets', ['secrets', 'count/secrets'], ['count/pods', 'pods']],
  ])('that quotas of %s/%s count, and no others', (group, resource, counted, others) => {
    expect(evaluator(resource, group).matching([...counted, ...others], reader)).toEqual(counted);
  });

  test.each(['services', 'secrets', 'resourceclaims.resource.k8s.io'])(
    '%s are charged for when they are written, not for their subresources',
    (name) => {
      const [resource = '', ...group] = name.split('.');
      const of = evaluator(resource, group.join('.'));
      expect(of.handles(request('CREATE', '', {}))).toBe(true);
      expect(of.handles(request('CREATE', 'status', {}))).toBe(false);
      expect(of.handles(request('DELETE', '', undefined, {}))).toBe(false);
      expect(of.handles(request('UPDATE', '', {}, {}))).toBe(name !== 'secrets');
    },
  );
});

describe('services', () => {
  const used = (spec: JsonObject): (string | undefined)[] => {
    const of = texts(evaluator('services').usage({ spec }, 'ns', reader));
    expect([of['services'], of['count/services']]).toEqual(['1', '1']);
    return [of['services.nodeports'], of['services.loadbalancers']];
  };
  const ports = [{ port: 1 }, { port: 2, nodePort: 30000 }, { port: 3, nodePort: 0 }];
  test.each<[JsonObject, string, string]>([
    [{ type: 'ClusterIP', ports }, '0', '0'],
    [{ type: 'NodePort', ports }, '3', '0'],
    [{ type: 'LoadBalancer', ports }, '3', '1'],
    [{ type: 'LoadBalancer', ports, allocateLoadBalancerNodePorts: true }, '3', '1'],
    [{ type: 'LoadBalancer', ports, allocateLoadBalancerNodePorts: false }, '1', '1'],
  ])('%j', (spec, nodePorts, balancers) => {
    expect(used(spec)).toEqual([nodePorts, balancers]);
  });
});

describe('values of scopes', () => {
  const pods = evaluator('pods');
  const of = (name: string) => ({ spec: { priorityClassName: name } });
  test.each<[string, string, string[], boolean]>([
    ['Exists', 'a', [], true],
    ['Exists', '', [], false],
    ['DoesNotExist', 'a', [], false],
    ['DoesNotExist', '', [], true],
    ['In', 'a', ['a', 'b'], true],
    ['In', 'c', ['a', 'b'], false],
    ['In', '', ['a'], false],
    ['NotIn', 'a', ['a', 'b'], false],
    ['NotIn', 'c', ['a', 'b'], true],
    ['NotIn', '', ['a'], true],
    ['Like', 'a', ['a'], false],
  ])('%s: %j of %j is %s', (operator, name, values, expected) => {
    expect(pods.inScope?.(scope('PriorityClass', operator, ...values), of(name))).toBe(expected);
  });
  test('are printed as Go prints them', () => {
    expect(requirementsText([scope('PriorityClass', 'In', 'a', 'b'), scope('BestEffort')])).toBe(
      '[{PriorityClass In [a b]} {BestEffort Exists []}]',
    );
  });
});

describe('devices of claims', () => {
  const claims = evaluator('resourceclaims', 'resource.k8s.io');
  const usage = (...requests: JsonObject[]) => texts(claims.usage({ spec: { devices: { requests } } }, 'ns', reader));
  const one = (deviceClassName: string, count: number, allocationMode = 'ExactCount'): JsonObject => ({
    deviceClassName,
    count,
    allocationMode,
  });
  test('of alternatives count the most of each class, of unknown modes none', () => {
    const used = usage(
      { firstAvailable: [one('a', 3), one('a', 2), one('b', 1)] },
      { exactly: one('a', 1) },
      { exactly: one('c', 4, 'Some') },
    );
    expect(used).toMatchObject({
      'a.deviceclass.resource.k8s.io/devices': '4',
      'b.deviceclass.resource.k8s.io/devices': '1',
      'c.deviceclass.resource.k8s.io/devices': '0',
    });
    expect(used['requests.deviceclass.resource.kubernetes.io/a']).toBe('4');
    expect(used['requests.deviceclass.resource.kubernetes.io/c']).toBeUndefined();
  });
  test('of no class are no extended resource', () => {
    expect(Object.keys(usage({ exactly: one('', 2) }))).toEqual([
      'count/resourceclaims.resource.k8s.io',
      '.deviceclass.resource.k8s.io/devices',
    ]);
    expect(Object.keys(usage({ name: 'nothing' }))).toEqual(['count/resourceclaims.resource.k8s.io']);
    // Nor does a class count of which no alternative asks for a device.
    expect(Object.keys(usage({ firstAvailable: [one('a', 1, 'Some')] }))).toEqual([
      'count/resourceclaims.resource.k8s.io',
    ]);
  });
  test('of two classes with one name count as the larger', async () => {
    await store.put('resource.k8s.io', 'deviceclasses', '', 'big', { spec: { extendedResourceName: 'acme.com/dev' } });
    await store.put('resource.k8s.io', 'deviceclasses', '', 'small', {
      spec: { extendedResourceName: 'acme.com/dev' },
    });
    expect(usage({ exactly: one('big', 5) }, { exactly: one('small', 2) })['requests.acme.com/dev']).toBe('5');
    expect(usage({ exactly: one('small', 2) }, { exactly: one('big', 5) })['requests.acme.com/dev']).toBe('5');
  });
  test('of a pod whose claim is not named yet count once: with its first claim', async () => {
    await store.put('', 'pods', 'early', 'p', {
      metadata: { uid: 'early-uid' },
      spec: { containers: [{ resources: { requests: { 'acme.com/dev': '2' } } }] },
    });
    const claim = (name: string, creationTimestamp: string): JsonObject => ({
      metadata: {
        name,
        creationTimestamp,
        annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'early-uid', controller: true }],
      },
      spec: { devices: { requests: [{ exactly: one('big', 2) }] } },
    });
    const charged = (o: JsonObject) => texts(claims.usage(o, 'early', reader))['requests.acme.com/dev'] ?? 'none';
    expect(charged(claim('b', '2026-01-01T00:00:01Z'))).toBe('none');
    await store.put('resource.k8s.io', 'resourceclaims', 'early', 'b', claim('b', '2026-01-01T00:00:01Z'));
    expect(charged(claim('b', '2026-01-01T00:00:01Z'))).toBe('none');
    expect(charged(claim('a', '2026-01-01T00:00:01Z'))).toBe('none');
    expect(charged(claim('c', '2026-01-01T00:00:01Z'))).toBe('2');
    expect(charged(claim('a', '2026-01-01T00:00:02Z'))).toBe('2');
    // A claim of another pod, and one that is for no extended resource, are nothing to it.
    const other = claim('0', '2025-01-01T00:00:00Z');
    await store.put('resource.k8s.io', 'resourceclaims', 'early', '0', {
      ...other,
      metadata: { ...(other['metadata'] as JsonObject), annotations: {} },
    });
    expect(charged(claim('a', '2026-01-01T00:00:01Z'))).toBe('none');
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'q', uid: 'other-uid', controller: true }];
    await store.put('resource.k8s.io', 'resourceclaims', 'early', '0', {
      ...other,
      metadata: { ...(other['metadata'] as JsonObject), ownerReferences },
    });
    expect(charged(claim('a', '2026-01-01T00:00:01Z'))).toBe('none');
  });
});
