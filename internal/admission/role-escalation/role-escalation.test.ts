import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RbacAuthorizer } from '../../auth/rbac.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Answer, type Call, type Rest, startRest } from '../../rest/write/testing/harness.js';
import { admissionChain } from '../plugins.js';
import { roleEscalation } from './index.js';

const API = '/apis/rbac.authorization.k8s.io/v1';
const GROUP = 'rbac.authorization.k8s.io';
const ROLES = `${API}/namespaces/default/roles`;
const BINDINGS = `${API}/namespaces/default/rolebindings`;

let rest: Rest;
beforeAll(async () => {
  rest = await startRest(1, (backend) => {
    const rbac = new RbacAuthorizer(backend);
    return { authorizer: rbac, admission: admissionChain({ always: [roleEscalation(rbac)] }) };
  });
  // What the users of these tests may do to roles is not in question here, but what they may give.
  await rest.ok(201, 'POST', `${API}/clusterroles`, role('reader', [rule(['get', 'list'], ['pods', '*/status'])]));
  await rest.ok(201, 'POST', `${API}/clusterroles`, role('binder', [rule(['bind'], ['clusterroles'], GROUP)]));
  await rest.ok(201, 'POST', `${API}/clusterroles`, role('escalator', [rule(['escalate'], ['*'], GROUP)]));
  for (const name of ['reader', 'binder', 'escalator']) {
    await rest.ok(201, 'POST', `${API}/clusterrolebindings`, binding(name, 'ClusterRole', name, name));
  }
});
afterAll(async () => {
  await rest.close();
});

function rule(verbs: string[], resources: string[], group = '', resourceNames: string[] = []): JsonObject {
  return { verbs, resources, apiGroups: [group], ...(resourceNames.length === 0 ? {} : { resourceNames }) };
}
function role(name: string, rules: JsonObject[], more: JsonObject = {}): JsonObject {
  return { metadata: { name }, rules, ...more };
}
function binding(name: string, kind: string, to: string, user: string): JsonObject {
  return { metadata: { name }, roleRef: { apiGroup: GROUP, kind, name: to }, subjects: [{ kind: 'User', name: user }] };
}
const as = (user: string): Call => ({ user, groups: ['system:authenticated'] });
const post = (path: string, body: JsonObject, user: string): Promise<Answer> => rest.call('POST', path, body, as(user));

describe('nobody gives rights that they do not have', () => {
  test('by a role: what one has may be given, the rest is named', async () => {
    const own = [rule(['get'], ['pods', 'pods/status', 'nodes/status'], '', ['one'])];
    expect(await post(ROLES, role('same', own), 'reader')).toMatchObject({ status: 201 });
    const more = [rule(['get', 'delete', 'watch'], ['pods']), rule(['get'], ['secrets'], '', ['s'])];
    const refused = await post(ROLES, role('more', more), 'reader');
    expect(refused).toMatchObject({ status: 403, body: { reason: 'Forbidden' } });
    expect(refused.body['message']).toBe(
      'roles.rbac.authorization.k8s.io "more" is forbidden: user "reader" (groups=["system:authenticated"]) ' +
        'is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete" "watch"]}\n' +
        '{APIGroups:[""], Resources:["secrets"], ResourceNames:["s"], Verbs:["get"]}',
    );
    const merge = { contentType: 'application/merge-patch+json', ...as('reader') };
    expect(await rest.call('PATCH', `${ROLES}/same`, { rules: more }, merge)).toMatchObject({ status: 403 });
    const labels = { metadata: { labels: { a: 'b' } } };
    expect(await rest.call('PATCH', `${ROLES}/same`, labels, merge)).toMatchObject({ status: 200 });
  });

  test('by paths', async () => {
    const paths = [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }];
    expect(await post(`${API}/clusterroles`, role('paths', paths), 'reader')).toMatchObject({ status: 403 });
    expect(await post(`${API}/clusterroles`, role('paths', paths), 'escalator')).toMatchObject({ status: 201 });
  });

  test('by binding a role, unless they may bind it', async () => {
    await rest.ok(201, 'POST', `${API}/clusterroles`, role('deleter', [rule(['delete'], ['pods'])]));
    const deleter = binding('deleter', 'ClusterRole', 'deleter', 'friend');
    expect(await post(BINDINGS, deleter, 'reader')).toMatchObject({ status: 403 });
    expect(await post(BINDINGS, deleter, 'binder')).toMatchObject({ status: 201 });
    const everywhere = `${API}/clusterrolebindings`;
    const refused = await post(everywhere, deleter, 'reader');
    expect(refused).toMatchObject({ status: 403, body: { reason: 'Forbidden' } });
    expect(refused.body['message']).toBe(
      'clusterrolebindings.rbac.authorization.k8s.io "deleter" is forbidden: user "reader" ' +
        '(groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
    );
    expect(await post(everywhere, deleter, 'binder')).toMatchObject({ status: 201 });
    expect(await post(everywhere, binding('mine', 'ClusterRole', 'reader', 'friend'), 'reader')).toMatchObject({
      status: 201,
    });
    expect(await post(BINDINGS, binding('mine', 'ClusterRole', 'reader', 'friend'), 'reader')).toMatchObject({
      status: 201,
    });
    expect(await post(BINDINGS, binding('none', 'ClusterRole', 'none', 'friend'), 'reader')).toMatchObject({
      status: 404,
      body: { details: { kind: 'clusterrole', name: 'none' } },
    });
  });

  test('by letting a role collect others, without being cluster admin', async () => {
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] };
    const collected = role('collected', [], { aggregationRule });
    expect(await post(`${API}/clusterroles`, collected, 'reader')).toMatchObject({ status: 403 });
    expect(await rest.call('POST', `${API}/clusterroles`, collected)).toMatchObject({ status: 201 });
  });
});

