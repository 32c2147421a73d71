import { expect, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { attributesOf, contextOf } from '../testing/attributes.js';
import type { AdmissionAttributes } from '../types.js';
import { eventRateLimit } from './index.js';
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

test.each<[string, JsonObject[], RegExp]>([
  ['burst', [{ type: 'Server', qps: 1 }], /limits\[0\]\.burst: Invalid value: 0: must be positive\. Configure/],
  [
    'size',
    [{ type: 'User', qps: 1, burst: 1, cacheSize: -1 }],
    /limits\[0\]\.cacheSize: Invalid value: -1: must not be negative/,
  ],
  ['field', [{ type: 'User', qps: 1, burst: 1, cache: 1 }], /limits\[0\]\.cache/],
])('A wrong %s is told', (_what, limits, message) => {
  expect(() => limitsOf({ path: 'f.yaml', object: { ...kind, limits } })).toThrow(message);
});

test('A Server has one bucket, whatever its size; other sizes are as they are given', () => {
  const limits = [
    { type: 'Server', qps: 1, burst: 1, cacheSize: -1 },
    { type: 'User', qps: 1, burst: 2, cacheSize: 7 },
  ];
  expect(limitsOf({ path: 'f.yaml', object: { ...kind, limits } }).map(({ cacheSize }) => cacheSize)).toEqual([-1, 7]);
});

test.each<[string, JsonObject, Partial<AdmissionAttributes>, boolean]>([
  ['Server', {}, { namespace: 'other', user: { username: 'v', uid: '', groups: [], extra: {} } }, true],
  ['User', {}, { namespace: 'other' }, true],
  ['User', {}, { user: { username: 'v', uid: '', groups: [], extra: {} } }, false],
  ['Namespace', {}, { user: { username: 'v', uid: '', groups: [], extra: {} } }, true],
  ['Namespace', {}, { namespace: 'other' }, false],
  ['SourceAndObject', {}, { namespace: 'other' }, true],
  ['SourceAndObject', { source: { component: 'd', host: 'h' } }, {}, false],
  ['SourceAndObject', { source: { component: 'c', host: 'i' } }, {}, false],
  ...['kind', 'namespace', 'name', 'uid', 'apiVersion'].map(
    (field): [string, JsonObject, Partial<AdmissionAttributes>, boolean] => [
      'SourceAndObject',
      { involvedObject: { [field]: 'x' } },
      {},
      false,
    ],
  ),
])('A limit of %s counts an event with %j and %j together with the first: %s', (type, event, more, together) => {
  const plugin = eventRateLimit({
    configuration: { path: 'f.yaml', object: { ...kind, limits: [{ type, qps: 1, burst: 1 }] } },
  });
  const first: JsonObject = { source: { component: 'c', host: 'h' }, involvedObject: {} };
  const of = (object: JsonObject, others: Partial<AdmissionAttributes> = {}) =>
    attributesOf('events', { object, ...others });
  void plugin.validate?.(contextOf(), of(first));
  const second = () => plugin.validate?.(contextOf(), of({ ...first, ...event }, more));
  if (together) expect(second).toThrow(`limit reached on type ${type} for key `);
  else expect(second).not.toThrow();
});

test('Who was not heard of for longest loses his bucket, and begins with a full one', () => {
  const limits = [{ type: 'Namespace', qps: 1, burst: 1, cacheSize: 2 }];
  const plugin = eventRateLimit({ configuration: { path: 'f.yaml', object: { ...kind, limits } } });
  const take = (namespace: string): boolean => {
    try {
      void plugin.validate?.(contextOf(), attributesOf('events', { namespace }));
      return true;
    } catch {
      return false;
    }
  };
  // b was heard of before a, when c comes.
  expect(['a', 'b', 'a', 'c', 'a', 'b'].map(take)).toEqual([true, true, false, true, false, true]);
});
