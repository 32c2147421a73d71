import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { startWithPlugin } from '../testing/with-plugin.js';
import { limitedResources } from './config.js';

const MERGE = { contentType: 'application/merge-patch+json' };

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(() => rest.close());

let namespaces = 0;
async function namespace(client: Rest = rest): Promise<string> {
  const name = `quota-${++namespaces}`;
  await client.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name } });
  await client.ok(201, 'POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  return `/api/v1/namespaces/${name}`;
}
type Amounts = Record<string, string>;

/** A quota as the quota controller has seen it: nothing is used yet, but `used`. */
async function quota(ns: string, hard: Amounts, used: Amounts = {}, spec: JsonObject = {}, name = 'q'): Promise<void> {
  const zero = Object.fromEntries(Object.keys(hard).map((key) => [key, '0']));
  await rest.ok(201, 'POST', `${ns}/resourcequotas`, { metadata: { name }, spec: { hard, ...spec } });
  const status = { hard, used: { ...zero, ...used } };
  await rest.ok(200, 'PATCH', `${ns}/resourcequotas/${name}/status`, { status }, MERGE);
}
const used = async (ns: string, name = 'q'): Promise<unknown> =>
  ((await rest.ok(200, 'GET', `${ns}/resourcequotas/${name}`))['status'] as JsonObject)['used'];
const refusal = async (path: string, body: JsonObject): Promise<unknown> =>
  (await rest.ok(403, 'POST', path, body))['message'];

const pod = (name: string, resources: JsonObject = {}, spec: JsonObject = {}): JsonObject => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i', resources }], ...spec },
});
const cm = (name: string): JsonObject => ({ metadata: { name } });

describe('usage', () => {
  it('is written with the object, and refuses what has no room', async () => {
    const ns = await namespace();
    await quota(ns, { configmaps: '2', secrets: '9' }, { secrets: '7' });
    await rest.ok(201, 'POST', `${ns}/configmaps`, cm('a'));
    expect(await used(ns)).toEqual({ configmaps: '1', secrets: '7' });
    await rest.ok(201, 'POST', `${ns}/configmaps`, cm('b'));
    expect(await refusal(`${ns}/configmaps`, cm('c'))).toBe(
      'configmaps "c" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=2, limited: configmaps=2',
    );
    expect(await used(ns)).toEqual({ configmaps: '2', secrets: '7' });
  });

  it('belongs to the API server in managedFields', async () => {
    const ns = await namespace();
    await quota(ns, { configmaps: '2' });
    for (const name of ['a', 'b']) await rest.ok(201, 'POST', `${ns}/configmaps`, cm(name));
    const { metadata } = await rest.ok(200, 'GET', `${ns}/resourcequotas/q`);
    const entries = (metadata as JsonObject)['managedFields'] as JsonObject[];
    expect(entries.filter((e) => e['manager'] === 'kube-apiserver')).toMatchObject([
      { operation: 'Update', subresource: 'status', fieldsV1: { 'f:status': { 'f:used': { 'f:configmaps': {} } } } },
    ]);
  });

  it('stays as it is for dry runs, invalid objects and names that are taken', async () => {
    const ns = await namespace();
    await quota(ns, { configmaps: '3' });
    await rest.ok(201, 'POST', `${ns}/configmaps?dryRun=All`, cm('a'));
    await rest.ok(422, 'POST', `${ns}/configmaps`, cm('A'));
    await rest.ok(201, 'POST', `${ns}/configmaps`, cm('a'));
    await rest.ok(409, 'POST', `${ns}/configmaps`, cm('a'));
    await rest.ok(200, 'PATCH', `${ns}/configmaps/a`, { data: { x: 'y' } }, MERGE);
    expect(await used(ns)).toEqual({ configmaps: '1' });
  });

  it('is not bounded by a quota without a status, and not known with half of one', async () => {
    const ns = await namespace();
    await rest.ok(201, 'POST', `${ns}/resourcequotas`, {
      metadata: { name: 'q' },
      spec: { hard: { configmaps: '0' } },
    });
    await rest.ok(201, 'POST', `${ns}/configmaps`, cm('a'));
    await rest.ok(200, 'PATCH', `${ns}/resourcequotas/q/status`, { status: { hard: { configmaps: '0' } } }, MERGE);
    expect(await refusal(`${ns}/configmaps`, cm('b'))).toBe(
      'configmaps "b" is forbidden: status unknown for quota: q, resources: configmaps',
    );
  });

  it('is charged to every quota, or to none when one has no room', async () => {
    const ns = await namespace();
    await quota(ns, { configmaps: '5' }, {}, {}, 'a');
    await quota(ns, { 'count/configmaps': '1' }, {}, {}, 'b');
    await rest.ok(201, 'POST', `${ns}/configmaps`, cm('x'));
    await rest.ok(403, 'POST', `${ns}/configmaps`, cm('y'));
    expect([await used(ns, 'a'), await used(ns, 'b')]).toEqual([{ configmaps: '1' }, { 'count/configmaps': '1' }]);
  });
});

