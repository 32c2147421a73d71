import { expect, test } from 'vitest';
import { authorizerUnion, forbiddenText, mastersAuthorizer } from './authorizers.js';
import { asks, user } from './testing.js';
import type { Decision } from './types.js';

test('the union asks on after a no, and gives all reasons', () => {
  const no = (why: string) => ({ authorize: (): Decision => ({ decision: 'noOpinion', reason: why }) });
  const question = asks(user('u'), 'get', 'pods');
  expect(authorizerUnion([no('a'), no(''), no('b')]).authorize(question)).toEqual({
    decision: 'noOpinion',
    reason: 'a\nb',
  });
  const failed = { authorize: (): Decision => ({ decision: 'noOpinion', reason: '', error: 'it broke' }) };
  expect(authorizerUnion([no('a'), failed, no(''), failed]).authorize(question)).toEqual({
    decision: 'noOpinion',
    reason: 'a',
    error: 'it broke, it broke',
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
