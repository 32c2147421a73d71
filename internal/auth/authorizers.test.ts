import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { openReplica, type Replica } from '../replica/index.js';
import { objectKey } from '../store/keys.js';
import { authorizerUnion, forbiddenText, mastersAuthorizer } from './authorizers.js';
import { NodeAuthorizer } from './node.js';
import { RbacAuthorizer } from './rbac.js';
import { type Attributes, type Decision, NO_OPINION, type UserInfo } from './types.js';

const RBAC = 'rbac.authorization.k8s.io';
const dir = mkdtempSync(join(tmpdir(), 'quorate-auth-'));
let replica: Replica;
let rbac: RbacAuthorizer;
let node: NodeAuthorizer;

beforeAll(async () => {
  replica = await openReplica({ name: 'r1', dataDir: dir, compactionIntervalMs: 0 });
  await replica.ready();
  rbac = new RbacAuthorizer(replica.backend);
  node = new NodeAuthorizer(replica.backend, rbac);
});
afterAll(async () => {
  await replica.close();
  rmSync(dir, { recursive: true });
});

async function put(group: string, resource: string, namespace: string, name: string, rest: JsonObject): Promise<void> {
  const object = { metadata: { name, ...(namespace === '' ? {} : { namespace }) }, ...rest };
  const value = Buffer.from(JSON.stringify(object));
  const key = objectKey(group, resource, namespace, name);
  await replica.backend.txn({ compares: [], ops: [{ type: 'put', key, value, revisionAt: -1 }] });
}
async function remove(group: string, resource: string, namespace: string, name: string): Promise<void> {
  const key = objectKey(group, resource, namespace, name);
  await replica.backend.txn({ compares: [], ops: [{ type: 'delete', key }] });
}

const user = (username: string, ...groups: string[]): UserInfo => ({ username, uid: '', groups, extra: {} });
const asks = (who: UserInfo, verb: string, resource: string, more: Partial<Attributes> = {}): Attributes => ({
  user: who,
  verb,
  isResourceRequest: true,
  group: '',
  version: 'v1',
  resource,
  subresource: '',
  namespace: '',
  name: '',
  path: '',
  ...more,
});
const allowed = (d: Decision): boolean => d.decision === 'allow';
const reason = (d: Decision): string => d.reason;

