import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { RbacAuthorizer } from './rbac.js';
import { asks, openStore, type TestStore, user } from './testing.js';
import { type Decision, NO_OPINION } from './types.js';

const RBAC = 'rbac.authorization.k8s.io';
let store: TestStore;
let rbac: RbacAuthorizer;
const put: TestStore['put'] = (...object) => store.put(...object);
const remove: TestStore['remove'] = (...object) => store.remove(...object);

beforeAll(async () => {
  store = await openStore();
  rbac = new RbacAuthorizer(store.backend);
});
afterAll(() => store.close());

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

  test('all rules of a user are told, of every binding that counts', async () => {
    const rules = (resource: string) => ({
      rules: [
        { verbs: ['get'], apiGroups: [''], resources: [resource] },
        { verbs: ['list'], apiGroups: [''], resources: [resource] },
      ],
    });
    const eve = [{ kind: 'User', name: 'eve' }];
    await put(RBAC, 'clusterroles', '', 'everywhere', rules('nodes'));
    await put(RBAC, 'clusterrolebindings', '', 'eve', {
      roleRef: { kind: 'ClusterRole', name: 'everywhere' },
      subjects: eve,
    });
    await put(RBAC, 'roles', 'here', 'local', rules('pods'));
    await put(RBAC, 'rolebindings', 'here', 'eve', { roleRef: { kind: 'Role', name: 'local' }, subjects: eve });
    const told = (namespace: string) =>
      rbac.rulesFor(user('eve'), namespace).rules.map(({ verbs, resources }) => `${verbs[0]} ${resources[0]}`);
    expect(told('here')).toEqual(['get nodes', 'list nodes', 'get pods', 'list pods']);
    expect(told('')).toEqual(['get nodes', 'list nodes']);
    expect(told('there')).toEqual(['get nodes', 'list nodes']);
  });

  test('of several bindings and subjects the reason tells the one that counted, bindings in the order of their names', async () => {
    const role = { roleRef: { kind: 'ClusterRole', name: 'everybody' } };
    await put(RBAC, 'clusterroles', '', 'everybody', {
      rules: [{ verbs: ['watch'], apiGroups: [''], resources: ['events'] }],
    });
    const people = ['User ann', 'Group dev', 'Group ops', 'ServiceAccount bot'].map((text) => {
      const [kind = '', name = ''] = text.split(' ');
      return { kind, name, ...(kind === 'ServiceAccount' ? { namespace: 'home' } : {}) };
    });
    // Written in another order than that of their names.
    await put(RBAC, 'clusterrolebindings', '', 'z-people', { ...role, subjects: people });
    await put(RBAC, 'clusterrolebindings', '', 'm-dev', { ...role, subjects: people.slice(1, 2) });
    await put(RBAC, 'clusterrolebindings', '', 'a-dev', { ...role, subjects: people.slice(1, 2) });
    const told = (who: ReturnType<typeof user>): string => reason(rbac.authorize(asks(who, 'watch', 'events')));
    expect(told(user('bob', 'ops'))).toBe(
      'RBAC: allowed by ClusterRoleBinding "z-people" of ClusterRole "everybody" to Group "ops"',
    );
    expect(told(user('bob', 'dev'))).toBe(
      'RBAC: allowed by ClusterRoleBinding "a-dev" of ClusterRole "everybody" to Group "dev"',
    );
    expect(told(user('system:serviceaccount:home:bot'))).toBe(
      'RBAC: allowed by ClusterRoleBinding "z-people" of ClusterRole "everybody" to ServiceAccount "bot/home"',
    );
    expect(rbac.rulesFor(user('ann', 'dev', 'ops'), '').rules.filter(({ verbs }) => verbs[0] === 'watch')).toHaveLength(
      3,
    );
    for (const name of ['z-people', 'm-dev', 'a-dev']) await remove(RBAC, 'clusterrolebindings', '', name);
  });

  test('a star for resources gives every one of the group, and its subresources', async () => {
    await put(RBAC, 'roles', 'stars', 'star', { rules: [{ verbs: ['get'], apiGroups: ['apps'], resources: ['*'] }] });
    await put(RBAC, 'rolebindings', 'stars', 'sam', {
      roleRef: { kind: 'Role', name: 'star' },
      subjects: [{ kind: 'User', name: 'sam' }],
    });
    const may = (more: Parameters<typeof asks>[3]): Decision =>
      rbac.authorize(asks(user('sam'), 'get', 'deployments', { group: 'apps', namespace: 'stars', ...more }));
    for (const subresource of ['', 'scale']) {
      expect(may({ subresource })).toEqual({
        decision: 'allow',
        reason: 'RBAC: allowed by RoleBinding "sam/stars" of Role "star" to User "sam"',
      });
    }
    expect(allowed(may({ group: 'batch', subresource: 'status' }))).toBe(false);
  });

  test('several roles that are not there are told as a list', async () => {
    for (const name of ['lost-b', 'lost-a']) {
      await put(RBAC, 'clusterrolebindings', '', name, {
        roleRef: { kind: 'ClusterRole', name },
        subjects: [{ kind: 'User', name: 'lena' }],
      });
    }
    expect(rbac.authorize(asks(user('lena'), 'get', 'pods'))).toEqual({
      decision: 'noOpinion',
      reason:
        'RBAC: [clusterrole.rbac.authorization.k8s.io "lost-a" not found, clusterrole.rbac.authorization.k8s.io "lost-b" not found]',
    });
    expect(rbac.rulesFor(user('lena'), 'ns')).toMatchObject({
      rules: [],
      errors: [{}, {}].map(() => expect.any(String)),
    });
    for (const name of ['lost-b', 'lost-a']) await remove(RBAC, 'clusterrolebindings', '', name);
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

  test('a role binding gives nothing in other namespaces, and nothing at cluster scope', async () => {
    const everything: JsonObject = { rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] };
    await put(RBAC, 'clusterroles', '', 'everything', everything);
    await put(RBAC, 'rolebindings', 'in', 'dora', {
      roleRef: { kind: 'ClusterRole', name: 'everything' },
      subjects: [
        { kind: 'User', name: 'dora' },
        { kind: 'Group', name: 'doras' },
      ],
    });
    for (const who of [user('dora'), user('x', 'doras')]) {
      const may = (namespace: string): boolean => allowed(rbac.authorize(asks(who, 'get', 'secrets', { namespace })));
      expect([may('in'), may('out'), may('')]).toEqual([true, false, false]);
    }
  });

  test('a role is that of the namespace of its binding', async () => {
    await put(RBAC, 'roles', 'elsewhere', 'strong', {
      rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    });
    await put(RBAC, 'rolebindings', 'here', 'eve', {
      roleRef: { kind: 'Role', name: 'strong' },
      subjects: [{ kind: 'User', name: 'eve' }],
    });
    const may = (namespace: string): Decision => rbac.authorize(asks(user('eve'), 'get', 'secrets', { namespace }));
    expect(may('here').decision).toBe('noOpinion');
    expect(may('elsewhere').decision).toBe('noOpinion');
  });

  test('a service account is meant with its namespace, and only accounts are', async () => {
    await put(RBAC, 'clusterrolebindings', '', 'sa', {
      roleRef: { kind: 'ClusterRole', name: 'everything' },
      subjects: [{ kind: 'ServiceAccount', name: 'sa', namespace: 'ns1' }],
    });
    const may = (username: string): boolean => allowed(rbac.authorize(asks(user(username), 'get', 'secrets')));
    expect(may('system:serviceaccount:ns1:sa')).toBe(true);
    expect(['system:serviceaccount:ns2:sa', 'system:serviceaccount:ns1:sb', 'sa', 'ns1:sa'].some(may)).toBe(false);
  });

  test('a subject of a kind that is not known is nobody', async () => {
    await put(RBAC, 'clusterrolebindings', '', 'fred', {
      roleRef: { kind: 'ClusterRole', name: 'everything' },
      subjects: [{ kind: 'Robot', name: 'fred' }],
    });
    expect(allowed(rbac.authorize(asks(user('fred', 'fred'), 'get', 'secrets')))).toBe(false);
  });
});
