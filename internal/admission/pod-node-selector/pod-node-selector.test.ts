import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Rest } from '../../rest/write/testing/harness.js';
import { NAMESPACE, podOf, startWithPlugin } from '../testing/with-plugin.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startWithPlugin('PodNodeSelector', {
    podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: 'disk=hdd', default: 'disk=hdd,zone=a', other: '' },
  });
  const annotations = { 'scheduler.alpha.kubernetes.io/node-selector': 'team=red' };
  await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'red', annotations } });
  await rest.ok(201, 'POST', '/api/v1/namespaces/red/serviceaccounts', { metadata: { name: 'default' } });
});
afterAll(() => rest.close());

const selector = async (ns: string, nodeSelector: Record<string, string>): Promise<unknown> => {
  const made = await rest.ok(201, 'POST', `${ns}/pods?dryRun=All`, podOf('p', { nodeSelector }));
  return (made['spec'] as { nodeSelector?: unknown }).nodeSelector;
};

test("A pod gets the namespace's labels beside its own, or the cluster's", async () => {
  expect(await selector(NAMESPACE, { zone: 'a' })).toEqual({ disk: 'hdd', zone: 'a' });
  expect(await selector('/api/v1/namespaces/red', { zone: 'b' })).toEqual({ team: 'red', zone: 'b' });
});

test('What contradicts the namespace, or is not on its list, is refused', async () => {
  const refusal = async (nodeSelector: Record<string, string>): Promise<unknown> =>
    (await rest.ok(403, 'POST', `${NAMESPACE}/pods`, podOf('p', { nodeSelector })))['message'];
  expect(await refusal({ disk: 'ssd' })).toBe(
    'pods "p" is forbidden: pod node label selector conflicts with its namespace node label selector',
  );
  expect(await refusal({ zone: 'b' })).toBe(
    'pods "p" is forbidden: pod node label selector labels conflict with its namespace whitelist',
  );
});