describe('RBAC', () => {
  test('a cluster role binding gives its rights everywhere, and says in the reason how', async () => {
    await put(RBAC, 'clusterroles', '', 'reader', {
      rules: [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', 'pods/log'] }],
    });
    await put(RBAC, 'clusterrolebindings', '', 'ann-reads', {
      roleRef: { kind: 'ClusterRole', name: 'reader' },
      subjects: [{ kind: 'User', name: 'ann' }],
    });
    const ann = user('ann');
    expect(rbac.authorize(asks(ann, 'get', 'pods', { namespace: 'x' }))).toEqual({
      decision: 'allow',
      reason: 'RBAC: allowed by ClusterRoleBinding "ann-reads" of ClusterRole "reader" to User "ann"',
    });
    expect(allowed(rbac.authorize(asks(ann, 'get', 'pods', { subresource: 'log' })))).toBe(true);
    expect(allowed(rbac.authorize(asks(ann, 'get', 'pods', { subresource: 'exec' })))).toBe(false);
    expect(allowed(rbac.authorize(asks(ann, 'delete', 'pods')))).toBe(false);
    expect(allowed(rbac.authorize(asks(ann, 'get', 'pods', { group: 'metrics.k8s.io' })))).toBe(false);
    expect(allowed(rbac.authorize(asks(user('bob'), 'get', 'pods')))).toBe(false);
  });

  test('a role binding gives its rights in its namespace, to service accounts too', async () => {
    await put(RBAC, 'roles', 'ns', 'one', {
      rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['secrets'], resourceNames: ['mine'] }],
    });
    await put(RBAC, 'rolebindings', 'ns', 'robot', {
      roleRef: { kind: 'Role', name: 'one' },
      subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'home' }],
    });
    const robot = user('system:serviceaccount:home:robot');
    const decision = rbac.authorize(asks(robot, 'get', 'secrets', { namespace: 'ns', name: 'mine' }));
    expect(reason(decision)).toBe(
      'RBAC: allowed by RoleBinding "robot/ns" of Role "one" to ServiceAccount "robot/home"',
    );
    expect(allowed(rbac.authorize(asks(robot, 'get', 'secrets', { namespace: 'ns', name: 'other' })))).toBe(false);
    expect(allowed(rbac.authorize(asks(robot, 'list', 'secrets', { namespace: 'ns' })))).toBe(false);
    expect(allowed(rbac.authorize(asks(robot, 'get', 'secrets', { namespace: 'home', name: 'mine' })))).toBe(false);
  });

  test('paths match whole or by a trailing star', async () => {
    await put(RBAC, 'clusterroles', '', 'paths', {
      rules: [{ verbs: ['get'], nonResourceURLs: ['/metrics', '/logs/*'] }],
    });
    await put(RBAC, 'clusterrolebindings', '', 'paths', {
      roleRef: { kind: 'ClusterRole', name: 'paths' },
      subjects: [{ kind: 'Group', name: 'watchers' }],
    });
    const may = (path: string): boolean =>
      allowed(rbac.authorize(asks(user('w', 'watchers'), 'get', '', { isResourceRequest: false, path })));
    expect([may('/metrics'), may('/logs/a/b'), may('/metrics/slis'), may('/logs')]).toEqual([true, true, false, false]);
  });

  test('a change counts at once; a binding to a role that is not there is told', async () => {
    const carl = user('carl');
    await put(RBAC, 'clusterrolebindings', '', 'carl', {
      roleRef: { kind: 'ClusterRole', name: 'later' },
      subjects: [{ kind: 'User', name: 'carl' }],
    });
    expect(rbac.authorize(asks(carl, 'get', 'nodes'))).toEqual({
      decision: 'noOpinion',
      reason: `RBAC: clusterrole.${RBAC} "later" not found`,
    });
    await put(RBAC, 'clusterroles', '', 'later', {
      rules: [{ verbs: ['get'], apiGroups: [''], resources: ['nodes'] }],
    });
    expect(allowed(rbac.authorize(asks(carl, 'get', 'nodes')))).toBe(true);
    await remove(RBAC, 'clusterrolebindings', '', 'carl');
    expect(rbac.authorize(asks(carl, 'get', 'nodes'))).toEqual(NO_OPINION);
  });
});

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

test('the union asks on after a no, and gives all reasons', () => {
  const no = (why: string) => ({ authorize: (): Decision => ({ decision: 'noOpinion', reason: why }) });
  const question = asks(user('u'), 'get', 'pods');
  expect(authorizerUnion([no('a'), no(''), no('b')]).authorize(question)).toEqual({
    decision: 'noOpinion',
    reason: 'a\nb',
  });
  const denied = { authorize: (): Decision => ({ decision: 'deny', reason: 'never' }) };
  expect(authorizerUnion([denied, mastersAuthorizer]).authorize(asks(user('u', 'system:masters'), 'get', 'x'))).toEqual(
    {
      decision: 'deny',
      reason: 'never',
    },
  );
});

test('the union waits for who has to ask others, and not for anybody else', async () => {
  const question = asks(user('u'), 'get', 'pods');
  const later = (d: Decision) => ({ authorize: () => Promise.resolve(d) });
  const no: Decision = { decision: 'noOpinion', reason: 'a' };
  const yes: Decision = { decision: 'allow', reason: 'yes' };
  const now = { authorize: () => yes };
  expect(authorizerUnion([now, later(no)]).authorize(question)).toBe(yes);
  expect(await authorizerUnion([later(no), now]).authorize(question)).toBe(yes);
  expect(await authorizerUnion([later(no), later(no)]).authorize(question)).toEqual({
    decision: 'noOpinion',
    reason: 'a\na',
  });
});

test('refusals are worded as Kubernetes words them', () => {
  const a = asks(user('jane'), 'create', 'pods', { subresource: 'exec', namespace: 'y' });
  expect(forbiddenText(a, '')).toBe(
    'User "jane" cannot create resource "pods/exec" in API group "" in the namespace "y"',
  );
  expect(forbiddenText({ ...a, namespace: '' }, 'because')).toMatch(/ at the cluster scope: because$/);
});
