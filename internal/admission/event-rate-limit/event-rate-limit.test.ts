import { expect, test } from 'vitest';
import { NAMESPACE, startWithPlugin } from '../testing/with-plugin.js';
import { limitsOf } from './configuration.js';
import { TokenBucket } from './token-bucket.js';

const kind = { apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1', kind: 'Configuration' };

test('A bucket gives its burst at once, and so many each second', () => {
  const bucket = new TokenBucket(2, 3, 0);
  expect([1, 2, 3, 4].map(() => bucket.take(0))).toEqual([true, true, true, false]);
  expect([bucket.take(400), bucket.take(500), bucket.take(500)]).toEqual([false, true, false]);
  expect([1, 2, 3, 4].map(() => bucket.take(60_000))).toEqual([true, true, true, false]);
});

test('Events beyond a limit are 429, those of another namespace are not, and a dry run does not count', async () => {
  const rest = await startWithPlugin('EventRateLimit', { ...kind, limits: [{ type: 'Namespace', qps: 1, burst: 2 }] });
  try {
    const event = (name: string, namespace: string) => ({ metadata: { name }, involvedObject: { namespace } });
    await rest.ok(201, 'POST', `${NAMESPACE}/events?dryRun=All`, event('a', 'default'));
    const codes: number[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      codes.push((await rest.call('POST', `${NAMESPACE}/events`, event(name, 'default'))).status);
    }
    expect(codes.slice(0, 2)).toEqual([201, 201]);
    expect(codes).toContain(429);
    const refused = await rest.call('POST', `${NAMESPACE}/events`, event('g', 'default'));
    if (refused.status === 429) {
      expect(refused.body).toMatchObject({
        reason: 'TooManyRequests',
        message: 'Too many requests: limit reached on type Namespace for key default',
      });
    }
    await rest.ok(201, 'POST', '/api/v1/namespaces/other/events', event('a', 'other'));
    await rest.ok(201, 'POST', `${NAMESPACE}/configmaps`, { metadata: { name: 'a' } });
  } finally {
    await rest.close();
  }
});

test('A configuration that is missing or wrong is told, and what to do', () => {
  const path = 'f.yaml';
  expect(() => limitsOf(undefined)).toThrow(/"EventRateLimit": limits: Invalid value: null: must not be empty/);
  expect(() => limitsOf({ path, object: { ...kind, limits: [{ type: 'Galaxy', qps: 0, burst: 1 }] } })).toThrow(
    /limits\[0\]\.qps: Invalid value: 0: must be positive, limits\[0\]\.type: Unsupported value: "Galaxy"/,
  );
  expect(limitsOf({ path, object: { ...kind, limits: [{ type: 'User', qps: 5, burst: 9 }] } })).toEqual([
    { type: 'User', qps: 5, burst: 9, cacheSize: 4096 },
  ]);
});
