import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { storeReader } from '../lookup.js';
import { admissionChain } from '../plugins.js';
import { attributesOf, contextOf } from '../testing/attributes.js';
import type { AdmissionAttributes, AdmissionContext } from '../types.js';
import { nodeRestriction } from './index.js';
import { forbiddenLabels } from './labels.js';

const PODS = '/api/v1/namespaces/default/pods';
const kubelet = { user: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
const merge = { ...kubelet, contentType: 'application/merge-patch+json' };

let rest: Rest;
let uid = '';
beforeAll(async () => {
  rest = await startRest(1, { admission: admissionChain({ enable: ['NodeRestriction'] }) });
  const node = await rest.ok(201, 'POST', '/api/v1/nodes', { metadata: { name: 'n1' } }, kubelet);
  uid = str(child(node, 'metadata'), 'uid');
  await rest.ok(201, 'POST', '/api/v1/nodes', { metadata: { name: 'n2' } });
  for (const node of ['n1', 'n2']) {
    const spec = { nodeName: node, containers: [{ name: 'c', image: 'i' }] };
    await rest.ok(201, 'POST', PODS, { metadata: { name: `on-${node}` }, spec });
  }
});
afterAll(async () => {
  await rest.close();
});

const mirror = (spec: JsonObject = {}, owner: JsonObject = {}): JsonObject => ({
  metadata: {
    name: 'mirror',
    annotations: { 'kubernetes.io/config.mirror': 'x' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid, controller: true, ...owner }],
  },
  spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }], ...spec },
});
async function refusal(...call: Parameters<Rest['call']>): Promise<unknown> {
  const { status, body } = await rest.call(...call);
  expect(status, JSON.stringify(body)).toBe(403);
  return str(body, 'message').replace(/^.* is forbidden: /, '');
}

