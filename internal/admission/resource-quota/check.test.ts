import { expect, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { attributesOf, contextOf } from '../testing/attributes.js';
import type { AdmissionAttributes } from '../types.js';
import { amountsText } from './amounts.js';
import { checkRequest } from './check.js';
import type { LimitedResource } from './config.js';
import { evaluatorOf } from './evaluators/index.js';

const claims = evaluatorOf('', 'persistentvolumeclaims');
if (claims === undefined) throw new Error('claims are not counted');

const claim = (storage: string, attributesClass?: string): JsonObject => ({
  metadata: { name: 'c' },
  spec: {
    resources: { requests: { storage } },
    ...(attributesClass === undefined ? {} : { volumeAttributesClassName: attributesClass }),
  },
});
const quota = (name: string, hard: JsonObject, used: JsonObject, spec: JsonObject = {}): JsonObject => ({
  metadata: { name },
  spec: { hard, ...spec },
  status: { hard, used },
});
const ofClass = {
  scopeSelector: { matchExpressions: [{ scopeName: 'VolumeAttributesClass', operator: 'In', values: ['fast'] }] },
};

/** What a write charges to which quota, or why it is refused. */
function charged(
  object: JsonObject,
  quotas: JsonObject[],
  more: Partial<AdmissionAttributes> = {},
  limited: LimitedResource[] = [],
): string {
  const a = attributesOf('persistentvolumeclaims', { object, name: 'c', ...more });
  try {
    const charges = checkRequest(a, object, claims as NonNullable<typeof claims>, quotas, limited, contextOf().reader);
    return charges
      .map((c) => `${(c.quota['metadata'] as JsonObject)['name'] as string}: ${amountsText(c.amounts)}`)
      .join('; ');
  } catch (error) {
    return (error as Error).message.replace('persistentvolumeclaims "c" is forbidden: ', '');
  }
}
const update = (oldObject: JsonObject, subresource = '') => ({ operation: 'UPDATE' as const, oldObject, subresource });
const storage = (used: string, spec: JsonObject = {}) =>
  quota('q', { 'requests.storage': '10Gi' }, { 'requests.storage': used }, spec);

test('a write is charged what it uses of what each quota counts, as long as there is room', () => {
  const count = quota('n', { persistentvolumeclaims: '2', pods: '0' }, { persistentvolumeclaims: '1', pods: '0' });
  expect(charged(claim('3Gi'), [storage('7Gi'), count])).toBe('q: requests.storage=3Gi; n: persistentvolumeclaims=1');
  expect(charged(claim('3Gi'), [storage('8Gi'), count])).toBe(
    'exceeded quota: q, requested: requests.storage=3Gi, used: requests.storage=8Gi, limited: requests.storage=10Gi',
  );
  expect(charged(claim('3Gi'), [quota('p', { pods: '0' }, { pods: '0' })])).toBe('');
  expect(charged(claim('3Gi'), [])).toBe('');
  expect(charged(claim('3Gi'), [quota('q', { 'requests.storage': '10Gi', persistentvolumeclaims: '1' }, {})])).toBe(
    'status unknown for quota: q, resources: persistentvolumeclaims,requests.storage',
  );
});

test('an update is charged what it uses more; less and the same are free, also where there is no room', () => {
  expect(charged(claim('5Gi'), [storage('7Gi')], update(claim('3Gi')))).toBe('q: requests.storage=2Gi');
  expect(charged(claim('3Gi'), [storage('11Gi')], update(claim('3Gi')))).toBe('');
  expect(charged(claim('2Gi'), [storage('11Gi')], update(claim('3Gi')))).toBe('');
  expect(charged(claim('5Gi'), [storage('9Gi')], update(claim('3Gi')))).toContain('exceeded quota: q');
  // What a status tells has happened already.
  expect(charged(claim('5Gi'), [storage('9Gi')], update(claim('3Gi'), 'status'))).toBe('q: requests.storage=2Gi');
});

test('what comes into a scope by an update is charged whole', () => {
  const scoped = storage('0', ofClass);
  expect(charged(claim('3Gi', 'slow'), [scoped])).toBe('');
  expect(charged(claim('3Gi', 'fast'), [scoped])).toBe('q: requests.storage=3Gi');
  expect(charged(claim('3Gi', 'fast'), [scoped], update(claim('3Gi', 'slow')))).toBe('q: requests.storage=3Gi');
  expect(charged(claim('4Gi', 'fast'), [scoped], update(claim('3Gi', 'fast')))).toBe('q: requests.storage=1Gi');
  expect(charged(claim('3Gi', 'slow'), [scoped], update(claim('3Gi', 'fast')))).toBe('');
});

test('nothing is used below zero', () => {
  expect(charged(claim('-1Gi'), [storage('7Gi')])).toBe('quota usage is negative for resource(s): requests.storage');
  expect(charged(claim('0'), [storage('10Gi')])).toBe('');
});

test('what needs a quota is refused without one that counts it, unless it uses nothing more', () => {
  const limit = (more: Partial<LimitedResource> = {}): LimitedResource[] => [
    { apiGroup: '', resource: 'persistentvolumeclaims', matchContains: ['storage'], matchScopes: [], ...more },
  ];
  const uncovered = 'insufficient quota to consume: requests.storage';
  expect(charged(claim('3Gi'), [], {}, limit())).toBe(uncovered);
  expect(charged(claim('3Gi'), [storage('0')], {}, limit())).toBe('q: requests.storage=3Gi');
  expect(charged(claim('3Gi'), [], {}, limit({ matchContains: ['cpu'] }))).toBe('');
  expect(charged(claim('3Gi'), [], {}, limit({ apiGroup: 'apps' }))).toBe('');
  expect(charged(claim('3Gi'), [], {}, limit({ resource: 'pods' }))).toBe('');
  expect(charged(claim('3Gi'), [], update(claim('3Gi')), limit())).toBe('');
  expect(charged(claim('4Gi'), [], update(claim('3Gi')), limit())).toBe(uncovered);
  // What comes into a scope is looked at anew, also when it uses no more of what is counted there.
  const moved = charged(
    claim('0', 'fast'),
    [storage('0', ofClass)],
    update(claim('0', 'slow')),
    limit({ matchContains: ['persistentvolumeclaims'] }),
  );
  expect(moved).toContain('insufficient quota to consume: ');
  const stayed = charged(
    claim('0', 'fast'),
    [storage('0', ofClass)],
    update(claim('0', 'fast')),
    limit({ matchContains: ['persistentvolumeclaims'] }),
  );
  expect(stayed).toBe('');
  const scope = { scopeName: 'VolumeAttributesClass', operator: 'In', values: ['fast'] };
  const scoped = limit({ matchContains: [], matchScopes: [scope] });
  expect(charged(claim('3Gi', 'slow'), [], {}, scoped)).toBe('');
  expect(charged(claim('3Gi', 'fast'), [storage('0', ofClass)], {}, scoped)).toBe('q: requests.storage=3Gi');
  expect(charged(claim('3Gi', 'fast'), [], {}, scoped)).toBe(
    'insufficient quota to match these scopes: [{VolumeAttributesClass In [fast]}]',
  );
});
