import { expect, test } from 'vitest';
import { mutating } from './mutating.js';
import { containersOf, isOfPods } from './of-pods.js';
import { attributesOf, contextOf } from './testing/attributes.js';

test('a plugin that changes objects is asked about its operations, and changes its resources, not their subresources', async () => {
  const changed: string[] = [];
  const note = (group: string, resource: string) => ({
    group,
    resource,
    change: () => void changed.push(`${group}/${resource}`),
  });
  const plugin = mutating('P', ['CREATE', 'DELETE'], note('', 'pods'), note('apps', 'pods'), note('', 'nodes'));
  expect(plugin.name).toBe('P');
  expect((['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const).filter((o) => plugin.handles(o))).toEqual([
    'CREATE',
    'DELETE',
  ]);
  const asked = async (...[resource, more]: Parameters<typeof attributesOf>): Promise<string[]> => {
    changed.length = 0;
    await plugin.admit?.(contextOf(), attributesOf(resource, more));
    return [...changed];
  };
  expect(await asked('pods')).toEqual(['/pods']);
  expect(await asked('nodes')).toEqual(['/nodes']);
  expect(await asked('secrets')).toEqual([]);
  expect(await asked('pods', { subresource: 'status' })).toEqual([]);
  expect(await asked('pods', { object: undefined })).toEqual([]);
});

test('pods are those of the core group, and their containers come in the order of kube-apiserver', () => {
  const { def } = attributesOf('pods');
  expect(isOfPods(attributesOf('pods'))).toBe(true);
  expect(isOfPods(attributesOf('pods', { subresource: 'status' }))).toBe(false);
  expect(isOfPods(attributesOf('pods', { subresource: 'status' }), 'status')).toBe(true);
  expect(isOfPods(attributesOf('pods'), 'status')).toBe(false);
  expect(isOfPods(attributesOf('nodes'))).toBe(false);
  expect(isOfPods(attributesOf('pods', { def: { ...def, group: 'metrics.k8s.io' } }))).toBe(false);
  const spec = { containers: [{ name: 'c' }], ephemeralContainers: [{ name: 'e' }], initContainers: [{ name: 'i' }] };
  expect(containersOf({ spec }).map((c) => c['name'])).toEqual(['i', 'c', 'e']);
  expect(containersOf(undefined)).toEqual([]);
});
