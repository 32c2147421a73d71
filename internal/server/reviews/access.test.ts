import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Attributes, Decision } from '../../auth/types.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { localSubjectAccessReview, selfSubjectAccessReview, subjectAccessReview } from './access.js';
import { selfSubjectReview, tokenReview } from './identity.js';

let rest: Rest;
let asked: Attributes[] = [];
let decision: Decision;
const authorizer = {
  authorize(a: Attributes): Decision {
    asked.push(a);
    return decision;
  },
};
/** Whom a token stands for, and for which audiences it is good. */
const TOKENS: Readonly<Record<string, readonly string[]>> = { good: ['api', 'b', 'd'] };
const questions: (readonly string[])[] = [];
const authenticator = {
  authenticate({ header, audiences }: { header: (name: string) => string; audiences?: readonly string[] }) {
    questions.push(audiences ?? []);
    const of = TOKENS[header('authorization').replace('Bearer ', '')];
    if (of === undefined || !(audiences ?? []).some((a) => of.includes(a))) return 'invalid' as const;
    return { username: 'jane', uid: 'u1', groups: ['dev', 'ops'], extra: { b: ['2'], a: ['1'] } };
  },
};
beforeAll(async () => {
  rest = await startRest(1, {
    creators: {
      'authentication.k8s.io/selfsubjectreviews': selfSubjectReview,
      'authentication.k8s.io/tokenreviews': tokenReview(authenticator, ['api']),
      'authorization.k8s.io/subjectaccessreviews': subjectAccessReview(authorizer),
      'authorization.k8s.io/localsubjectaccessreviews': localSubjectAccessReview(authorizer),
      'authorization.k8s.io/selfsubjectaccessreviews': selfSubjectAccessReview(authorizer),
    },
  });
});
afterAll(() => rest.close());
beforeEach(() => {
  asked = [];
  decision = { decision: 'allow', reason: '' };
});

const AUTHORIZATION = '/apis/authorization.k8s.io/v1';
const ACCESS = `${AUTHORIZATION}/subjectaccessreviews`;
const LOCAL = `${AUTHORIZATION}/namespaces/default/localsubjectaccessreviews`;
const SELF = `${AUTHORIZATION}/selfsubjectaccessreviews`;
const statusOf = async (path: string, spec: JsonObject): Promise<unknown> =>
  (await rest.ok(201, 'POST', path, { spec }))['status'];
const refusal = async (path: string, spec: JsonObject, metadata: JsonObject = {}): Promise<unknown> =>
  (await rest.ok(422, 'POST', path, { metadata, spec }))['message'];

const pods = { verb: 'get', resource: 'pods' };

test('the authorizers are asked what the review asks, for the user that it names', async () => {
  const resourceAttributes = {
    namespace: 'ns',
    verb: 'update',
    group: 'apps',
    version: 'v1',
    resource: 'deployments',
    subresource: 'scale',
    name: 'web',
  };
  const subject = { user: 'jane', uid: 'u1', groups: ['dev'], extra: { 'Acme.io/Team': ['a', 'b'] } };
  await statusOf(ACCESS, { ...subject, resourceAttributes });
  await statusOf(ACCESS, { groups: ['dev'], nonResourceAttributes: { path: '/metrics', verb: 'get' } });
  expect(asked).toMatchObject([
    {
      ...resourceAttributes,
      isResourceRequest: true,
      path: '',
      user: { username: 'jane', uid: 'u1', groups: ['dev'], extra: { 'acme.io/team': ['a', 'b'] } },
    },
    { isResourceRequest: false, path: '/metrics', verb: 'get', resource: '', user: { username: '', groups: ['dev'] } },
  ]);
  await rest.ok(201, 'POST', SELF, { spec: { resourceAttributes: pods } }, { user: 'ann', groups: ['g'] });
  expect(asked[2]).toMatchObject({ ...pods, user: { username: 'ann', groups: ['g'] } });
});

test('selectors are those that were written, or their requirements', async () => {
  const labels = (operator: string, ...values: string[]) => ({ key: 'k', operator, values });
  const ask = (selectors: JsonObject) => statusOf(SELF, { resourceAttributes: { ...pods, ...selectors } });
  await ask({ fieldSelector: { rawSelector: 'a=b' }, labelSelector: { rawSelector: 'c!=d' } });
  await ask({
    fieldSelector: { requirements: [labels('In', 'v'), labels('In', 'v', 'w'), labels('NotIn', 'v')] },
    labelSelector: {
      requirements: [labels('In', 'v', 'w'), labels('NotIn', 'v'), labels('DoesNotExist'), labels('Exists')],
    },
  });
  expect(asked).toMatchObject([
    { fieldSelector: 'a=b', labelSelector: 'c!=d' },
    { fieldSelector: 'k=v', labelSelector: 'k in (v,w),k notin (v),!k,k' },
  ]);
});