describe('what is left alone', () => {
  const merge = (user: string): Call => ({ ...as(user), contentType: 'application/merge-patch+json' });
  beforeAll(async () => {
    await rest.ok(201, 'POST', ROLES, role('strong', [rule(['*'], ['*'], '*')]));
    await rest.ok(201, 'POST', BINDINGS, binding('strong', 'Role', 'strong', 'friend'));
  });

  test.each([
    ['owners', { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'u' }] }, 200],
    ['finalizers', { finalizers: ['a.b/c'] }, 200],
    ['labels', { labels: { a: 'b' } }, 403],
  ])('a change of %s of a role that is stronger than who changes it', async (_what, metadata, code) => {
    expect((await rest.call('PATCH', `${ROLES}/strong`, { metadata }, merge('reader'))).status).toBe(code);
    expect((await rest.call('PATCH', `${BINDINGS}/strong`, { metadata }, merge('reader'))).status).toBe(code);
  });

  test('other objects, and who is an administrator', async () => {
    expect(await post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } }, 'reader')).toMatchObject({
      status: 201,
    });
    expect(await rest.call('POST', BINDINGS, binding('by-admin', 'Role', 'strong', 'friend'))).toMatchObject({
      status: 201,
    });
  });
});

describe('roles of a namespace', () => {
  test('are bound by their name in it, or are not found', async () => {
    await rest.ok(201, 'POST', ROLES, role('local', [rule(['delete'], ['pods'])]));
    expect(await post(BINDINGS, binding('to-local', 'Role', 'local', 'friend'), 'reader')).toMatchObject({
      status: 403,
    });
    expect(await post(BINDINGS, binding('to-none', 'Role', 'nowhere', 'friend'), 'reader')).toMatchObject({
      status: 404,
      body: { details: { kind: 'role', name: 'nowhere' } },
    });
    await rest.ok(201, 'POST', `${API}/clusterroles`, role('role-binder', [rule(['bind'], ['roles'], GROUP)]));
    await rest.ok(
      201,
      'POST',
      `${API}/clusterrolebindings`,
      binding('role-binder', 'ClusterRole', 'role-binder', 'role-binder'),
    );
    expect(await post(BINDINGS, binding('to-local', 'Role', 'local', 'friend'), 'role-binder')).toMatchObject({
      status: 201,
    });
  });

  test('of a kind that is none are refused by validation, in its words', async () => {
    const refused = await post(BINDINGS, binding('odd', 'Group', 'local', 'friend'), 'reader');
    expect(refused).toMatchObject({ status: 422 });
  });

  test('that collect others need all rights, also when they stop to', async () => {
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] };
    const mine = role('mine', [], { aggregationRule });
    await rest.ok(201, 'POST', `${API}/clusterroles`, mine);
    const { body } = await post(`${API}/clusterroles`, role('other', [], { aggregationRule }), 'reader');
    expect(body['message']).toBe(
      'clusterroles.rbac.authorization.k8s.io "other" is forbidden: must have cluster-admin privileges to use an aggregationRule',
    );
    const patch = { aggregationRule: null };
    const merge = { ...as('reader'), contentType: 'application/merge-patch+json' };
    expect(await rest.call('PATCH', `${API}/clusterroles/mine`, patch, merge)).toMatchObject({ status: 403 });
    expect(await rest.call('PATCH', `${API}/clusterroles/mine`, patch, { ...merge, user: 'escalator' })).toMatchObject({
      status: 200,
    });
  });
});