describe('what counts', () => {
  it.each<[string, Amounts, JsonObject, string]>([
    ['requests of containers', { 'requests.cpu': '1' }, pod('p', { requests: { cpu: '1500m' } }), 'requests.cpu=1500m'],
    ['limits', { 'limits.memory': '1Gi' }, pod('p', { limits: { memory: '2Gi' } }), 'limits.memory=2Gi'],
    [
      'huge pages',
      { 'requests.hugepages-2Mi': '4Mi' },
      pod('p', { requests: { cpu: '1', 'hugepages-2Mi': '6Mi' }, limits: { 'hugepages-2Mi': '6Mi' } }),
      'requests.hugepages-2Mi=6Mi',
    ],
    [
      'extended resources',
      { 'requests.example.com/gpu': '1' },
      pod('p', { limits: { 'example.com/gpu': '2' } }),
      'requests.example.com/gpu=2',
    ],
    [
      'init containers beside the sidecars before them',
      { 'requests.cpu': '1' },
      pod(
        'p',
        { requests: { cpu: '100m' } },
        {
          initContainers: [
            { name: 's', image: 'i', restartPolicy: 'Always', resources: { requests: { cpu: '300m' } } },
            { name: 'i', image: 'i', resources: { requests: { cpu: '1' } } },
          ],
        },
      ),
      'requests.cpu=1300m',
    ],
    [
      'what the pod as a whole asks for, instead of its containers',
      { 'requests.cpu': '1', 'limits.cpu': '9' },
      pod('p', {}, { resources: { requests: { cpu: '2' }, limits: { cpu: '3' } } }),
      'requests.cpu=2',
    ],
  ])('of pods: %s', async (_what, hard, body, requested) => {
    const ns = await namespace();
    await quota(ns, hard);
    expect(await refusal(`${ns}/pods`, body)).toContain(`exceeded quota: q, requested: ${requested}, `);
  });

  it('of pods: every container must say what a quota of CPU or memory bounds', async () => {
    const ns = await namespace();
    await quota(ns, { 'requests.cpu': '1', 'limits.memory': '1Gi', 'requests.ephemeral-storage': '1Gi' });
    const init = [{ name: 'a', image: 'i', resources: { requests: { cpu: '1m' } } }];
    expect(await refusal(`${ns}/pods`, pod('p', {}, { initContainers: init }))).toBe(
      'pods "p" is forbidden: failed quota: q: must specify limits.memory for: a,c; requests.cpu for: c',
    );
  });

  it('of services: node ports and load balancers, also when the type changes', async () => {
    const ns = await namespace();
    await rest.ok(201, 'POST', '/apis/networking.k8s.io/v1/servicecidrs', {
      metadata: { name: 'kubernetes' },
      spec: { cidrs: ['10.96.0.0/24'] },
    });
    await quota(ns, { services: '2', 'services.nodeports': '2', 'services.loadbalancers': '1' });
    const ports = [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ];
    await rest.ok(201, 'POST', `${ns}/services`, { metadata: { name: 's' }, spec: { ports } });
    await rest.ok(200, 'PATCH', `${ns}/services/s`, { spec: { type: 'LoadBalancer' } }, MERGE);
    const all = { services: '1', 'services.nodeports': '2', 'services.loadbalancers': '1' };
    expect(await used(ns)).toEqual(all);
    await rest.ok(200, 'PATCH', `${ns}/services/s`, { spec: { type: 'ClusterIP' } }, MERGE);
    expect(await used(ns)).toEqual(all);
    expect(await refusal(`${ns}/services`, { metadata: { name: 't' }, spec: { type: 'NodePort', ports } })).toContain(
      'requested: services.nodeports=2, used: services.nodeports=2, limited: services.nodeports=2',
    );
  });

  it('of claims: storage, in whole bytes, and by class', async () => {
    const ns = await namespace();
    const gold = 'gold.storageclass.storage.k8s.io/requests.storage';
    await quota(ns, { 'requests.storage': '9Gi', [gold]: '5Gi' });
    const claim = (name: string, storage: string, storageClassName: string): JsonObject => ({
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage } } },
    });
    await rest.ok(201, 'POST', `${ns}/persistentvolumeclaims`, claim('a', '4Gi', 'gold'));
    await rest.ok(201, 'POST', `${ns}/persistentvolumeclaims`, claim('b', '4Gi', ''));
    expect(await used(ns)).toEqual({ 'requests.storage': '8Gi', [gold]: '4Gi' });
    expect(await refusal(`${ns}/persistentvolumeclaims`, claim('c', '2Gi', 'gold'))).toContain(
      `requested: ${gold}=2Gi,requests.storage=2Gi, used: ${gold}=4Gi,requests.storage=8Gi`,
    );
  });

  it('of claims for devices: claims, and devices of each class at their worst', async () => {
    const ns = await namespace();
    const big = 'big.deviceclass.resource.k8s.io/devices';
    const small = 'small.deviceclass.resource.k8s.io/devices';
    await quota(ns, { [big]: '40', [small]: '5', 'requests.deviceclass.resource.kubernetes.io/big': '40' });
    await rest.ok(201, 'POST', '/apis/resource.k8s.io/v1/deviceclasses', { metadata: { name: 'big' }, spec: {} });
    const claims = ns.replace('/api/v1', '/apis/resource.k8s.io/v1') + '/resourceclaims';
    const requests = [
      { name: 'a', exactly: { deviceClassName: 'big', allocationMode: 'All' } },
      {
        name: 'b',
        firstAvailable: [
          { name: 'x', deviceClassName: 'big', count: 2 },
          { name: 'y', deviceClassName: 'small', count: 4 },
        ],
      },
    ];
    await rest.ok(201, 'POST', claims, { metadata: { name: 'c' }, spec: { devices: { requests } } });
    expect(await used(ns)).toEqual({
      [big]: '34',
      [small]: '4',
      'requests.deviceclass.resource.kubernetes.io/big': '34',
    });
  });

  it('of every other resource: how many there are, but never events', async () => {
    const ns = await namespace();
    await quota(ns, { 'count/deployments.apps': '0', 'count/leases.coordination.k8s.io': '0', 'count/events': '0' });
    const leases = ns.replace('/api/v1', '/apis/coordination.k8s.io/v1') + '/leases';
    expect(await refusal(leases, cm('l'))).toContain(
      'exceeded quota: q, requested: count/leases.coordination.k8s.io=1',
    );
    const name = ns.slice('/api/v1/namespaces/'.length);
    await rest.ok(201, 'POST', `${ns}/events`, { metadata: { name: 'e' }, involvedObject: { namespace: name } });
  });
});

