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

describe('paths of policies', () => {
  const may = (nonResourcePath: string, path: string): boolean => {
    const abac = of(policy({ user: 'ann', nonResourcePath }));
    return isAllowed(abac.authorize(asks(ann, 'get', '', { isResourceRequest: false, path })));
  };
  test('end with stars, which stand for anything, or are meant as they are', () => {
    expect([may('*', '/x'), may('/a/*', '/a/b'), may('/a/**', '/a/b'), may('/a', '/a')]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([may('/a', '/a/b'), may('/a/*', '/b'), may('', '/a'), may('', '')]).toEqual([false, false, false, false]);
    // A star within is one like any other character.
    expect([may('/a*b*', '/acb'), may('/a*b*', '/a*bc')]).toEqual([false, true]);
  });
});

test('a star for the user or the group is everybody who is authenticated, and nobody else', () => {
  for (const subject of [{ user: '*', group: 'ops' }, { user: 'bob', group: '*' }, { group: '*' }]) {
    const abac = of(policy({ ...subject, namespace: '*', resource: '*', apiGroup: '*' }));
    expect(isAllowed(abac.authorize(asks(ann, 'get', 'pods')))).toBe(true);
    expect(isAllowed(abac.authorize(asks(anonymous, 'get', 'pods')))).toBe(false);
  }
});

test('an old policy is about paths where it names neither a resource nor a namespace', () => {
  const path = (line: object): boolean => {
    const abac = of(`  ${JSON.stringify(line)}\t`, '  # a comment');
    return isAllowed(abac.authorize(asks(ann, 'get', '', { isResourceRequest: false, path: '/x' })));
  };
  expect([path({ user: 'ann' }), path({ group: 'dev' }), path({})]).toEqual([true, true, true]);
  expect([path({ user: 'ann', resource: 'pods' }), path({ user: 'ann', namespace: 'ns' })]).toEqual([false, false]);
  expect([path({ group: 'ops' }), path({ user: 'bob', group: 'dev' })]).toEqual([false, false]);
});

test('an old policy is about the resource and the groups of users that it names', () => {
  const old = (line: object, resource = 'pods'): boolean =>
    isAllowed(of(JSON.stringify(line)).authorize(asks(ann, 'delete', resource, { namespace: 'ns', group: 'apps' })));
  expect([old({ group: 'dev' }), old({ group: 'ops' })]).toEqual([true, false]);
  expect([old({ group: 'dev', resource: 'pods' }), old({ group: 'dev', resource: 'pods' }, 'secrets')]).toEqual([
    true,
    false,
  ]);
  expect(of(JSON.stringify({ user: 'ann' })).rulesFor(ann, 'ns')).toEqual({
    rules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] },
      { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*'] },
    ],
    errors: [],
  });
});

test('every policy of a user is about what it says, line by line', () => {
  const spec = { user: 'ann', namespace: 'ns', resource: 'pods', apiGroup: 'apps', readonly: true };
  const may = (changes: object, verb = 'get', more: Parameters<typeof asks>[3] = {}): boolean =>
    isAllowed(
      of(policy({ ...spec, ...changes })).authorize(
        asks(ann, verb, 'pods', { namespace: 'ns', group: 'apps', ...more }),
      ),
    );
  expect([may({}), may({}, 'list'), may({}, 'watch'), may({}, 'delete')]).toEqual([true, true, true, false]);
  expect(may({ readonly: false }, 'delete')).toBe(true);
  expect([may({ group: 'dev' }), may({ group: 'ops' })]).toEqual([true, false]);
  for (const other of [{ user: 'bob' }, { namespace: 'x' }, { resource: 'x' }, { apiGroup: 'x' }, { namespace: '' }]) {
    expect(may(other), JSON.stringify(other)).toBe(false);
  }
  const path = { isResourceRequest: false, path: '/a' };
  expect([may({}, 'get', path), may({ nonResourcePath: '/a' }, 'get', path)]).toEqual([false, true]);
  expect(of(policy({ ...spec, nonResourcePath: '/a' })).rulesFor(ann, 'ns').rules).toMatchObject([
    { verbs: ['get', 'list', 'watch'], apiGroups: ['apps'], resources: ['pods'], nonResourceURLs: [] },
    { verbs: ['get', 'list', 'watch'], apiGroups: [], resources: [], nonResourceURLs: ['/a'] },
  ]);
  expect(of(policy({ user: 'ann', namespace: 'ns', nonResourcePath: '/a' })).rulesFor(ann, 'ns').rules).toHaveLength(1);
  expect(of(policy(spec)).rulesFor(ann, 'other').rules).toEqual([]);
});

test.each([
  ['{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Role"}', 'line 1 of f is no policy'],
  ['{"kind":"Policy"}', 'line 1 of f is no policy'],
  ['{"apiVersion":"abac.authorization.kubernetes.io/v1beta1"}', 'line 1 of f is no policy'],
  ['[]', 'line 1 of f is no JSON object: correct or remove it'],
  ['null', 'line 1 of f is no JSON object'],
  ['3', 'line 1 of f is no JSON object'],
])('%s is no policy', (line, message) => {
  expect(() => abacAuthorizer(line, 'f')).toThrow(message);
});
