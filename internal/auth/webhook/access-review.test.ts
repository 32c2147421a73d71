import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Callout } from '../../callout/index.js';
import type { JsonObject } from '../../machinery/json.js';
import { startWebhookServer, type WebhookServer } from '../../testing/webhook-server.js';
import { authMetrics } from '../metrics.js';
import { asks, user } from '../testing.js';
import type { Attributes, Decision } from '../types.js';
import { accessWebhookAuthorizer, type AccessWebhookOptions, CACHED_ANSWERS } from './access-review.js';
import { matchCondition } from './match-conditions.js';

const callout = new Callout();
let server: WebhookServer;
let nowMs = 0;
const asked = (): JsonObject[] => server.reviews.get('/access') ?? [];
const status = (told: JsonObject, apiVersion = 'authorization.k8s.io/v1') => ({
  raw: JSON.stringify({ kind: 'SubjectAccessReview', apiVersion, status: told }),
});
const pods = asks(user('ann', 'dev'), 'list', 'pods', {
  namespace: 'ns',
  fieldSelector: 'spec.nodeName=n1',
  labelSelector: 'app in (a,b)',
});

beforeAll(async () => {
  server = await startWebhookServer();
});
afterAll(async () => {
  callout.close();
  await server.close();
});
beforeEach(() => {
  nowMs = 0;
  server.reviews.clear();
});

function webhook(more: Partial<AccessWebhookOptions> = {}) {
  const authorizer = accessWebhookAuthorizer({
    name: 'w',
    server: {
      callout,
      target: { url: `${server.url}/access`, tls: { ca: Buffer.from(server.caBundle, 'base64').toString() } },
      token: '',
      timeoutMs: 10_000,
      firstWaitMs: 1,
    },
    version: 'v1',
    allowedMs: 1000,
    deniedMs: 100,
    onError: 'noOpinion',
    conditions: [],
    now: () => nowMs,
    ...more,
  });
  return async (a: Attributes): Promise<Decision> => authorizer.authorize(a);
}

test('it is told who wants to do what, with the selectors', async () => {
  server.on('/access', () => status({ allowed: true, reason: 'because' }));
  const ask = webhook();
  expect(await ask(pods)).toEqual({ decision: 'allow', reason: 'because' });
  await ask(
    asks({ ...user('bob'), uid: 'u', extra: { e: ['1'] } }, 'get', '', { isResourceRequest: false, path: '/x' }),
  );
  expect(asked().map((review) => review['spec'])).toEqual([
    {
      resourceAttributes: {
        namespace: 'ns',
        verb: 'list',
        version: 'v1',
        resource: 'pods',
        fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }] },
        labelSelector: { requirements: [{ key: 'app', operator: 'In', values: ['a', 'b'] }] },
      },
      user: 'ann',
      groups: ['dev'],
    },
    { nonResourceAttributes: { path: '/x', verb: 'get' }, user: 'bob', extra: { e: ['1'] }, uid: 'u' },
  ]);
});

test('a long reason is cut', async () => {
  server.on('/access', () => status({ allowed: true, reason: 'r'.repeat(500_000) }));
  expect(await webhook()(pods)).toEqual({ decision: 'allow', reason: `${'r'.repeat(4_096)}...` });
});

test('what it says is remembered, each kind of answer for its time', async () => {
  const ask = webhook();
  server.on('/access', () => status({ allowed: true }));
  expect((await ask(pods)).decision).toBe('allow');
  server.on('/access', () => status({ allowed: false, denied: true, reason: 'no' }));
  nowMs = 999;
  expect((await ask(pods)).decision).toBe('allow');
  nowMs = 1000;
  expect(await ask(pods)).toEqual({ decision: 'deny', reason: 'no' });
  server.on('/access', () => status({ allowed: false }));
  nowMs = 1099;
  expect((await ask(pods)).decision).toBe('deny');
  nowMs = 1100;
  expect((await ask(pods)).decision).toBe('noOpinion');
  expect(asked()).toHaveLength(3);
  expect((await ask({ ...pods, labelSelector: 'app=c' })).decision).toBe('noOpinion');
  expect(asked()).toHaveLength(4);
});

describe('when it cannot be asked', () => {
  test('its failure policy decides, and nothing is remembered', async () => {
    server.on('/access', () => ({ raw: 'broken', status: 403 }));
    expect(await webhook()(pods)).toEqual({ decision: 'noOpinion', reason: '', error: 'broken' });
    const deny = webhook({ onError: 'deny' });
    expect(await deny(pods)).toEqual({ decision: 'deny', reason: '', error: 'broken' });
    server.on('/access', () => status({ allowed: true }));
    expect((await deny(pods)).decision).toBe('allow');
  });
  test('so also when it says both, or another thing', async () => {
    const deny = webhook({ onError: 'deny' });
    for (const answer of [status({ allowed: true, denied: true }), status({ allowed: true }, 'v1'), { raw: 'yes' }]) {
      server.on('/access', () => answer);
      expect(await deny(pods)).toMatchObject({ decision: 'deny', error: expect.any(String) });
    }
  });
  test('it is counted whether it was slow or failed otherwise', async () => {
    const registry = new Registry();
    for (const metric of authMetrics.all) registry.registerMetric(metric);
    const target = { url: `${server.url}/access`, tls: { ca: Buffer.from(server.caBundle, 'base64').toString() } };
    const ask = webhook({
      name: 'counted',
      server: { callout, target, token: '', timeoutMs: 100, firstWaitMs: 1 },
    });
    const counted = async (): Promise<string[]> => {
      const name = 'apiserver_authorization_webhook_evaluations_fail_open_total';
      const text = await registry.getSingleMetricAsString(name);
      return text.split('\n').filter((line) => line.startsWith(name) && line.includes('"counted"'));
    };
    server.on('/access', () => 'hang');
    await ask(pods);
    expect(await counted()).toEqual([expect.stringMatching(/result="timeout"\} 1$/)]);
    server.on('/access', () => ({ raw: 'broken', status: 403 }));
    await webhook({ name: 'counted' })(pods);
    expect(await counted()).toEqual([
      expect.stringMatching(/result="timeout"\} 1$/),
      expect.stringMatching(/result="error"\} 1$/),
    ]);
  });
});

test('it is asked only where its conditions hold; what goes wrong in them is a failure', async () => {
  server.on('/access', () => status({ allowed: true }));
  const condition = matchCondition("request.resourceAttributes.namespace == 'ns'");
  if (typeof condition === 'string') throw new Error(condition);
  const ask = webhook({ onError: 'deny', conditions: [condition] });
  expect((await ask(pods)).decision).toBe('allow');
  expect(await ask({ ...pods, namespace: 'other' })).toEqual({ decision: 'noOpinion', reason: '' });
  expect(await ask(asks(user('ann'), 'get', '', { isResourceRequest: false, path: '/x' }))).toMatchObject({
    decision: 'deny',
    error: expect.stringContaining('no such key'),
  });
  expect(asked()).toHaveLength(1);
});

test('so many answers are remembered, and no larger questions', async () => {
  expect(CACHED_ANSWERS).toBe(8192);
  server.on('/access', () => status({ allowed: true }));
  const ask = webhook();
  const large = { ...pods, name: 'x'.repeat(10_001) };
  await ask(large);
  await ask(large);
  expect(asked()).toHaveLength(2);
});