describe('a kubelet', () => {
  it('creates no pods but mirrors of its own static ones, which refer to nothing', async () => {
    const of = (spec: JsonObject, owner?: JsonObject): Promise<unknown> =>
      refusal('POST', PODS, mirror(spec, owner), kubelet);
    const plain = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    expect(await refusal('POST', PODS, plain, kubelet)).toBe(
      'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
    );
    expect(await of({ nodeName: 'n2' })).toBe('node "n1" can only create pods with spec.nodeName set to itself');
    expect(await of({}, { name: 'n2' })).toBe('node "n1" can only create pods with an owner reference set to itself');
    expect(await of({}, { uid: 'other' })).toBe(`node n1 UID mismatch: expected other got ${uid}`);
    const secret = [{ name: 'v', secret: { secretName: 's' } }];
    // Whoever makes it: plugin ServiceAccount comes first.
    expect(await of({ volumes: secret })).toBe('a mirror pod may not reference secrets');
    await rest.ok(201, 'POST', PODS, mirror(), kubelet);
    await rest.ok(200, 'DELETE', `${PODS}/mirror`, undefined, kubelet);
  });

  it('writes the status of the pods on its node, evicts and deletes them, and no others', async () => {
    const status = { status: { phase: 'Running' } };
    await rest.ok(200, 'PATCH', `${PODS}/on-n1/status`, status, merge);
    expect(await refusal('PATCH', `${PODS}/on-n2/status`, status, merge)).toBe(
      'node "n1" can only update pod status for pods with spec.nodeName set to itself',
    );
    expect(await refusal('PATCH', `${PODS}/on-n1/status`, { metadata: { labels: { a: 'b' } } }, merge)).toBe(
      'node "n1" cannot update labels through pod status',
    );
    expect(await refusal('PATCH', `${PODS}/on-n1`, { metadata: { labels: { a: 'b' } } }, merge)).toBe(
      'unexpected operation "UPDATE", node "n1" can only create and delete mirror pods',
    );
    const eviction = (name: string): JsonObject => ({ metadata: { name } });
    expect(await refusal('POST', `${PODS}/on-n2/eviction`, eviction('on-n2'), kubelet)).toBe(
      'node n1 can only evict pods with spec.nodeName set to itself',
    );
    expect(await refusal('DELETE', `${PODS}/on-n2`, undefined, kubelet)).toBe(
      'node "n1" can only delete pods with spec.nodeName set to itself',
    );
    await rest.ok(200, 'DELETE', `${PODS}/on-n1?gracePeriodSeconds=0`, undefined, kubelet);
  });

  it('changes its own node, but not what steers pods to it', async () => {
    await rest.ok(200, 'PATCH', '/api/v1/nodes/n1', { metadata: { labels: { 'kubernetes.io/os': 'linux' } } }, merge);
    expect(await refusal('PATCH', '/api/v1/nodes/n2', { metadata: { labels: { a: 'b' } } }, merge)).toBe(
      'node "n1" is not allowed to modify node "n2"',
    );
    const labels = { 'node-restriction.kubernetes.io/x': '1', 'app.k8s.io/y': '1', free: '1' };
    expect(await refusal('PATCH', '/api/v1/nodes/n1', { metadata: { labels } }, merge)).toBe(
      'is not allowed to modify labels: app.k8s.io/y, node-restriction.kubernetes.io/x',
    );
    const taints = [{ key: 'k', effect: 'NoSchedule' }];
    expect(await refusal('PATCH', '/api/v1/nodes/n1', { spec: { taints } }, merge)).toBe(
      'node "n1" is not allowed to modify taints',
    );
  });

  it('keeps its own lease alone', async () => {
    const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
    await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'kube-node-lease' } });
    await rest.ok(201, 'POST', leases, { metadata: { name: 'n1' } }, kubelet);
    expect(await refusal('POST', leases, { metadata: { name: 'n2' } }, kubelet)).toBe(
      'can only access node lease with the same name as the requesting node',
    );
  });

  it('without a name may write nothing; others are not restricted', async () => {
    const nobody = { user: 'system:node:', groups: ['system:nodes'] };
    expect(await refusal('POST', '/api/v1/nodes', { metadata: { name: 'x' } }, nobody)).toBe(
      'could not determine node from user "system:node:"',
    );
    await rest.ok(201, 'POST', '/api/v1/nodes', { metadata: { name: 'x' } });
  });

  it('creates no mirror pod that belongs to another, or that could read anything', async () => {
    const of = (spec: JsonObject, owner?: JsonObject): Promise<unknown> =>
      refusal('POST', PODS, mirror(spec, owner), kubelet);
    const setToItself = 'node "n1" can only create pods with an owner reference set to itself';
    expect(await of({}, { apiVersion: 'v2' })).toBe(setToItself);
    expect(await of({}, { kind: 'Pod' })).toBe(setToItself);
    expect(await of({}, { controller: false })).toBe(
      'node "n1" can only create pods with a controller owner reference set to itself',
    );
    expect(await of({}, { blockOwnerDeletion: true })).toBe(
      'node "n1" must not set blockOwnerDeletion on an owner reference',
    );
    const { metadata, spec } = mirror() as { metadata: JsonObject; spec: JsonObject };
    const [owner] = children(metadata, 'ownerReferences');
    const second = { ...owner, name: 'n2', uid: 'other', controller: false };
    const twoOwners = { metadata: { ...metadata, ownerReferences: [owner, second] as JsonObject[] }, spec };
    expect(await refusal('POST', PODS, twoOwners, kubelet)).toBe(
      'node "n1" can only create pods with a single owner reference set to itself',
    );
    expect(await refusal('POST', PODS, { metadata: { ...metadata, ownerReferences: [] }, spec }, kubelet)).toBe(
      setToItself,
    );
    const cannot = (what: string): string => `node "n1" can not create pods that reference ${what}`;
    expect(await of({ serviceAccountName: 'default' })).toBe('a mirror pod may not reference service accounts');
    expect(await of({ volumes: [{ name: 'v', configMap: { name: 'm' } }] })).toBe(cannot('configmaps'));
    expect(await of({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] })).toBe(
      cannot('persistentvolumeclaims'),
    );
    const bundle = { clusterTrustBundle: { name: 'b', path: 'p' } };
    expect(await of({ volumes: [{ name: 'v', projected: { sources: [bundle] } }] })).toBe(
      cannot('clustertrustbundles'),
    );
  });

  it('makes its own node without what only an administrator gives it', async () => {
    const n3 = { user: 'system:node:n3', groups: ['system:nodes', 'system:authenticated'] };
    const node = (more: JsonObject, spec: JsonObject = {}) => ({ metadata: { name: 'n3', ...more }, spec });
    const labels = { 'node-restriction.kubernetes.io/x': '1' };
    expect(await refusal('POST', '/api/v1/nodes', node({ labels }), n3)).toBe(
      'node "n3" is not allowed to set the following labels: node-restriction.kubernetes.io/x',
    );
    expect(await refusal('POST', '/api/v1/nodes', { metadata: { name: 'n4' } }, n3)).toBe(
      'node "n3" is not allowed to modify node "n4"',
    );
    await rest.ok(201, 'POST', '/api/v1/nodes', node({}, { taints: [{ key: 'k', effect: 'NoSchedule' }] }), n3);
    await rest.ok(200, 'DELETE', '/api/v1/nodes/n3', undefined, n3);
    expect(await refusal('DELETE', '/api/v1/nodes/n2', undefined, kubelet)).toBe(
      'node "n1" is not allowed to modify node "n2"',
    );
  });

  it('writes of a claim its status, and there what the kubelet knows', async () => {
    const path = '/api/v1/namespaces/default/persistentvolumeclaims';
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    await rest.ok(201, 'POST', path, { metadata: { name: 'data' }, spec });
    await rest.ok(200, 'PATCH', `${path}/data/status`, { status: { capacity: { storage: '1Gi' } } }, merge);
    const others = 'node "n1" is not allowed to update fields other than status.capacity and status.conditions';
    expect(await refusal('PATCH', `${path}/data/status`, { status: { phase: 'Bound' } }, merge)).toBe(others);
    expect(await refusal('PATCH', `${path}/data/status`, { metadata: { labels: { a: 'b' } } }, merge)).toBe(others);
    expect(await refusal('PATCH', `${path}/data`, { metadata: { labels: { a: 'b' } } }, merge)).toBe(
      'may only update PVC status',
    );
  });

  it('keeps the CSINode and the slices of its own node alone', async () => {
    const csi = '/apis/storage.k8s.io/v1/csinodes';
    const csiNode = (name: string) => ({ metadata: { name }, spec: { drivers: [] } });
    await rest.ok(201, 'POST', csi, csiNode('n1'), kubelet);
    const sameName = 'can only access CSINode with the same name as the requesting node';
    expect(await refusal('POST', csi, csiNode('n2'), kubelet)).toBe(sameName);
    await rest.ok(201, 'POST', csi, csiNode('n2'));
    expect(await refusal('DELETE', `${csi}/n2`, undefined, kubelet)).toBe(sameName);
    const slices = '/apis/resource.k8s.io/v1/resourceslices';
    const slice = (nodeName: string) => ({
      metadata: { name: `of-${nodeName}` },
      spec: { nodeName, driver: 'd.example.com', pool: { name: nodeName, resourceSliceCount: 1 }, devices: [] },
    });
    await rest.ok(201, 'POST', slices, slice('n1'), kubelet);
    expect(await refusal('POST', slices, slice('n2'), kubelet)).toBe(
      'can only create ResourceSlice with the same NodeName as the requesting node',
    );
    await rest.ok(201, 'POST', slices, slice('n2'));
    expect(await refusal('DELETE', `${slices}/of-n2`, undefined, kubelet)).toBe(
      'can only delete ResourceSlice with the same NodeName as the requesting node',
    );
    await rest.ok(200, 'DELETE', `${slices}/of-n1`, undefined, kubelet);
  });

  it('asks for tokens for pods of its own node', async () => {
    const spec = (nodeName: string) => ({ nodeName, containers: [{ name: 'c', image: 'i' }] });
    const uidOf: Record<string, string> = {};
    for (const node of ['n1', 'n2']) {
      const pod = await rest.ok(201, 'POST', PODS, { metadata: { name: `token-${node}` }, spec: spec(node) });
      uidOf[node] = str(child(pod, 'metadata'), 'uid');
    }
    const problem = (boundObjectRef: JsonObject | undefined, subresource = 'token', operation = 'CREATE'): string => {
      const attributes = {
        operation,
        def: { storage: { group: '', resource: 'serviceaccounts' }, group: '', resource: 'serviceaccounts' },
        subresource,
        namespace: 'default',
        name: 'default',
        user: { username: kubelet.user, uid: '', groups: kubelet.groups, extra: {} },
        object: { spec: boundObjectRef === undefined ? {} : { boundObjectRef } },
      } as unknown as AdmissionAttributes;
      try {
        void nodeRestriction.admit?.({ reader: storeReader(rest.deps.backend) } as AdmissionContext, attributes);
        return '';
      } catch (error) {
        return (error as Error).message.replace(/^.* is forbidden: /, '');
      }
    };
    const pod = (node: string, more: JsonObject = {}): JsonObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      name: `token-${node}`,
      uid: uidOf[node] ?? '',
      ...more,
    });
    expect(problem(pod('n1'))).toBe('');
    expect(problem(pod('n2'))).toBe('node requested token bound to a pod scheduled on a different node');
    const unbound = 'node requested token not bound to a pod';
    expect(
      [undefined, pod('n1', { kind: 'Node' }), pod('n1', { apiVersion: 'v2' }), pod('n1', { name: '' })].map((ref) =>
        problem(ref),
      ),
    ).toEqual([unbound, unbound, unbound, unbound]);
    expect(problem(pod('n1', { uid: '' }))).toBe('node requested token with a pod binding without a uid');
    expect(problem(pod('n1', { uid: 'x' }))).toContain('the UID in the bound object reference (x) does not match');
    // Whoever issues the token tells that there is no such pod.
    expect(problem(pod('n1', { name: 'none' }))).toBe('');
    // Only who asks for a token is asked what it is bound to.
    expect(problem(undefined, '')).toBe('');
    expect(problem(undefined, 'token', 'UPDATE')).toBe('');
  });
});

