import { expect, test } from 'vitest';
import { labelSelectorOf } from '../../machinery/label-selector-object.js';
import { matchesLabels } from '../../machinery/labels.js';
import { coversResource, coversScope, ruleOf } from './rules.js';

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
