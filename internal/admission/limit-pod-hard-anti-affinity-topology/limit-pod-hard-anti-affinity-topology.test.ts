import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import type { Rest } from '../../rest/write/testing/harness.js';
import { NAMESPACE, podOf, startWithPlugin } from '../testing/with-plugin.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startWithPlugin('LimitPodHardAntiAffinityTopology');
});
afterAll(() => rest.close());

const away = (name: string, topologyKey: string): JsonObject =>
  podOf(name, {
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: { a: 'b' } } }],
      },
    },
  });

test('A pod may keep others off its node, not out of its zone', async () => {
  await rest.ok(201, 'POST', `${NAMESPACE}/pods`, away('p', 'kubernetes.io/hostname'));
  const refused = await rest.ok(403, 'POST', `${NAMESPACE}/pods`, away('q', 'topology.kubernetes.io/zone'));
  expect(refused['message']).toBe(
    'pods "q" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey topology.kubernetes.io/zone but only key kubernetes.io/hostname is allowed',
  );
});

test('What is wished for, and what is no pod, may name any topology', async () => {
  const weighed = { weight: 1, podAffinityTerm: { topologyKey: 'zone', labelSelector: { matchLabels: { a: 'b' } } } };
  const podAntiAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [weighed] };
  await rest.ok(201, 'POST', `${NAMESPACE}/pods`, podOf('r', { affinity: { podAntiAffinity } }));
  const { spec } = away('t', 'topology.kubernetes.io/zone');
  await rest.ok(201, 'POST', `${NAMESPACE}/podtemplates`, { metadata: { name: 't' }, template: { spec: spec ?? {} } });
});
