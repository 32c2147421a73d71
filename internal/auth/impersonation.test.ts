import { describe, expect, test } from 'vitest';
import { impersonate, serviceAccountOf } from './impersonation.js';
import { credentials, user } from './testing.js';
import type { Attributes, Authorizer, UserInfo } from './types.js';

const robot = user('robot');
type Headers = Readonly<Record<string, string | readonly string[]>>;

/** `group/resource/subresource namespace/name` of what was asked; `may` says which are allowed. */
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
  return { asked, authorizer };
}
async function actAs(headers: Headers): Promise<{ readonly user: UserInfo | undefined; readonly asked: string[] }> {
  const { asked, authorizer } = recording();
  return { user: await impersonate(credentials({ headers }), robot, authorizer), asked };
}

test('without its headers nobody is asked', () => {
  const { asked, authorizer } = recording();
  expect(impersonate(credentials({ token: 't' }), robot, authorizer)).toBeUndefined();
  expect(asked).toEqual([]);
});

test('user, groups, uid and extras are those asked for, and each was asked about', async () => {
  const headers = {
    'impersonate-user': 'jane',
    'impersonate-group': ['dev', 'ops'],
    'impersonate-uid': 'u1',
    'impersonate-extra-scopes%2fa': ['read', 'write'],
  };
  expect(await actAs(headers)).toEqual({
    user: {
      username: 'jane',
      uid: 'u1',
      groups: ['dev', 'ops', 'system:authenticated'],
      extra: { 'scopes/a': ['read', 'write'] },
    },
    asked: [
      'robot impersonate /users/ /jane',
      'robot impersonate /groups/ /dev',
      'robot impersonate /groups/ /ops',
      'robot impersonate authentication.k8s.io/userextras/scopes/a /read',
      'robot impersonate authentication.k8s.io/userextras/scopes/a /write',
      'robot impersonate authentication.k8s.io/uids/ /u1',
    ],
  });
});

describe('who may not impersonate one of them is refused', () => {
  const headers = {
    'impersonate-user': 'jane',
    'impersonate-group': ['dev', 'system:masters'],
    'impersonate-uid': 'u1',
    'impersonate-extra-scopes': ['read'],
  };
  const refusals: [string, string][] = [
    [
      '/users/',
      'users "jane" is forbidden: User "robot" cannot impersonate resource "users" in API group "" at the cluster scope',
    ],
    [
      '/system:masters',
      'groups "system:masters" is forbidden: User "robot" cannot impersonate resource "groups" in API group "" at the cluster scope',
    ],
    [
      'userextras',
      'userextras.authentication.k8s.io "read" is forbidden: User "robot" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope',
    ],
    [
      '/u1',
      'uids.authentication.k8s.io "u1" is forbidden: User "robot" cannot impersonate resource "uids" in API group "authentication.k8s.io" at the cluster scope',
    ],
  ];
  test.each(refusals)('%s', async (part, message) => {
    const { authorizer } = recording((question) => !question.includes(part));
    await expect(impersonate(credentials({ headers }), robot, authorizer)).rejects.toMatchObject({
      code: 403,
      message,
    });
  });
});

test('a service account is asked about in its namespace, and is in its groups', async () => {
  expect(await actAs({ 'impersonate-user': 'system:serviceaccount:ns:bot' })).toEqual({
    user: {
      username: 'system:serviceaccount:ns:bot',
      uid: '',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
      extra: {},
    },
    asked: ['robot impersonate /serviceaccounts/ ns/bot'],
  });
  expect(serviceAccountOf('system:serviceaccount:ns:a:b')).toBeUndefined();
  expect(serviceAccountOf('system:serviceaccount::a')).toBeUndefined();
});

test('the anonymous user is not among the authenticated', async () => {
  const { user: anonymous } = await actAs({ 'impersonate-user': 'system:anonymous' });
  expect(anonymous?.groups).toEqual(['system:unauthenticated']);
});

test('groups, uid or extras without a user are no request', async () => {
  for (const headers of [{ 'impersonate-group': 'g' }, { 'impersonate-uid': 'u' }, { 'impersonate-extra-a': 'b' }]) {
    await expect(actAs(headers)).rejects.toMatchObject({
      code: 400,
      message: expect.stringMatching(/^requested &user\.DefaultInfo\{.*\} without impersonating a user name$/),
    });
  }
});
