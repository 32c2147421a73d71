import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { NodeAuthorizer } from './node.js';
import { RbacAuthorizer } from './rbac.js';
import { asks, openStore, type TestStore, user } from './testing.js';
import { type Attributes, type Decision, NO_OPINION } from './types.js';

let store: TestStore;
let node: NodeAuthorizer;
const put: TestStore['put'] = (...object) => store.put(...object);

beforeAll(async () => {
  store = await openStore();
  node = new NodeAuthorizer(store.backend, new RbacAuthorizer(store.backend));
});
afterAll(() => store.close());

const allowed = (d: Decision): boolean => d.decision === 'allow';
const reason = (d: Decision): string => d.reason;

describe('nodes', () => {
  const kubelet = user('system:node:n1', 'system:nodes');

  test('a node reads what the pods bound to it need, and nothing else', async () => {
    const secret = (name: string): Decision =>
      node.authorize(asks(kubelet, 'get', 'secrets', { namespace: 'ns', name }));
    const pod = (nodeName: string): JsonObject => ({
      spec: {
        nodeName,
        serviceAccountName: 'robot',
        imagePullSecrets: [{ name: 'pull' }],
        containers: [{ envFrom: [{ configMapRef: { name: 'env' } }] }],
        volumes: [{ persistentVolumeClaim: { claimName: 'data' } }, { secret: { secretName: 'mounted' } }],
      },
    });
    expect(reason(secret('pull'))).toBe("no relationship found between node 'n1' and this object");
    await put('', 'pods', 'ns', 'p', pod('n1'));
    expect([secret('pull'), secret('mounted')].every(allowed)).toBe(true);
    expect(allowed(secret('other'))).toBe(false);
    expect(allowed(node.authorize(asks(kubelet, 'get', 'configmaps', { namespace: 'ns', name: 'env' })))).toBe(true);
    expect(
      allowed(
        node.authorize(
          asks(kubelet, 'create', 'serviceaccounts', { namespace: 'ns', name: 'robot', subresource: 'token' }),
        ),
      ),
    ).toBe(true);
    await put('', 'persistentvolumes', '', 'pv', {
      spec: {
        claimRef: { namespace: 'ns', name: 'data' },
        csi: { nodeStageSecretRef: { namespace: 'csi', name: 's' } },
      },
    });
    expect(allowed(node.authorize(asks(kubelet, 'get', 'persistentvolumes', { name: 'pv' })))).toBe(true);
    expect(allowed(node.authorize(asks(kubelet, 'get', 'secrets', { namespace: 'csi', name: 's' })))).toBe(true);
    await put('', 'pods', 'ns', 'p', pod('n2'));
    expect(allowed(secret('pull'))).toBe(false);
  });

  test('a node keeps its own objects only', () => {
    const lease = (name: string): Attributes =>
      asks(kubelet, 'update', 'leases', { group: 'coordination.k8s.io', namespace: 'kube-node-lease', name });
    expect(allowed(node.authorize(lease('n1')))).toBe(true);
    expect(reason(node.authorize(lease('n2')))).toBe(
      'can only access node lease with the same name as the requesting node',
    );
    expect(reason(node.authorize(asks(kubelet, 'list', 'nodes')))).toBe(
      "node 'n1' cannot read all nodes, only its own Node object",
    );
    expect(allowed(node.authorize(asks(kubelet, 'list', 'pods', { fieldSelector: 'spec.nodeName=n1' })))).toBe(true);
    expect(allowed(node.authorize(asks(kubelet, 'list', 'pods', { fieldSelector: 'spec.nodeName=n2' })))).toBe(false);
    expect(node.authorize(asks(user('system:node:n1'), 'get', 'nodes', { name: 'n1' }))).toEqual(NO_OPINION);
  });
});