describe('scopes', () => {
  const none = { pods: '0' };
  const selector = (scopeName: string, operator: string, ...values: string[]): JsonObject => ({
    scopeSelector: { matchExpressions: [{ scopeName, operator, ...(values.length > 0 ? { values } : {}) }] },
  });
  const best = pod('best');
  const burst = pod('burst', { requests: { cpu: '1m' } });
  const ends = pod('ends', {}, { activeDeadlineSeconds: 9 });
  const across = pod(
    'across',
    {},
    {
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, podAffinityTerm: { topologyKey: 'z', namespaces: ['other'], labelSelector: {} } },
          ],
        },
      },
    },
  );
  const high = pod('high', {}, { priorityClassName: 'system-node-critical' });

  it.each<[string, JsonObject, JsonObject[]]>([
    ['BestEffort', { scopes: ['BestEffort'] }, [best, ends, across]],
    ['NotBestEffort', { scopes: ['NotBestEffort'] }, [burst]],
    ['Terminating', { scopes: ['Terminating'] }, [ends]],
    ['Terminating and not BestEffort', { scopes: ['Terminating', 'NotBestEffort'] }, []],
    ['NotTerminating', selector('NotTerminating', 'Exists'), [best, burst, across]],
    ['CrossNamespacePodAffinity', selector('CrossNamespacePodAffinity', 'Exists'), [across]],
    ['PriorityClass In', selector('PriorityClass', 'In', 'system-node-critical'), []],
    ['PriorityClass DoesNotExist', selector('PriorityClass', 'DoesNotExist'), [best, burst, ends, across]],
  ])('%s', async (_name, spec, counted) => {
    const ns = await namespace();
    await quota(ns, none, {}, spec);
    for (const body of [best, burst, ends, across]) {
      const { status } = await rest.call('POST', `${ns}/pods?dryRun=All`, body);
      expect([(body['metadata'] as JsonObject)['name'], status]).toEqual([
        (body['metadata'] as JsonObject)['name'],
        counted.includes(body) ? 403 : 201,
      ]);
    }
  });

  it('PriorityClass counts a pod of that class', async () => {
    await rest.call('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', {
      metadata: { name: 'system-node-critical' },
      value: 2000001000,
    });
    const ns = '/api/v1/namespaces/kube-system';
    await rest.call('POST', `${ns}/serviceaccounts`, { metadata: { name: 'default' } });
    await quota(ns, none, {}, selector('PriorityClass', 'In', 'system-node-critical'), 'critical');
    expect((await rest.call('POST', `${ns}/pods?dryRun=All`, high)).body['message']).toContain(
      'exceeded quota: critical',
    );
    await rest.ok(200, 'DELETE', `${ns}/resourcequotas/critical`);
  });

  it('a pod that comes into a scope is charged whole, and what it leaves keeps its charge', async () => {
    const ns = await namespace();
    await rest.ok(201, 'POST', `${ns}/pods`, pod('p'));
    await quota(ns, { pods: '1' }, {}, { scopes: ['Terminating'] }, 'ends');
    await quota(ns, { pods: '5' }, { pods: '1' }, { scopes: ['NotTerminating'] }, 'stays');
    await rest.ok(200, 'PATCH', `${ns}/pods/p`, { metadata: { labels: { a: 'b' } } }, MERGE);
    await rest.ok(200, 'PATCH', `${ns}/pods/p`, { spec: { activeDeadlineSeconds: 9 } }, MERGE);
    expect([await used(ns, 'ends'), await used(ns, 'stays')]).toEqual([{ pods: '1' }, { pods: '1' }]);
  });
});