test('the answer tells what was decided, why, and what could not be found out', async () => {
  const ask = (answer: Decision): Promise<unknown> => {
    decision = answer;
    return statusOf(SELF, { resourceAttributes: pods });
  };
  expect(await ask({ decision: 'allow', reason: 'a role' })).toEqual({ allowed: true, reason: 'a role' });
  expect(await ask({ decision: 'noOpinion', reason: '', error: 'broken' })).toEqual({
    allowed: false,
    evaluationError: 'broken',
  });
  expect(await ask({ decision: 'deny', reason: 'never' })).toEqual({ allowed: false, denied: true, reason: 'never' });
});

test('a question that is none is refused in the words of Kubernetes', async () => {
  const user = 'jane';
  const both = { user, resourceAttributes: pods, nonResourceAttributes: { path: '/', verb: 'get' } };
  expect(await refusal(ACCESS, both)).toMatch(
    /invalid: spec\.nonResourceAttributes: Invalid value: {"Path":"\/","Verb":"get"}: cannot be specified in combination with resourceAttributes$/,
  );
  expect(await refusal(ACCESS, { user })).toMatch(
    /invalid: spec\.resourceAttributes: Invalid value: .*: exactly one of nonResourceAttributes or resourceAttributes must be specified$/,
  );
  expect(await refusal(ACCESS, { resourceAttributes: pods })).toContain(
    'spec.user: Invalid value: "": at least one of user or group must be specified',
  );
  expect(await refusal(ACCESS, { user, resourceAttributes: pods }, { labels: {}, name: 'a' })).toMatch(
    /invalid: metadata: Invalid value: {"name":"a",.*"managedFields":\[.*\]}: must be empty$/,
  );
  // What only the server sets is none of the client's.
  const own = { uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' };
  await rest.ok(201, 'POST', ACCESS, { metadata: own, spec: { user, resourceAttributes: pods } });
  const here = { user, resourceAttributes: { ...pods, namespace: 'default' } };
  expect(await statusOf(LOCAL, here)).toEqual({ allowed: true });
  expect(await refusal(LOCAL, here, { namespace: 'default', name: 'a' })).toContain(
    'must be empty except for namespace',
  );
  expect(await refusal(LOCAL, { user, resourceAttributes: { ...pods, namespace: 'other' } })).toContain(
    'spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
  );
  expect(await refusal(LOCAL, { user, nonResourceAttributes: { path: '/', verb: 'get' } })).toMatch(
    /invalid: spec\.nonResourceAttributes: Invalid value: {"Path":"\/","Verb":"get"}: disallowed on this kind of request$/,
  );
  expect(asked).toHaveLength(2);
});

test('who asks is told who they are', async () => {
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const { status } = await rest.ok(201, 'POST', path, {}, { user: 'ann', groups: ['g', 'h'] });
  expect(status).toEqual({ userInfo: { username: 'ann', groups: ['g', 'h'] } });
});

test('a token is its user, for those of the audiences that it is meant for', async () => {
  const path = '/apis/authentication.k8s.io/v1/tokenreviews';
  const user = { username: 'jane', uid: 'u1', groups: ['dev', 'ops'], extra: { a: ['1'], b: ['2'] } };
  expect(await statusOf(path, { token: 'good' })).toEqual({ authenticated: true, user, audiences: ['api'] });
  expect(questions[0]).toEqual(['api']);
  expect(await statusOf(path, { token: 'good', audiences: ['a', 'b', 'c', 'd'] })).toEqual({
    authenticated: true,
    user,
    audiences: ['b', 'd'],
  });
  const refused = { user: {}, error: 'invalid bearer token' };
  expect(await statusOf(path, { token: 'good', audiences: ['c'] })).toEqual(refused);
  expect(await statusOf(path, { token: 'bad' })).toEqual(refused);
  expect(await rest.ok(400, 'POST', path, { spec: {} })).toMatchObject({
    message: 'token is required for TokenReview in authentication',
  });
  expect(await refusal(path, { token: 'good' }, { name: 'a' })).toMatch(
    /^TokenReview\.authentication\.k8s\.io "" is invalid: metadata: Invalid value: .*: must be empty$/,
  );
});

test('a question in a namespace is about that one, and none of its parts may be left out', async () => {
  const user = 'jane';
  expect(await refusal(LOCAL, { user, resourceAttributes: pods })).toContain(
    'spec.resourceAttributes.namespace: Invalid value: "": must match metadata.namespace',
  );
  expect(await refusal(LOCAL, { resourceAttributes: { ...pods, namespace: 'default' } })).toContain(
    'at least one of user or group must be specified',
  );
  expect(await statusOf(LOCAL, { groups: ['g'], resourceAttributes: { ...pods, namespace: 'default' } })).toEqual({
    allowed: true,
  });
  expect(await refusal(SELF, { resourceAttributes: pods }, { labels: { a: 'b' } })).toContain(
    'metadata: Invalid value: ',
  );
  expect(await refusal(SELF, {})).toContain(
    'exactly one of nonResourceAttributes or resourceAttributes must be specified',
  );
});

test('what is not asked is not told to the authorizers', async () => {
  await statusOf(ACCESS, { user: 'jane', resourceAttributes: { verb: 'list', resource: 'pods' } });
  expect(asked[0]).toEqual({
    user: { username: 'jane', uid: '', groups: [], extra: {} },
    verb: 'list',
    isResourceRequest: true,
    group: '',
    version: '',
    resource: 'pods',
    subresource: '',
    namespace: '',
    name: '',
    path: '',
    fieldSelector: '',
    labelSelector: '',
  });
});

test('a token of an account that this replica has not heard of is asked about once more', async () => {
  let times = 0;
  const late = {
    authenticate: () => (++times === 1 ? ('missing' as const) : { username: 'ann', uid: '', groups: [], extra: {} }),
  };
  const own = await startRest(1, { creators: { 'authentication.k8s.io/tokenreviews': tokenReview(late, ['api']) } });
  try {
    const { status } = await own.ok(201, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
      spec: { token: 't' },
    });
    expect(status).toEqual({ authenticated: true, user: { username: 'ann' }, audiences: ['api'] });
  } finally {
    await own.close();
  }
});

