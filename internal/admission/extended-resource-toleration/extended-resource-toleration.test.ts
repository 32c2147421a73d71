import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Rest } from '../../rest/write/testing/harness.js';
import { NAMESPACE, podOf, startWithPlugin } from '../testing/with-plugin.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startWithPlugin('ExtendedResourceToleration');
});
afterAll(() => rest.close());

test('A pod tolerates the taints of the extended resources that it asks for, once each', async () => {
  const asking = (name: string, resource: string) => ({
    name,
    image: 'i',
    resources: { requests: { [resource]: '1', cpu: '1' }, limits: { [resource]: '1', cpu: '1' } },
  });
  const made = await rest.ok(
    201,
    'POST',
    `${NAMESPACE}/pods`,
    podOf('p', {
      containers: [asking('c', 'example.com/gpu'), asking('d', 'example.com/gpu')],
      initContainers: [asking('i', 'example.com/fpga')],
      tolerations: [{ key: 'example.com/gpu', operator: 'Exists', effect: 'NoSchedule', tolerationSeconds: null }],
    }),
  );
  const ofExample = ((made['spec'] as { tolerations: { key: string }[] }).tolerations ?? []).filter((t) =>
    t.key.startsWith('example.com/'),
  );
  expect(ofExample).toEqual([
    { key: 'example.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'example.com/fpga', operator: 'Exists', effect: 'NoSchedule' },
  ]);
});
