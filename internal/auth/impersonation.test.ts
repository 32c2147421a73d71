import { describe, expect, test } from 'vitest';
import { type Impersonated, Impersonation } from './impersonation.js';
import { serviceAccountOf } from './impersonation-modes.js';
import { credentials, user } from './testing.js';
import type { Attributes, Authorizer, UserInfo } from './types.js';

const robot = user('robot');
type Headers = Readonly<Record<string, string | readonly string[]>>;

/** `user verb group/resource/subresource namespace/name` of what was asked; `may` says which are allowed. */
function recording(may: (question: string) => boolean = () => true) {
  const asked: string[] = [];
  const authorizer: Authorizer = {
    authorize(a: Attributes) {
      const resource = [a.group, a.resource, a.subresource].join('/');
      const question = `${a.user.username} ${a.verb} ${resource} ${a.namespace}/${a.name}`;
      asked.push(question);
      return { decision: may(question) ? 'allow' : 'noOpinion', reason: '' };
    },
  };
  return { asked, impersonation: new Impersonation(authorizer) };
}
/** What the requests of these tests want: to get one pod. */
const getPod = (who: UserInfo): Attributes => ({
  user: who,
  verb: 'get',
  isResourceRequest: true,
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'ns',
  name: 'p',
  path: '/api/v1/namespaces/ns/pods/p',
});
const isLegacy = (question: string): boolean => question.split(' ')[1] === 'impersonate';

interface Outcome {
  readonly user: UserInfo | undefined;
  readonly constraint: string | undefined;
  readonly asked: readonly string[];
}
async function actAs(headers: Headers, may?: (question: string) => boolean, who = robot): Promise<Outcome> {
  const { asked, impersonation } = recording(may);
  const acting = await impersonation.of(credentials({ headers }), () => getPod(who));
  return { user: acting?.user, constraint: acting?.constraint, asked };
}
const refusalOf = (headers: Headers, may: (question: string) => boolean, who = robot): Promise<string> =>
  actAs(headers, may, who).then(
    () => 'allowed',
    (error: unknown) => (error as Error).message,
  );

test('without its headers nobody is asked', () => {
  const { asked, impersonation } = recording();
  expect(impersonation.of(credentials({ token: 't' }), () => getPod(robot))).toBeUndefined();
  expect(asked).toEqual([]);
});

describe('with the right to impersonate', () => {
  test('user, groups, uid and extras are those asked for, and each was asked about', async () => {
    const headers = {
      'impersonate-user': 'jane',
      'impersonate-group': ['dev', 'system:masters'],
      'impersonate-uid': 'u1',
      'impersonate-extra-scopes%2fa': ['read', 'write'],
    };
    expect(await actAs(headers, isLegacy)).toEqual({
      user: {
        username: 'jane',
        uid: 'u1',
        groups: ['dev', 'system:masters', 'system:authenticated'],
        extra: { 'scopes/a': ['read', 'write'] },
      },
      constraint: '',
      asked: [
        'robot impersonate-on:user-info:get /pods/ ns/p',
        'robot impersonate /users/ /jane',
        'robot impersonate authentication.k8s.io/uids/ /u1',
        'robot impersonate /groups/ /dev',
        'robot impersonate /groups/ /system:masters',
        'robot impersonate authentication.k8s.io/userextras/scopes/a /read',
        'robot impersonate authentication.k8s.io/userextras/scopes/a /write',
      ],
    });
  });

  test.each(['/users/', '/system:masters', 'userextras', '/u1'])('but not %s, it is refused', async (part) => {
    const headers = {
      'impersonate-user': 'jane',
      'impersonate-group': ['dev', 'system:masters'],
      'impersonate-uid': 'u1',
      'impersonate-extra-scopes': ['read'],
    };
    const text = await refusalOf(headers, (question) => isLegacy(question) && !question.includes(part));
    expect(text).toBe(
      'pods "p" is forbidden: User "robot" cannot impersonate-on:user-info:get resource "pods" in API group "" in the namespace "ns"',
    );
  });

  test('a service account is asked about in its namespace, and is in its groups', async () => {
    const headers = { 'impersonate-user': 'system:serviceaccount:ns:bot' };
    expect(await actAs(headers, isLegacy)).toEqual({
      user: {
        username: 'system:serviceaccount:ns:bot',
        uid: '',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
        extra: {},
      },
      constraint: '',
      asked: ['robot impersonate-on:serviceaccount:get /pods/ ns/p', 'robot impersonate /serviceaccounts/ ns/bot'],
    });
    expect(serviceAccountOf('system:serviceaccount:ns:a:b')).toBeUndefined();
    expect(serviceAccountOf('system:serviceaccount::a')).toBeUndefined();
    expect(serviceAccountOf('system:serviceaccount:ns:')).toBeUndefined();
    expect(serviceAccountOf('system:serviceaccount:ns')).toBeUndefined();
  });

  test('the anonymous user is not among the authenticated', async () => {
    const { user: anonymous } = await actAs({ 'impersonate-user': 'system:anonymous' });
    expect(anonymous?.groups).toEqual(['system:unauthenticated']);
  });
});

