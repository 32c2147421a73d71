import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { meta, type Rest, startRest } from './testing/harness.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(() => rest.close());

const MERGE = { contentType: 'application/merge-patch+json' };
const STRATEGIC = { contentType: 'application/strategic-merge-patch+json' };
const APPLY = { contentType: 'application/apply-patch+yaml' };
const PODS = '/api/v1/namespaces/default/pods';
const NODES = '/api/v1/nodes';
const podSpec: JsonObject = { containers: [{ name: 'c', image: 'i' }] };
const pod = (name: string, spec: JsonObject = {}, annotations: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, annotations },
  spec: { ...podSpec, ...spec },
});

describe('an event of the core group', () => {
  it('is read in the other group with what that writes, and without what it leaves out', async () => {
    const event = { metadata: { name: 'plain' }, involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' } };
    await rest.ok(201, 'POST', '/api/v1/namespaces/default/events', event);
    const shown = await rest.ok(200, 'GET', '/apis/events.k8s.io/v1/namespaces/default/events/plain');
    expect(shown).toMatchObject({ eventTime: null, deprecatedFirstTimestamp: null, deprecatedLastTimestamp: null });
    expect(shown).not.toHaveProperty('reportingController');
  });
});

describe('numbers that travel as annotations', () => {
  const APPS = '/apis/apps/v1/namespaces/default';
  const ROLLBACK = 'deprecated.deployment.rollback.rollback.to';
  const TEMPLATE = 'deprecated.daemonset.template.generation';
  const workload = (name: string, annotations: JsonObject): JsonObject => ({
    metadata: { name, annotations },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: podSpec },
    },
  });
  const annotations = (o: JsonObject): unknown => meta(o)['annotations'];

  it('are numbers, as a Deployment and a DaemonSet keep them', async () => {
    const create = (kind: string, name: string, notes: JsonObject, code = 201): Promise<JsonObject> =>
      rest.ok(code, 'POST', `${APPS}/${kind}`, workload(name, notes));
    expect(annotations(await create('deployments', 'to', { [ROLLBACK]: '+007' }))).toEqual({ [ROLLBACK]: '7' });
    expect(annotations(await create('deployments', 'none', { [ROLLBACK]: '' }))).toBeUndefined();
    expect(annotations(await create('daemonsets', 'first', { [TEMPLATE]: '5' }))).toEqual({ [TEMPLATE]: '5' });
    expect((await create('deployments', 'word', { [ROLLBACK]: 'abc' }, 400))['message']).toBe(
      `Deployment in version "v1" cannot be handled as a Deployment: failed to parse annotation[${ROLLBACK}]=abc as int64: strconv.ParseInt: parsing "abc": invalid syntax`,
    );
    expect((await create('daemonsets', 'large', { [TEMPLATE]: '9'.repeat(30) }, 400))['message']).toContain(
      'value out of range',
    );
    expect((await create('deployments', 'below', { [ROLLBACK]: '-1' }, 422))['message']).toContain(
      'spec.rollback.version: Invalid value: -1: must be greater than or equal to 0',
    );
  });
  it('are none of the status', async () => {
    await rest.ok(201, 'POST', `${APPS}/daemonsets`, workload('status', {}));
    const changed = { metadata: { annotations: { [TEMPLATE]: '9' } } };
    const after = await rest.ok(200, 'PATCH', `${APPS}/daemonsets/status/status`, changed, MERGE);
    expect(annotations(after)).toEqual({ [TEMPLATE]: '1' });
  });
});