describe('resources that need a quota (limitedResources)', () => {
  let strict: Rest;
  beforeAll(async () => {
    const object = {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'ResourceQuotaConfiguration',
      limitedResources: [
        { resource: 'persistentvolumeclaims', matchContains: ['.storageclass.storage.k8s.io/'] },
        {
          resource: 'pods',
          matchScopes: [{ scopeName: 'PriorityClass', operator: 'In', values: ['big', 'bigger'] }],
        },
      ],
    };
    strict = await startWithPlugin('ResourceQuota', object);
    await strict.ok(201, 'POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'big' }, value: 1 });
  });
  afterAll(() => strict.close());

  it('refuse what no quota covers', async () => {
    const ns = '/api/v1/namespaces/default';
    const claim = {
      metadata: { name: 'c' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'g', resources: { requests: { storage: '1' } } },
    };
    expect((await strict.ok(403, 'POST', `${ns}/persistentvolumeclaims`, claim))['message']).toBe(
      'persistentvolumeclaims "c" is forbidden: insufficient quota to consume: g.storageclass.storage.k8s.io/persistentvolumeclaims,g.storageclass.storage.k8s.io/requests.storage',
    );
    await strict.ok(201, 'POST', `${ns}/pods`, pod('p'));
    expect(await strict.ok(500, 'POST', `${ns}/pods`, pod('q', {}, { priorityClassName: 'big' }))).toMatchObject({
      message: 'insufficient quota to match these scopes: [{PriorityClass In [big bigger]}]',
    });
  });

  it('stand in a configuration of a known kind, each with a resource', () => {
    const path = 'quota.yaml';
    const kind = { apiVersion: 'resourcequota.admission.k8s.io/v1beta1', kind: 'Configuration' };
    expect(limitedResources({ path, object: { ...kind, limitedResources: [{ resource: 'pods' }] } })).toEqual([
      { apiGroup: '', resource: 'pods', matchContains: [], matchScopes: [] },
    ]);
    expect(() => limitedResources({ path, object: { ...kind, limitedResources: [{}] } })).toThrow(
      'quota.yaml: limitedResources[0].resource: Required value',
    );
    expect(() => limitedResources({ path, object: { ...kind, kind: 'Quota' } })).toThrow('no kind "Quota"');
  });
});