describe('with constrained rights', () => {
  test('a user may be acted as for this request only', async () => {
    const headers = { 'impersonate-user': 'jane', 'impersonate-group': 'dev', 'impersonate-extra-a.io%2fb': 'c' };
    expect(await actAs(headers, (question) => !isLegacy(question))).toEqual({
      user: { username: 'jane', uid: '', groups: ['dev', 'system:authenticated'], extra: { 'a.io/b': ['c'] } },
      constraint: 'impersonate:user-info',
      asked: [
        'robot impersonate-on:user-info:get /pods/ ns/p',
        'robot impersonate:user-info authentication.k8s.io/users/ /jane',
        'robot impersonate:user-info authentication.k8s.io/groups/ /dev',
        'robot impersonate:user-info authentication.k8s.io/userextras/a.io/b /c',
      ],
    });
    const denied = await refusalOf(headers, (question) => question.includes('impersonate-on:'));
    expect(denied).toBe(
      'users.authentication.k8s.io "jane" is forbidden: User "robot" cannot impersonate:user-info resource "users" in API group "authentication.k8s.io" at the cluster scope',
    );
  });

  test('a service account or a node is nobody of whom groups may be told', async () => {
    for (const name of ['system:serviceaccount:ns:bot', 'system:node:n1']) {
      const headers = { 'impersonate-user': name, 'impersonate-group': 'g' };
      expect(await refusalOf(headers, (question) => !isLegacy(question))).toContain('cannot impersonate resource');
    }
  });

  test('a node is in the group of nodes', async () => {
    expect(await actAs({ 'impersonate-user': 'system:node:n1' }, (question) => !isLegacy(question))).toEqual({
      user: { username: 'system:node:n1', uid: '', groups: ['system:nodes', 'system:authenticated'], extra: {} },
      constraint: 'impersonate:arbitrary-node',
      asked: [
        'robot impersonate-on:arbitrary-node:get /pods/ ns/p',
        'robot impersonate:arbitrary-node authentication.k8s.io/nodes/ /n1',
      ],
    });
  });

  test('a service account may act as the node that it is on, and no other one', async () => {
    const agent: UserInfo = {
      ...user('system:serviceaccount:ns:agent'),
      extra: { 'authentication.kubernetes.io/node-name': ['n1'] },
    };
    const own = (question: string): boolean => question.includes('associated-node');
    expect(await actAs({ 'impersonate-user': 'system:node:n1' }, own, agent)).toMatchObject({
      user: { username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] },
      constraint: 'impersonate:associated-node',
      asked: [
        'system:serviceaccount:ns:agent impersonate-on:associated-node:get /pods/ ns/p',
        'system:serviceaccount:ns:agent impersonate:associated-node authentication.k8s.io/nodes/ /*',
      ],
    });
    expect(await refusalOf({ 'impersonate-user': 'system:node:n2' }, own, agent)).toContain(
      'cannot impersonate-on:arbitrary-node:get',
    );
  });

  test.each([
    [{ 'impersonate-group': ['system:masters'] }, 'impersonating the system:masters group is not allowed'],
    [{ 'impersonate-group': ['a', ''] }, 'impersonating the empty string group is not allowed'],
    [{ 'impersonate-extra-a': 'b' }, 'extra.key: Invalid value: "a": must be a domain-prefixed path'],
    [{ 'impersonate-extra-a.io%2fB': 'b' }, 'impersonating a non-lowercase key in extra is not allowed: "a.io/B"'],
    [{ 'impersonate-extra-a.io%2fb': '' }, 'impersonating the empty string value in extra is not allowed'],
  ])('never %j', async (more, text) => {
    const headers = { 'impersonate-user': 'jane', ...more };
    expect(await refusalOf(headers, (question) => !isLegacy(question))).toContain(text);
  });

  test('many groups are asked about at once, and each where that is refused', async () => {
    const headers = { 'impersonate-user': 'jane', 'impersonate-group': ['a', 'b', 'c', 'd'] };
    const groups = (asked: readonly string[]): string[] => asked.filter((q) => q.includes('/groups/'));
    const all = await actAs(headers, (question) => !isLegacy(question));
    expect(groups(all.asked)).toHaveLength(1);
    const each = await actAs(headers, (question) => !isLegacy(question) && !question.endsWith('*'));
    expect(groups(each.asked)).toHaveLength(5);
  });

  test('who was last allowed in one way is asked about that way first', async () => {
    const { asked, impersonation } = recording(isLegacy);
    const act = (): Promise<Impersonated> | undefined =>
      impersonation.of(credentials({ headers: { 'impersonate-user': 'jane' } }), () => getPod(robot));
    await act();
    asked.length = 0;
    expect((await act())?.constraint).toBe('');
    expect(asked).toEqual(['robot impersonate /users/ /jane']);
  });
});

test('groups, uid or extras without a user are no request', async () => {
  for (const headers of [{ 'impersonate-group': 'g' }, { 'impersonate-uid': 'u' }, { 'impersonate-extra-a': 'b' }]) {
    await expect(actAs(headers)).rejects.toMatchObject({
      code: 400,
      message: expect.stringMatching(/^requested &user\.DefaultInfo\{.*\} without impersonating a user name$/),
    });
  }
});