test('a token for nobody is none, and audiences are told in the order in which they were asked', async () => {
  const path = '/apis/authentication.k8s.io/v1/tokenreviews';
  expect(await statusOf(path, { token: 'good', audiences: ['d', 'x', 'b', 'd'] })).toMatchObject({
    audiences: ['d', 'b', 'd'],
  });
  const anonymous = { authenticate: () => ({ username: 'system:anonymous', uid: '', groups: [], extra: {} }) };
  const own = await startRest(1, {
    creators: { 'authentication.k8s.io/tokenreviews': tokenReview(anonymous, ['api']) },
  });
  try {
    expect((await own.ok(201, 'POST', path, { spec: { token: 't' } }))['status']).toEqual({
      user: {},
      error: 'invalid bearer token',
    });
  } finally {
    await own.close();
  }
});

test('others have their turn while a token is looked at for many audiences', async () => {
  let turn = 0;
  let next = setImmediate(function count() {
    turn++;
    next = setImmediate(count);
  });
  const asks = new Map<number, number>();
  const slow = {
    authenticate() {
      asks.set(turn, (asks.get(turn) ?? 0) + 1);
      const end = performance.now() + 1;
      while (performance.now() < end);
      return { username: 'ann', uid: '', groups: [], extra: {} };
    },
  };
  const own = await startRest(1, { creators: { 'authentication.k8s.io/tokenreviews': tokenReview(slow, ['api']) } });
  try {
    const audiences = Array.from({ length: 200 }, (_, i) => `a${i}`);
    const { status } = await own.ok(201, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
      spec: { token: 't', audiences },
    });
    expect(status).toMatchObject({ authenticated: true, audiences });
    // Each audience alone, the halves of all, and who it is.
    expect([...asks.values()].reduce((a, b) => a + b)).toBe(400);
    expect(Math.max(...asks.values())).toBeLessThan(100);
  } finally {
    clearImmediate(next);
    await own.close();
  }
});

test('selectors of a review ask in one way, and with as many values as their operators take', async () => {
  const said = (selectors: JsonObject, path = ACCESS): Promise<unknown> =>
    refusal(path, { ...(path === SELF ? {} : { user: 'jane' }), resourceAttributes: { ...pods, ...selectors } });
  const at = '.authorization.k8s.io "" is invalid: ';
  for (const key of ['fieldSelector', 'labelSelector']) {
    const field = `spec.resourceAttributes.${key}`;
    for (const path of [ACCESS, SELF]) {
      expect(await said({ [key]: {} }, path)).toBe(
        `${at}${field}.requirements: Required value: when ${field} is specified, requirements or rawSelector is required`,
      );
    }
    const exists = { key: 'a', operator: 'Exists' };
    expect(await said({ [key]: { rawSelector: 'a', requirements: [exists] } })).toBe(
      `${at}${field}.rawSelector: Invalid value: "a": may not specified at the same time as requirements`,
    );
    expect(await said({ [key]: { requirements: [{ ...exists, values: ['b'] }] } })).toBe(
      `${at}${field}.requirements[0].values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`,
    );
    expect(await said({ [key]: { requirements: [exists, { key: 'a', operator: 'In' }] } })).toBe(
      `${at}${field}.requirements[1].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
    );
    const newer = { requirements: [{ key: 'a', operator: 'Like', values: ['b'] }] };
    const spec = { user: 'jane', resourceAttributes: { ...pods, [key]: newer } };
    expect(await statusOf(ACCESS, spec)).toEqual({ allowed: true });
  }
  expect(await said({ fieldSelector: { requirements: [{ key: '', operator: 'Exists' }] } })).toBe(
    `${at}spec.resourceAttributes.fieldSelector.requirements[0].key: Required value: must be specified`,
  );
  expect(await refusal(ACCESS, {})).toMatch(/: \[spec\.resourceAttributes: .*, spec\.user: .*\]$/);
});
