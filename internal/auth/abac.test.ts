import { describe, expect, test } from 'vitest';
import { abacAuthorizer } from './abac.js';
import { asks, user } from './testing.js';
import type { Decision } from './types.js';

const policy = (spec: object): string =>
  JSON.stringify({ apiVersion: 'abac.authorization.kubernetes.io/v1beta1', kind: 'Policy', spec });
const of = (...lines: string[]) => abacAuthorizer(lines.join('\n'), 'policies.jsonl');
const ann = user('ann', 'system:authenticated', 'dev');
const anonymous = user('system:anonymous', 'system:unauthenticated');
const isAllowed = (d: Decision | Promise<Decision>): boolean => 'decision' in d && d.decision === 'allow';

describe('a policy', () => {
  const abac = of(
    '# comment',
    '',
    policy({ user: 'ann', namespace: 'ns', resource: 'pods', apiGroup: '' }),
    policy({ group: 'dev', namespace: '*', resource: '*', apiGroup: 'apps', readonly: true }),
    policy({ user: 'bob', group: 'ops', namespace: '*', resource: '*', apiGroup: '*' }),
    policy({ user: '*', nonResourcePath: '/logs/*' }),
  );
  const may = (...question: Parameters<typeof asks>): boolean => isAllowed(abac.authorize(asks(...question)));
  test('is about a user, a group, or both', () => {
    expect(may(ann, 'delete', 'pods', { namespace: 'ns' })).toBe(true);
    expect(may(user('bob'), 'delete', 'pods', { namespace: 'ns' })).toBe(false);
    expect(may(user('bob', 'ops'), 'delete', 'pods', { namespace: 'ns' })).toBe(true);
    expect(may(user('eve', 'ops'), 'delete', 'pods', { namespace: 'ns' })).toBe(false);
  });
  test('is about what it names only', () => {
    expect(may(ann, 'get', 'pods', { namespace: 'other' })).toBe(false);
    expect(may(ann, 'get', 'secrets', { namespace: 'ns' })).toBe(false);
    expect(may(ann, 'get', 'pods', { namespace: 'ns', group: 'metrics.k8s.io' })).toBe(false);
    expect(may(ann, 'list', 'deployments', { group: 'apps' })).toBe(true);
    expect(may(ann, 'create', 'deployments', { group: 'apps' })).toBe(false);
  });
  test('for paths stands for everybody who is authenticated', () => {
    const path = (who: typeof ann, to: string): boolean => may(who, 'get', '', { isResourceRequest: false, path: to });
    expect([path(ann, '/logs/a'), path(ann, '/metrics'), path(anonymous, '/logs/a')]).toEqual([true, false, false]);
  });
  test('that is not there allows nothing, and says so', () => {
    expect(of().authorize(asks(ann, 'get', 'pods'))).toEqual({ decision: 'noOpinion', reason: 'No policy matched.' });
    expect(
      isAllowed(of(policy({ namespace: '*', resource: '*', apiGroup: '*' })).authorize(asks(ann, 'get', 'x'))),
    ).toBe(false);
  });
  test('can be listed', () => {
    expect(abac.rulesFor(ann, 'ns').rules).toEqual([
      { verbs: ['*'], apiGroups: [''], resources: ['pods'], resourceNames: [], nonResourceURLs: [] },
      {
        verbs: ['get', 'list', 'watch'],
        apiGroups: ['apps'],
        resources: ['*'],
        resourceNames: [],
        nonResourceURLs: [],
      },
    ]);
  });
});

test('a line without a version means what it meant then', () => {
  const old = (line: object, who = ann, verb = 'delete') =>
    isAllowed(of(JSON.stringify(line)).authorize(asks(who, verb, 'pods', { namespace: 'ns' })));
  expect(old({ user: 'ann' })).toBe(true);
  expect(old({ user: 'bob' })).toBe(false);
  expect(old({})).toBe(true);
  expect(old({}, anonymous)).toBe(false);
  expect(old({ user: 'ann', namespace: 'other' })).toBe(false);
  expect([old({ user: 'ann', readonly: true }), old({ user: 'ann', readonly: true }, ann, 'get')]).toEqual([
    false,
    true,
  ]);
});

test('a line that is no policy ends the start', () => {
  expect(() => of('{}', 'x')).toThrow('line 2 of policies.jsonl is no JSON object');
  expect(() => of('{"apiVersion":"v1","kind":"Policy"}')).toThrow('write apiVersion abac');
  expect(() => of('{"user":"ann","namespace":null}')).toThrow('namespace must be a string');
  expect(() => of(policy({ user: 'ann', readonly: 'yes' }))).toThrow('readonly must be a boolean');
});
