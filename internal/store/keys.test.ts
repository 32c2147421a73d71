import { expect, test } from 'vitest';
import { objectKey, prefixEnd, resourcePrefix } from './keys.js';

test('Objects are kept by group, resource, namespace and name; data of every release is found under these keys', () => {
  expect(objectKey('', 'pods', 'ns', 'a')).toBe('core/pods/ns/a');
  expect(objectKey('', 'nodes', '', 'a')).toBe('core/nodes/a');
  expect(objectKey('apps', 'deployments', 'ns', 'a')).toBe('apps/deployments/ns/a');
});

test.each([
  ['', 'pods', '', 'core/pods/', 'core/pods0'],
  ['', 'pods', 'ns', 'core/pods/ns/', 'core/pods/ns0'],
  ['apps', 'deployments', '', 'apps/deployments/', 'apps/deployments0'],
])('All of %s/%s in "%s" lie between a prefix and its end', (group, resource, namespace, prefix, end) => {
  expect(resourcePrefix(group, resource, namespace)).toBe(prefix);
  if (namespace === '') expect(resourcePrefix(group, resource)).toBe(prefix);
  expect(prefixEnd(prefix)).toBe(end);
  const inside = objectKey(group, resource, namespace === '' ? 'any' : namespace, '\u{10ffff}');
  expect(inside >= prefix && inside < end).toBe(true);
  expect(`${resource}x` < end).toBe(false);
});
