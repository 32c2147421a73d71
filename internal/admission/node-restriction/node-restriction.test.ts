import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { child, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { admissionChain } from '../plugins.js';

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
    expect(await of({ volumes: secret })).toBe('node "n1" can not create pods that reference secrets');
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
});