describe('a kubelet cannot', () => {
  it.each<[string, string, JsonObject, string]>([
    [
      'write leases elsewhere',
      '/apis/coordination.k8s.io/v1/namespaces/default/leases',
      { metadata: { name: 'n1' } },
      'can only access leases in the "kube-node-lease" system namespace',
    ],
    [
      'make itself configured from elsewhere',
      '/api/v1/nodes',
      {
        metadata: { name: 'n1' },
        spec: { configSource: { configMap: { name: 'm', namespace: 'default', kubeletConfigKey: 'k' } } },
      },
      'node "n1" is not allowed to create pods with a non-nil configSource',
    ],
    [
      'bind pods',
      `${PODS}/on-n2/binding`,
      { metadata: { name: 'on-n2' }, target: { name: 'n1' } },
      `unexpected pod subresource "binding", only 'status' and 'eviction' are allowed`,
    ],
  ])('%s', async (_what, path, body, message) => {
    expect(await refusal('POST', path, body, kubelet)).toBe(message);
  });

  it('change the labels or the claims of a pod by its status', async () => {
    const pod = (labels: JsonObject, claims: JsonObject[] = []): JsonObject => ({
      metadata: { labels },
      spec: { nodeName: 'n1' },
      status: { resourceClaimStatuses: claims },
    });
    const status = (object: JsonObject, oldObject: JsonObject) => () =>
      nodeRestriction.admit?.(
        contextOf(),
        attributesOf('pods', {
          operation: 'UPDATE',
          subresource: 'status',
          object,
          oldObject,
          user: { username: kubelet.user, uid: '', groups: kubelet.groups, extra: {} },
        }),
      );
    expect(status(pod({ a: 'b' }), pod({ a: 'b' }))).not.toThrow();
    expect(status(pod({ a: 'b' }), pod({}))).toThrow('cannot update labels through pod status');
    expect(status(pod({}), pod({ a: 'b' }))).toThrow('cannot update labels through pod status');
    expect(status(pod({}, [{ name: 'c' }]), pod({}))).toThrow('cannot update resource claim statues');
  });

  it('put a source of configuration into its node that was not there', () => {
    const node = (name: string | undefined): JsonObject => ({
      metadata: { name: 'n1' },
      spec: name === undefined ? {} : { configSource: { name } },
    });
    const update = (object: JsonObject, oldObject: JsonObject) => () =>
      nodeRestriction.admit?.(
        contextOf(),
        attributesOf('nodes', {
          operation: 'UPDATE',
          name: 'n1',
          namespace: '',
          object,
          oldObject,
          user: { username: kubelet.user, uid: '', groups: kubelet.groups, extra: {} },
        }),
      );
    const other = 'node "n1" is not allowed to update configSource to a new non-nil configSource';
    expect(update(node('a'), node(undefined))).toThrow(other);
    expect(update(node('a'), node('b'))).toThrow(other);
    expect(update(node('a'), node('a'))).not.toThrow();
    expect(update(node(undefined), node('a'))).not.toThrow();
  });

  it.each([
    ['kubernetes.io/hostname', true],
    ['kubernetes.io/os', true],
    ['kubernetes.io/arch', true],
    ['beta.kubernetes.io/os', true],
    ['beta.kubernetes.io/arch', true],
    ['beta.kubernetes.io/instance-type', true],
    ['node.kubernetes.io/instance-type', true],
    ['failure-domain.beta.kubernetes.io/region', true],
    ['failure-domain.beta.kubernetes.io/zone', true],
    ['topology.kubernetes.io/region', true],
    ['topology.kubernetes.io/zone', true],
    ['kubelet.kubernetes.io/any', true],
    ['sub.kubelet.kubernetes.io/any', true],
    ['node.kubernetes.io/any', true],
    ['plain', true],
    ['example.com/any', true],
    ['notkubernetes.io/any', true],
    ['kubernetes.io/other', false],
    ['k8s.io/other', false],
    ['app.kubernetes.io/name', false],
    ['node-restriction.kubernetes.io/any', false],
    ['sub.node-restriction.kubernetes.io/any', false],
  ])('label its node with %s: it may: %s', (label, may) => {
    expect(forbiddenLabels({ metadata: { labels: { [label]: 'x' } } }, undefined)).toEqual(may ? [] : [label]);
    expect(forbiddenLabels({}, { metadata: { labels: { [label]: 'x' } } })).toEqual(may ? [] : [label]);
    expect(
      forbiddenLabels({ metadata: { labels: { [label]: 'x' } } }, { metadata: { labels: { [label]: 'x' } } }),
    ).toEqual([]);
  });

  it('write of a claim more than what it knows, each of which it may', async () => {
    const update = (object: JsonObject, oldObject: JsonObject) => () =>
      nodeRestriction.admit?.(
        contextOf(),
        attributesOf('persistentvolumeclaims', {
          operation: 'UPDATE',
          subresource: 'status',
          object,
          oldObject,
          user: { username: kubelet.user, uid: '', groups: kubelet.groups, extra: {} },
        }),
      );
    const old = {
      metadata: { name: 'c', resourceVersion: '1', managedFields: [{ manager: 'm' }] },
      status: { phase: 'Bound' },
    };
    for (const field of ['capacity', 'conditions', 'allocatedResourceStatuses', 'allocatedResources']) {
      expect(update({ ...old, status: { ...old.status, [field]: { a: 'b' } } }, old), field).not.toThrow();
    }
    expect(update({ ...old, metadata: { name: 'c' } }, old)).not.toThrow();
    expect(update({ ...old, metadata: { name: 'c', labels: { a: 'b' } } }, old)).toThrow('fields other than');
    expect(update({ ...old, spec: { volumeName: 'v' } }, old)).toThrow('fields other than');
  });
});
