import { expect, test } from 'vitest';
import type { Attributes, Decision } from '../../auth/types.js';
import { AUTHORIZER_TYPE, authorizerValue, compile, kubernetesEnvironment, Program } from '../../cel/index.js';
import type { AdmissionAttributes, AdmissionContext } from '../types.js';
import { checksOf } from './request-values.js';

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
