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

test.each(['kubernetes.io/batch-cpu', 'sub.kubernetes.io/gpu', 'hugepages-2Mi', 'requests.example.com/gpu'])(
  'What is called %s is no extended resource, and needs no toleration',
  async (resource) => {
    const amounts = { [resource]: '2Mi', cpu: '1' };
    const containers = [{ name: 'c', image: 'i', resources: { requests: amounts, limits: amounts } }];
    const { body } = await rest.call('POST', `${NAMESPACE}/pods?dryRun=All`, podOf('q', { containers }));
    expect(JSON.stringify(body['spec'] ?? {})).not.toContain(`"key":"${resource}"`);
  },
);

test('A toleration of the same name for something else stays beside it', async () => {
  const containers = [{ name: 'c', image: 'i', resources: { limits: { 'example.com/gpu': '1' } } }];
  const others = [
    { key: 'example.com/gpu', operator: 'Exists', effect: 'NoExecute' },
    { key: 'example.com/gpu', operator: 'Equal', value: 'a', effect: 'NoSchedule' },
  ];
  const made = await rest.ok(201, 'POST', `${NAMESPACE}/pods`, podOf('r', { containers, tolerations: others }));
  expect((made['spec'] as { tolerations: unknown[] }).tolerations).toEqual(
    expect.arrayContaining([...others, { key: 'example.com/gpu', operator: 'Exists', effect: 'NoSchedule' }]),
  );
});

test('One that is there with a time is put in order', async () => {
  const containers = [{ name: 'c', image: 'i', resources: { limits: { 'example.com/gpu': '1' } } }];
  const own = { key: 'example.com/gpu', operator: 'Exists', effect: 'NoSchedule', tolerationSeconds: 3 };
  const { body } = await rest.call('POST', `${NAMESPACE}/pods`, podOf('s', { containers, tolerations: [own] }));
  expect((body['spec'] as { tolerations: { key: string }[] }).tolerations.filter((t) => t.key === own.key)).toEqual([
    { key: 'example.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
  ]);
});
