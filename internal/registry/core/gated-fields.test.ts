import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { contextOf } from '../generic/field-errors.testkit.js';
import { strategyFor } from '../index.js';

const ctx = contextOf('', 'v1', 'pods');

const gated = (): JsonObject => ({
  schedulingGroup: { podGroupName: 'g' },
  containers: [
    { name: 'a', lifecycle: { stopSignal: 'SIGINT' } },
    { name: 'b', lifecycle: { stopSignal: 'SIGINT', preStop: {} } },
  ],
  volumes: [
    { name: 'v', projected: { sources: [{ clusterTrustBundle: {} }, { podCertificate: {} }, { secret: {} }] } },
  ],
});
const plain: JsonObject = {
  containers: [{ name: 'a' }, { name: 'b', lifecycle: { preStop: {} } }],
  volumes: [{ name: 'v', projected: { sources: [{}, {}, { secret: {} }] } }],
};

describe('fields whose gates are off', () => {
  it('are taken out of pods and of every template', () => {
    for (const [group, resource, around] of [
      ['', 'pods', (spec: JsonObject) => ({ spec })],
      ['', 'podtemplates', (spec: JsonObject) => ({ template: { spec } })],
      ['batch', 'cronjobs', (spec: JsonObject) => ({ spec: { jobTemplate: { spec: { template: { spec } } } } })],
      ...['daemonsets', 'deployments', 'replicasets', 'statefulsets'].map(
        (name) => ['apps', name, (spec: JsonObject) => ({ spec: { template: { spec } } })] as const,
      ),
      ['', 'replicationcontrollers', (spec: JsonObject) => ({ spec: { template: { spec } } })],
      ['batch', 'jobs', (spec: JsonObject) => ({ spec: { manualSelector: true, template: { spec } } })],
    ] as const) {
      const strategy = strategyFor(group, resource);
      const created = around(gated()) as JsonObject;
      strategy.prepareForCreate?.(ctx, created);
      expect(created, resource).toMatchObject(around(plain));
      const spec = gated();
      strategy.prepareForUpdate?.(ctx, around(spec), around(plain));
      expect(spec, resource).toEqual(plain);
    }
  });

  it('stay in an object that has them already, each for itself', () => {
    const spec = gated();
    strategyFor('', 'pods').prepareForUpdate?.(ctx, { spec }, { spec: { ...plain, schedulingGroup: {} } });
    expect(spec).toEqual({ ...plain, schedulingGroup: { podGroupName: 'g' } });
  });

  it('of the status of a pod are taken out as well', () => {
    const status = (): JsonObject => ({
      nodeAllocatableResourceClaimStatuses: [{ resourceClaimName: 'a' }],
      initContainerStatuses: [{ name: 'i', volumeMounts: [{ name: 'v', volumeStatus: { image: {} } }] }],
      containerStatuses: [{ name: 'c', volumeMounts: [{ name: 'v', volumeStatus: { image: {} } }, { name: 'w' }] }],
    });
    const pods = strategyFor('', 'pods');
    const pod: JsonObject = { status: status() };
    pods.prepareForStatusUpdate?.(ctx, pod, { status: {} });
    expect(pod['status']).toEqual({
      initContainerStatuses: [{ name: 'i', volumeMounts: [{ name: 'v' }] }],
      containerStatuses: [{ name: 'c', volumeMounts: [{ name: 'v' }, { name: 'w' }] }],
    });
    const kept: JsonObject = { status: status() };
    pods.prepareForStatusUpdate?.(ctx, kept, { status: status() });
    expect(kept['status']).toEqual(status());
  });

  it('of nodes are what once configured kubelets', () => {
    const node = (): JsonObject => ({ spec: { configSource: {} }, status: { config: {} } });
    const nodes = strategyFor('', 'nodes');
    const created = node();
    nodes.prepareForCreate?.(ctx, created);
    expect(created).toEqual({ spec: {}, status: {} });
    const kept = node();
    nodes.prepareForStatusUpdate?.(ctx, kept, node());
    expect(kept).toEqual(node());
  });
});

it('a stateful set replaces its pods one by one, unless it did otherwise', () => {
  const sets = strategyFor('apps', 'statefulsets');
  const set = (): JsonObject => ({ spec: { updateStrategy: { rollingUpdate: { maxUnavailable: 2 } }, template: {} } });
  const [created, kept] = [set(), set()];
  sets.prepareForCreate?.(ctx, created);
  expect(created['spec']).toEqual({ updateStrategy: { rollingUpdate: {} }, template: {} });
  sets.prepareForUpdate?.(ctx, kept, set());
  expect(kept).toEqual(set());
});

it('a claim drops a source in another namespace, unless it had a source', () => {
  const claims = strategyFor('', 'persistentvolumeclaims');
  const spec = (): JsonObject => ({ dataSourceRef: { apiGroup: 'a.b', kind: 'K', name: 'n', namespace: 'other' } });
  const created: JsonObject = { spec: spec() };
  claims.prepareForCreate?.(ctx, created);
  expect(created['spec']).toEqual({});
  const kept: JsonObject = { spec: spec() };
  claims.prepareForUpdate?.(ctx, kept, { spec: spec() });
  expect(kept['spec']).toEqual(spec());
});

it('a service account keeps only the names of its secrets', () => {
  const account: JsonObject = { secrets: [{ name: 's', namespace: 'n', kind: 'Secret' }, { uid: 'u' }] };
  strategyFor('', 'serviceaccounts').prepareForCreate?.(ctx, account);
  expect(account['secrets']).toEqual([{ name: 's' }, {}]);
});

it('a volume says when its phase changed, unless its controller says so', () => {
  const volumes = strategyFor('', 'persistentvolumes');
  const after = (status: JsonObject): JsonObject => {
    const pv: JsonObject = { status };
    volumes.prepareForStatusUpdate?.(ctx, pv, { status: { phase: 'Pending', lastPhaseTransitionTime: 'then' } });
    return pv['status'] as JsonObject;
  };
  expect(after({ phase: 'Pending' })['lastPhaseTransitionTime']).toBe('then');
  expect(after({ phase: 'Bound' })['lastPhaseTransitionTime']).toBe(ctx.now);
  expect(after({ phase: 'Bound', lastPhaseTransitionTime: 'now' })['lastPhaseTransitionTime']).toBe('now');
});
