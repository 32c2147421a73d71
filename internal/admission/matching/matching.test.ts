import { expect, test } from 'vitest';
import { labelSelectorOf } from '../../machinery/label-selector-object.js';
import { matchesLabels } from '../../machinery/labels.js';
import { attributesOf, contextOf } from '../testing/attributes.js';
import type { AdmissionAttributes, ObjectReader } from '../types.js';
import { coversResource, coversScope, ruleOf } from './rules.js';
import { matchesNamespaceSelector, matchesObjectSelector } from './selectors.js';

const configMaps = { group: '', version: 'v1', resource: 'configmaps' };
const pods = { group: '', version: 'v1', resource: 'pods' };
const rule = (more: Record<string, string | string[]>) =>
  ruleOf({ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], ...more });

test('A rule covers resources by name, by subresource, and with stars on either side of the slash', () => {
  const covers = (resource: string, subresource: string): boolean =>
    coversResource(rule({ resources: [resource] }), 'CREATE', pods, subresource);
  expect(covers('pods', '')).toBe(true);
  expect(covers('pods', 'status')).toBe(false);
  expect(covers('*', 'status')).toBe(false);
  expect(covers('*/*', 'status')).toBe(true);
  expect(covers('*/status', 'status')).toBe(true);
  expect(covers('pods/status', 'status')).toBe(true);
  // All subresources of pods, and pods themselves.
  expect(covers('pods/*', '')).toBe(true);
});

test('A rule covers operations, groups and versions that it names', () => {
  expect(coversResource(rule({ operations: ['UPDATE'] }), 'CREATE', configMaps, '')).toBe(false);
  expect(coversResource(rule({ apiGroups: ['apps'] }), 'CREATE', configMaps, '')).toBe(false);
  expect(coversResource(rule({ apiVersions: ['v2'] }), 'CREATE', configMaps, '')).toBe(false);
  expect(coversResource(rule({ apiGroups: [''], apiVersions: ['v1'] }), 'CREATE', configMaps, '')).toBe(true);
});

test('A Namespace is of the cluster, though its request has a namespace', () => {
  const namespaces = { group: '', version: 'v1', resource: 'namespaces' };
  expect(coversScope(rule({ scope: 'Namespaced' }), namespaces, 'default')).toBe(false);
  expect(coversScope(rule({ scope: 'Cluster' }), namespaces, 'default')).toBe(true);
  expect(coversScope(rule({ scope: 'Namespaced' }), configMaps, 'default')).toBe(true);
  expect(coversScope(rule({ scope: 'Cluster' }), configMaps, 'default')).toBe(false);
});

test('A selector of the API selects as one in a URL does', () => {
  const selector = labelSelectorOf({
    matchLabels: { app: 'web' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['gold', 'silver'] },
      { key: 'old', operator: 'DoesNotExist' },
      { key: 'zone', operator: 'NotIn', values: ['a'] },
    ],
  });
  const selects = (labels: Record<string, string>): boolean =>
    selector !== undefined && matchesLabels(selector, labels);
  expect(selects({ app: 'web', tier: 'gold' })).toBe(true);
  expect(selects({ app: 'web', tier: 'gold', zone: 'b' })).toBe(true);
  expect(selects({ app: 'web', tier: 'gold', zone: 'a' })).toBe(false);
  expect(selects({ app: 'web', tier: 'gold', old: 'yes' })).toBe(false);
  expect(selects({ app: 'web' })).toBe(false);
  expect(labelSelectorOf(undefined)).toBeUndefined();
});

test.each<[string, string, { group: string; version: string; resource: string }, string, boolean]>([
  ['*', 'a Namespace', { group: '', version: 'v1', resource: 'namespaces' }, 'a', true],
  [
    'Cluster',
    'a namespaced thing called like them',
    { group: 'example.com', version: 'v1', resource: 'namespaces' },
    'a',
    false,
  ],
  [
    'Namespaced',
    'a namespaced thing called like them',
    { group: 'example.com', version: 'v1', resource: 'namespaces' },
    'a',
    true,
  ],
  ['Namespaced', 'one in another version', { group: '', version: 'v2', resource: 'namespaces' }, 'a', true],
  ['Cluster', 'what is in no namespace', { group: '', version: 'v1', resource: 'nodes' }, '', true],
  ['Namespaced', 'what is in no namespace', { group: '', version: 'v1', resource: 'nodes' }, '', false],
  ['Other', 'anything', { group: '', version: 'v1', resource: 'nodes' }, '', false],
  ['', 'anything, where the scope is left out', { group: '', version: 'v1', resource: 'nodes' }, '', true],
])('Scope "%s" and %s', (scope, _what, resource, namespace, covers) => {
  expect(coversScope(rule({ scope }), resource, namespace)).toBe(covers);
});

test('Selectors look at the labels of the namespace as they will be, and of both objects', () => {
  const gold = labelSelectorOf({ matchLabels: { tier: 'gold' } }) ?? [];
  const object = (tier?: string) => ({ metadata: tier === undefined ? {} : { labels: { tier } } });
  const stored = { get: () => object('gold') } as unknown as ObjectReader;
  const none = { get: () => undefined } as unknown as ObjectReader;
  const selects = (more: Partial<AdmissionAttributes>, reader = none, resource = 'namespaces') =>
    matchesNamespaceSelector(gold, contextOf(reader), attributesOf(resource, more));
  expect(selects({ object: object('gold') })).toBe(true);
  expect(selects({ object: object('iron') }, stored)).toBe(false);
  expect(selects({ object: undefined }, stored)).toBe(true);
  expect(selects({ object: object('iron'), subresource: 'status' }, stored)).toBe(true);
  expect(selects({ object: object('iron') }, stored, 'pods')).toBe(true);
  expect(selects({ namespace: '' }, none, 'nodes')).toBe(true);
  expect(selects({ namespace: '', object: object('iron') })).toBe(false);
  expect(() => selects({}, none, 'pods')).toThrow('namespaces "default" not found');
  expect(matchesNamespaceSelector([], contextOf(none), attributesOf('pods'))).toBe(true);
  const either = (now?: string, old?: string) =>
    matchesObjectSelector(
      gold,
      attributesOf('pods', {
        object: now === undefined ? undefined : object(now),
        oldObject: old === undefined ? undefined : object(old),
      }),
    );
  expect([
    either('gold'),
    either('iron'),
    either('iron', 'gold'),
    either(undefined, 'gold'),
    either(),
    either('iron', 'iron'),
  ]).toEqual([true, false, true, true, false, false]);
  expect(matchesObjectSelector(gold, attributesOf('pods', { object: {} }))).toBe(false);
});