describe('fields that v1 has twice', () => {
  it('keep podIP and podIPs in step, whichever a status update names', async () => {
    await rest.ok(201, 'POST', PODS, pod('ips'));
    const status = async (change: JsonObject, how = MERGE): Promise<unknown> =>
      (await rest.ok(200, 'PATCH', `${PODS}/ips/status`, { status: change }, how))['status'];
    expect(await status({ podIP: '10.0.0.1' })).toMatchObject({ podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] });
    expect(await status({ podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] })).toMatchObject({ podIP: '10.0.0.1' });
    // An older kubelet knows podIP alone.
    expect(await status({ podIP: '10.0.0.2' }, STRATEGIC)).toMatchObject({ podIPs: [{ ip: '10.0.0.2' }] });
    expect(await status({ podIP: null, podIPs: [{ ip: '10.0.0.3' }] })).toMatchObject({ podIP: '10.0.0.3' });
    const applied = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'ips' }, status: { podIP: '10.0.0.4' } };
    const url = `${PODS}/ips/status?fieldManager=kubelet&force=true`;
    expect((await rest.ok(200, 'PATCH', url, applied, APPLY))['status']).toMatchObject({
      podIPs: [{ ip: '10.0.0.4' }],
    });
  });
  it('keep podCIDR and podCIDRs of nodes in step', async () => {
    const node = (name: string, spec: JsonObject): JsonObject => ({ metadata: { name }, spec });
    expect((await rest.ok(201, 'POST', NODES, node('one', { podCIDR: '10.1.0.0/24' })))['spec']).toMatchObject({
      podCIDRs: ['10.1.0.0/24'],
    });
    expect((await rest.ok(201, 'POST', NODES, node('many', { podCIDRs: ['10.2.0.0/24'] })))['spec']).toMatchObject({
      podCIDR: '10.2.0.0/24',
    });
    const both = node('both', { podCIDR: '10.3.0.0/24', podCIDRs: ['10.4.0.0/24', 'fd00::/64'] });
    expect((await rest.ok(201, 'POST', NODES, both))['spec']).toMatchObject({ podCIDRs: ['10.3.0.0/24'] });
    await rest.ok(201, 'POST', NODES, node('later', {}));
    const patched = await rest.ok(200, 'PATCH', `${NODES}/later`, { spec: { podCIDRs: ['10.5.0.0/24'] } }, MERGE);
    expect(patched['spec']).toMatchObject({ podCIDR: '10.5.0.0/24' });
  });
  it('keep dataSource and dataSourceRef of claims in step, and drop what dataSource could never name', async () => {
    const CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims';
    const claim = async (name: string, more: JsonObject): Promise<unknown> =>
      (
        await rest.ok(201, 'POST', CLAIMS, {
          metadata: { name },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...more },
        })
      )['spec'];
    const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' };
    const other = { apiGroup: 'example.com', kind: 'Image', name: 'x' };
    expect(await claim('old', { dataSource: snapshot })).toMatchObject({ dataSourceRef: snapshot });
    expect(await claim('new', { dataSourceRef: other })).toMatchObject({ dataSource: other });
    expect(await claim('dropped', { dataSource: other })).not.toHaveProperty('dataSource');
    // A client that does not know dataSourceRef does not lose it.
    const stored = await rest.ok(200, 'GET', `${CLAIMS}/old`);
    const spec: JsonObject = { ...(stored['spec'] as JsonObject) };
    delete spec['dataSourceRef'];
    const put = await rest.ok(200, 'PUT', `${CLAIMS}/old`, { ...stored, spec });
    expect(put['spec']).toMatchObject({ dataSourceRef: snapshot });
  });
  it('let serviceAccountName win over its alias in every template', async () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { ...podSpec, serviceAccount: 'old' } };
    const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
    const made = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } };
    expect((await rest.ok(201, 'POST', DEPLOYMENTS, made))['spec']).toMatchObject({
      template: { spec: { serviceAccountName: 'old', serviceAccount: 'old' } },
    });
    const change = { spec: { template: { spec: { serviceAccountName: 'new' } } } };
    expect((await rest.ok(200, 'PATCH', `${DEPLOYMENTS}/d`, change, STRATEGIC))['spec']).toMatchObject({
      template: { spec: { serviceAccountName: 'new', serviceAccount: 'new' } },
    });
  });
  it('fold stringData into data in every verb', async () => {
    const SECRETS = '/api/v1/namespaces/default/secrets';
    const data = (obj: JsonObject): unknown => {
      expect(obj).not.toHaveProperty('stringData');
      return obj['data'];
    };
    const body = { metadata: { name: 's' }, data: { a: 'eA==' }, stringData: { a: 'y' } };
    expect(data(await rest.ok(201, 'POST', SECRETS, body))).toEqual({ a: 'eQ==' });
    expect(data(await rest.ok(200, 'PATCH', `${SECRETS}/s`, { stringData: { b: 'z' } }, MERGE))).toEqual({
      a: 'eQ==',
      b: 'eg==',
    });
    const add = [{ op: 'add', path: '/stringData', value: { c: 'z' } }];
    const json = { contentType: 'application/json-patch+json' };
    expect(data(await rest.ok(200, 'PATCH', `${SECRETS}/s`, add, json))).toHaveProperty('c', 'eg==');
  });
});

