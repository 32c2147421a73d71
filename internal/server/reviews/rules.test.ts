import { afterAll, beforeAll, expect, test } from 'vitest';
import { alwaysAllow } from '../../auth/authorizers.js';
import type { RuleResolver } from '../../auth/rules.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { tokenKey } from '../../auth/jwt.js';
import { generateKeyPairSync } from 'node:crypto';
import { reviewCreators } from './index.js';

const PATH = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
const asked: string[] = [];
let found: ReturnType<RuleResolver['rulesFor']>;
const rules: RuleResolver = {
  rulesFor(user, namespace) {
    asked.push(`${user.username} in ${namespace}`);
    return found;
  },
};

let rest: Rest;
beforeAll(async () => {
  const parts = { authenticator: { authenticate: () => 'invalid' as const }, authorizer: alwaysAllow, rules };
  rest = await startRest(1, { creators: reviewCreators({ ...parts, audiences: ['api'], tokens: undefined }) });
});
afterAll(() => rest.close());

const none = { verbs: [], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };

test('What a user may do is listed by kind of rule, and of the question nothing comes back', async () => {
  found = {
    rules: [
      { ...none, verbs: ['get', 'list'], apiGroups: ['', 'apps'], resources: ['pods'], resourceNames: ['a'] },
      { ...none, verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { ...none, verbs: ['get'], nonResourceURLs: ['/version'] },
    ],
    errors: [],
  };
  const review = await rest.ok(
    201,
    'POST',
    PATH,
    { metadata: { labels: { a: 'b' } }, spec: { namespace: 'ns' } },
    { user: 'jane', groups: [] },
  );
  expect(review).toEqual({
    kind: 'SelfSubjectRulesReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec: {},
    status: {
      resourceRules: [
        { verbs: ['get', 'list'], apiGroups: ['', 'apps'], resources: ['pods'], resourceNames: ['a'] },
        { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      ],
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/version'] }],
      incomplete: false,
    },
  });
  expect(asked.at(-1)).toBe('jane in ns');
});

test('What could not be found out is told', async () => {
  found = { rules: [], errors: ['one', 'two'], incomplete: true };
  expect((await rest.ok(201, 'POST', PATH, { spec: { namespace: 'ns' } }))['status']).toEqual({
    resourceRules: [],
    nonResourceRules: [],
    incomplete: true,
    evaluationError: '[one, two]',
  });
});

test('A question about no namespace is refused', async () => {
  expect(await rest.ok(400, 'POST', PATH, { spec: {} })).toMatchObject({ message: 'no namespace on request' });
});

test('Every kind of review is answered, tokens only where they can be signed', () => {
  const parts = { authenticator: { authenticate: () => 'invalid' as const }, authorizer: alwaysAllow, rules };
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const tokens = { issuer: 'i', audiences: [], key: tokenKey(privateKey), maxSeconds: 0, extend: true };
  const reviews = ['subject', 'localsubject', 'selfsubject'].map((who) => `authorization.k8s.io/${who}accessreviews`);
  const all = [
    ...reviews,
    'authorization.k8s.io/selfsubjectrulesreviews',
    'authentication.k8s.io/selfsubjectreviews',
    'authentication.k8s.io/tokenreviews',
  ];
  expect(Object.keys(reviewCreators({ ...parts, audiences: [], tokens: undefined })).toSorted()).toEqual(
    all.toSorted(),
  );
  expect(Object.keys(reviewCreators({ ...parts, audiences: [], tokens })).toSorted()).toEqual(
    [...all, '/serviceaccounts/token'].toSorted(),
  );
});
