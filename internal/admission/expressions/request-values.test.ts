import { expect, test } from 'vitest';
import type { Attributes, Decision } from '../../auth/types.js';
import { AUTHORIZER_TYPE, authorizerValue, compile, kubernetesEnvironment, Program } from '../../cel/index.js';
import type { AdmissionAttributes, AdmissionContext } from '../types.js';
import { attributesOf } from '../testing/attributes.js';
import { checksOf, requestJson } from './request-values.js';

const user = { username: 'ann', uid: '', groups: [], extra: {} };
const env = kubernetesEnvironment({ variables: new Map([['authorizer', AUTHORIZER_TYPE]]) });

/** What an expression comes to where an authorizer decides so, and what that was asked. */
function evaluate(text: string, decision: Decision) {
  const asked: Attributes[] = [];
  const authorizer = {
    authorize(a: Attributes): Decision {
      asked.push(a);
      return decision;
    },
  };
  const program = compile(text, env);
  if (!(program instanceof Program)) throw new Error(program.message);
  const checks = checksOf({ authorizer } as unknown as AdmissionContext, { user } as unknown as AdmissionAttributes);
  return { value: program.evaluateSync(() => authorizerValue(checks)).value, asked };
}

test('authorizers are told both selectors of a check', () => {
  const check =
    "authorizer.group('').resource('pods').labelSelector('a=b').fieldSelector('x=y').check('list').allowed()";
  const { value, asked } = evaluate(check, { decision: 'allow', reason: '' });
  expect(value).toBe(true);
  expect(asked).toMatchObject([{ user, verb: 'list', resource: 'pods', labelSelector: 'a=b', fieldSelector: 'x=y' }]);
});

test('an authorizer that could not find out has failed, unless it allowed', () => {
  const errored = "authorizer.path('/x').check('get').errored()";
  const failure = { reason: '', error: 'the webhook is away' };
  expect(evaluate(errored, { decision: 'deny', ...failure }).value).toBe(true);
  expect(evaluate(errored, { decision: 'allow', ...failure }).value).toBe(false);
  expect(evaluate(errored, { decision: 'noOpinion', reason: '' }).value).toBe(false);
});

test('a service account is asked about as who it would be', () => {
  const check =
    "authorizer.serviceAccount('ns', 'sa').group('apps').resource('pods').subresource('log').namespace('n').name('p').check('get').allowed()";
  const { asked } = evaluate(check, { decision: 'allow', reason: '' });
  expect(asked).toMatchObject([
    {
      user: {
        username: 'system:serviceaccount:ns:sa',
        uid: '',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:ns'],
        extra: {},
      },
      isResourceRequest: true,
      verb: 'get',
      group: 'apps',
      resource: 'pods',
      subresource: 'log',
      namespace: 'n',
      name: 'p',
      path: '',
    },
  ]);
  const path = evaluate("authorizer.path('/x').check('get').reason()", { decision: 'deny', reason: 'never' });
  expect(path.value).toBe('never');
  expect(path.asked).toMatchObject([
    { user, isResourceRequest: false, path: '/x', verb: 'get', resource: '', name: '' },
  ]);
});

test('a request is shown with what it has, and without what it has not', () => {
  const pods = { group: '', version: 'v1', resource: 'pods' };
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const nobody = { username: '', uid: '', groups: [], extra: {} };
  const bare = requestJson(attributesOf('pods', { namespace: '', name: '', user: nobody }), pods, kind);
  expect(bare).toEqual({
    kind,
    resource: pods,
    requestKind: kind,
    requestResource: pods,
    operation: 'CREATE',
    userInfo: {},
    dryRun: false,
    options: null,
  });
  const somebody = { username: 'ann', uid: 'u', groups: ['g'], extra: { 'k/l': ['1', '2'] } };
  expect(
    requestJson(attributesOf('pods', { subresource: 'status', user: somebody, dryRun: true }), pods, kind),
  ).toMatchObject({
    name: 'p',
    namespace: 'default',
    subResource: 'status',
    requestSubResource: 'status',
    userInfo: somebody,
    dryRun: true,
  });
});
