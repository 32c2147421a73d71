import { beforeAll, expect, test } from 'vitest';
import { Registry } from 'prom-client';
import { AuthorizerChain } from './authorizer-chain.js';
import { attempts, authenticationReloads, authMetrics, authorizationReloads, hashLabel } from './metrics.js';
import { asks, user } from './testing.js';
import type { Decision } from './types.js';

const registry = new Registry();
beforeAll(() => {
  for (const metric of authMetrics.all) registry.registerMetric(metric);
});
/** The lines of one metric, without its name and with the order of labels as they were declared. */
async function lines(name: string): Promise<string[]> {
  const text = await registry.getSingleMetricAsString(name);
  return text
    .split('\n')
    .filter((line) => line.startsWith(name))
    .map((line) => line.slice(name.length));
}

test('who asks and what they may is counted by its result', async () => {
  Object.assign(attempts, { success: 1, failure: 2, allowed: 3, denied: 4, noOpinion: 5, error: 6 });
  expect(await lines('authentication_attempts')).toEqual(['{result="success"} 1', '{result="failure"} 2']);
  expect(await lines('authorization_attempts_total')).toEqual([
    '{result="allowed"} 3',
    '{result="denied"} 4',
    '{result="no-opinion"} 5',
    '{result="error"} 6',
  ]);
});

test('what an authorizer decides is counted under its name, but no lack of an opinion', async () => {
  const decides = (decision: Decision['decision']) => ({ authorize: () => ({ decision, reason: '' }) });
  const rules = { rulesFor: () => ({ resourceRules: [], nonResourceRules: [], incomplete: false, errors: [] }) };
  const ask = (name: string, decision: Decision['decision']) =>
    new AuthorizerChain([{ type: 'Webhook', name, authorizer: decides(decision), rules: rules as never }]).authorize(
      asks(user('u'), 'get', 'pods'),
    );
  await ask('a', 'allow');
  await ask('b', 'deny');
  await ask('b', 'deny');
  await ask('c', 'noOpinion');
  expect(await lines('apiserver_authorization_decisions_total')).toEqual([
    '{type="Webhook",name="a",decision="allowed"} 1',
    '{type="Webhook",name="b",decision="denied"} 2',
  ]);
});

test('calls of webhooks are counted and measured', async () => {
  authMetrics.webhook('w', 'timeout', 3);
  authMetrics.failedOpen('w', 'timeout');
  authMetrics.conditionError('w');
  authMetrics.conditionExclusion('w');
  authMetrics.tokenCache(true);
  authMetrics.tokenCache(true);
  authMetrics.tokenCache(false);
  authMetrics.tokenReview('200', 0.003);
  expect(await lines('apiserver_authorization_webhook_evaluations_total')).toEqual(['{name="w",result="timeout"} 1']);
  expect(await lines('apiserver_authorization_webhook_evaluations_fail_open_total')).toEqual([
    '{name="w",result="timeout"} 1',
  ]);
  expect(await lines('apiserver_authorization_webhook_duration_seconds')).toContain(
    '_bucket{le="5",name="w",result="timeout"} 1',
  );
  expect(await lines('apiserver_authorization_match_condition_evaluation_errors_total')).toEqual([
    '{type="Webhook",name="w"} 1',
  ]);
  expect(await lines('apiserver_authorization_match_condition_exclusions_total')).toEqual([
    '{type="Webhook",name="w"} 1',
  ]);
  expect(await lines('authentication_token_cache_request_total')).toEqual(['{status="hit"} 2', '{status="miss"} 1']);
  const seconds = await lines('apiserver_delegated_authn_request_duration_seconds');
  expect(seconds).toContain('_bucket{le="0.002",code="200"} 0');
  expect(seconds).toContain('_bucket{le="0.004",code="200"} 1');
  expect(seconds).toContain('_bucket{le="16.384",code="200"} 1');
});

test('reloads tell which configuration is in force, and on which server', async () => {
  for (const [reloads, subsystem] of [
    [authenticationReloads, 'authentication'],
    [authorizationReloads, 'authorization'],
  ] as const) {
    const prefix = `apiserver_${subsystem}_config_controller`;
    const server = hashLabel('me');
    reloads.of('me');
    reloads.inForce(Buffer.from('old'));
    reloads.inForce(Buffer.from('new'));
    reloads.reloaded('success');
    reloads.reloaded('failure');
    reloads.reloaded('failure');
    expect(await lines(`${prefix}_last_config_info`)).toEqual([
      `{apiserver_id_hash="${server}",hash="${hashLabel('new')}"} 1`,
    ]);
    expect(await lines(`${prefix}_automatic_reloads_total`)).toEqual([
      `{apiserver_id_hash="${server}",status="success"} 1`,
      `{apiserver_id_hash="${server}",status="failure"} 2`,
    ]);
    expect(await lines(`${prefix}_automatic_reload_last_timestamp_seconds`)).toEqual([
      expect.stringMatching(/status="success"\} \d{10}/),
      expect.stringMatching(/status="failure"\} \d{10}/),
    ]);
  }
});

test('of an issuer the newest key set is told, and when keys were fetched, or were not', async () => {
  authMetrics.keysFetched('https://i', Buffer.from('one'));
  authMetrics.keysFetched('https://i', Buffer.from('two'));
  authMetrics.keysFetched('https://i', undefined);
  const issuer = `jwt_issuer_hash="${hashLabel('https://i')}"`;
  expect(await lines('apiserver_authentication_jwks_fetch_last_key_set_info')).toEqual([
    `{${issuer},hash="${hashLabel('two')}"} 1`,
  ]);
  expect(await lines('apiserver_authentication_jwks_fetch_last_timestamp_seconds')).toEqual([
    expect.stringMatching(/^\{result="success",/),
    expect.stringMatching(/^\{result="failure",/),
  ]);
});