describe('what conversions drop or round', () => {
  const legacy = { 'pod.beta.kubernetes.io/init-containers': '[]', keep: 'x' };
  it('drops the init container annotations of pods and of templates', async () => {
    expect(meta(await rest.ok(201, 'POST', PODS, pod('init', {}, legacy)))['annotations']).toEqual({ keep: 'x' });
    const made = await rest.ok(201, 'POST', '/api/v1/namespaces/default/podtemplates', {
      metadata: { name: 't' },
      template: { metadata: { annotations: legacy }, spec: podSpec },
    });
    expect((made['template'] as JsonObject)['metadata']).toMatchObject({ annotations: { keep: 'x' } });
  });
  it('makes a negative grace period one second, in pods alone', async () => {
    const made = await rest.ok(201, 'POST', PODS, pod('grace', { terminationGracePeriodSeconds: -5 }));
    expect(made['spec']).toMatchObject({ terminationGracePeriodSeconds: 1 });
  });
  it('rounds amounts of resources up to thousandths', async () => {
    const resources = { limits: { cpu: '100u', memory: '1500u' }, requests: { cpu: '100u' } };
    const made = await rest.ok(201, 'POST', PODS, pod('fine', { containers: [{ name: 'c', image: 'i', resources }] }));
    expect((made['spec'] as JsonObject)['containers']).toMatchObject([
      { resources: { limits: { cpu: '1m', memory: '2m' }, requests: { cpu: '1m' } } },
    ]);
    const quota = { metadata: { name: 'q' }, spec: { hard: { cpu: '1500001n' } } };
    expect((await rest.ok(201, 'POST', '/api/v1/namespaces/default/resourcequotas', quota))['spec']).toEqual({
      hard: { cpu: '2m' },
    });
  });
  it('calls claim templates what they are', async () => {
    const made = await rest.ok(201, 'POST', '/apis/apps/v1/namespaces/default/statefulsets', {
      metadata: { name: 's' },
      spec: {
        serviceName: 's',
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: podSpec },
        volumeClaimTemplates: [
          {
            apiVersion: 'v2',
            kind: 'Other',
            metadata: { name: 'v' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      },
    });
    expect((made['spec'] as JsonObject)['volumeClaimTemplates']).toMatchObject([
      { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
    ]);
  });
});

describe('autoscalers in both versions', () => {
  const V1 = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers';
  const V2 = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers';
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
  it('take a replication controller, which has no API group, and nothing else without one', async () => {
    const of = (kind: string): JsonObject => ({
      metadata: { name: kind.toLowerCase() },
      spec: { scaleTargetRef: { apiVersion: 'v1', kind, name: 'x' }, maxReplicas: 2 },
    });
    await rest.ok(201, 'POST', V2, of('ReplicationController'));
    await rest.ok(201, 'POST', V1, { ...of('ReplicationController'), metadata: { name: 'rc1' } });
    await rest.ok(422, 'POST', V2, of('Pod'));
  });
  it('carry metrics, their status, conditions and behaviour through v1 in annotations', async () => {
    const metrics = [
      { type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '10' } } },
      { type: 'External', external: { metric: { name: 'q' }, target: { type: 'Value', value: '5' } } },
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
    ];
    const behavior = { scaleUp: { stabilizationWindowSeconds: 5 } };
    const spec = { scaleTargetRef: target, maxReplicas: 3, metrics, behavior };
    const made = await rest.ok(201, 'POST', V2, { metadata: { name: 'h' }, spec });
    const status = {
      currentReplicas: 1,
      desiredReplicas: 2,
      currentMetrics: [{ type: 'Pods', pods: { metric: { name: 'rps' }, current: { averageValue: '7' } } }],
      conditions: [{ type: 'AbleToScale', status: 'True' }],
    };
    const full = await rest.ok(200, 'PUT', `${V2}/h/status`, { ...made, status });
    const old = await rest.ok(200, 'GET', `${V1}/h`);
    const prefix = 'autoscaling.alpha.kubernetes.io';
    const annotations = meta(old)['annotations'] as Record<string, string>;
    expect(JSON.parse(annotations[`${prefix}/metrics`] ?? '')).toEqual([
      { type: 'Pods', pods: { metricName: 'rps', targetAverageValue: '10' } },
      { type: 'External', external: { metricName: 'q', targetValue: '5' } },
    ]);
    expect(JSON.parse(annotations[`${prefix}/current-metrics`] ?? '')).toEqual([
      { type: 'Pods', pods: { metricName: 'rps', currentAverageValue: '7' } },
    ]);
    expect(JSON.parse(annotations[`${prefix}/behavior`] ?? '')).toMatchObject({
      ScaleUp: { StabilizationWindowSeconds: 5, SelectPolicy: 'Max', Tolerance: null },
    });
    expect(old['spec']).toEqual({
      scaleTargetRef: target,
      minReplicas: 1,
      maxReplicas: 3,
      targetCPUUtilizationPercentage: 50,
    });
    // Written back as it was read, nothing changes.
    await rest.ok(200, 'PUT', `${V1}/h`, old);
    const back = await rest.ok(200, 'GET', `${V2}/h`);
    expect(back['spec']).toEqual(full['spec']);
    expect(back['status']).toEqual(full['status']);
    expect(meta(back)).not.toHaveProperty('annotations');
  });
  it('do not keep the annotations of v1 in v2', async () => {
    const metadata = { name: 'plain', annotations: { 'autoscaling.alpha.kubernetes.io/metrics': 'x', a: 'b' } };
    const made = await rest.ok(201, 'POST', V2, { metadata, spec: { scaleTargetRef: target, maxReplicas: 3 } });
    expect(meta(made)['annotations']).toEqual({ a: 'b' });
  });
});

describe('field selectors', () => {
  it('are those of the version that is asked', async () => {
    const list = async (code: number, path: string, selector: string): Promise<JsonObject> =>
      rest.ok(code, 'GET', `${path}?fieldSelector=${encodeURIComponent(selector)}`);
    const EVENTS = '/api/v1/namespaces/default/events';
    const NEW = '/apis/events.k8s.io/v1/namespaces/default/events';
    await rest.ok(201, 'POST', EVENTS, {
      metadata: { name: 'e' },
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
      reportingComponent: 'kubelet',
      reportingInstance: 'n1',
      reason: 'Started',
      message: 'm',
      type: 'Normal',
    });
    const found = async (path: string, selector: string): Promise<number> =>
      ((await list(200, path, selector))['items'] as unknown[]).length;
    expect(await found(EVENTS, 'reportingComponent=kubelet,source=kubelet,involvedObject.name=p')).toBe(1);
    expect(await found(NEW, 'reportingController=kubelet,regarding.name=p,regarding.kind=Pod')).toBe(1);
    expect(await found(NEW, 'regarding.name=other')).toBe(0);
    expect(await list(400, EVENTS, 'regarding.name=p')).toMatchObject({
      message: 'field label not supported: regarding.name',
    });
    expect(await list(400, NEW, 'involvedObject.name=p')).toMatchObject({
      message: 'field label not supported: involvedObject.name',
    });
    expect(await found(PODS, 'spec.host=nowhere')).toBe(0);
    const replicaSets = '/apis/apps/v1/namespaces/default/replicasets';
    expect(await list(400, replicaSets, 'status.replicas=0')).toMatchObject({
      message: '"status.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"',
    });
    expect(await list(400, '/api/v1/nodes', 'metadata.namespace=x')).toMatchObject({
      message: 'field label not supported: metadata.namespace',
    });
    expect(await list(400, '/apis/resource.k8s.io/v1/resourceslices', 'x=y')).toMatchObject({
      message: 'field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: x',
    });
  });
});
