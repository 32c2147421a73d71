import { afterAll, beforeAll, expect, test } from 'vitest';
import { child, children } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';

const PODS = '/api/v1/namespaces/default/pods';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
  await rest.ok(201, 'POST', '/apis/node.k8s.io/v1/runtimeclasses', {
    metadata: { name: 'sandbox' },
    handler: 'sandbox',
    overhead: { podFixed: { memory: '64Mi' } },
    scheduling: {
      nodeSelector: { runtime: 'sandbox' },
      tolerations: [{ key: 'sandbox', operator: 'Exists', effect: 'NoSchedule' }],
    },
  });
});
afterAll(() => rest.close());

const body = (name: string, spec: JsonObject): JsonObject => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }], runtimeClassName: 'sandbox', ...spec },
});

test('A pod takes the overhead and the placement of its class, beside its own', async () => {
  const own = { key: 'mine', operator: 'Exists', effect: 'NoSchedule' };
  const made = await rest.ok(201, 'POST', PODS, body('a', { nodeSelector: { zone: 'z' }, tolerations: [own] }));
  expect(made).toMatchObject({
    spec: { overhead: { memory: '64Mi' }, nodeSelector: { zone: 'z', runtime: 'sandbox' } },
  });
  expect(children(child(made, 'spec'), 'tolerations').map((t) => t['key'])).toEqual([
    'mine',
    'node.kubernetes.io/not-ready',
    'node.kubernetes.io/unreachable',
    'sandbox',
  ]);
});

test('A toleration that the pod has already is not added', async () => {
  const own = { key: 'sandbox', operator: 'Exists', effect: 'NoSchedule' };
  const made = await rest.ok(201, 'POST', PODS, body('b', { tolerations: [own] }));
  expect(children(child(made, 'spec'), 'tolerations').filter((t) => t['key'] === 'sandbox')).toHaveLength(1);
});

test('A class that does not exist, another overhead and another placement are refused', async () => {
  expect(await rest.ok(403, 'POST', PODS, body('c', { runtimeClassName: 'none' }))).toMatchObject({
    message: 'pods "c" is forbidden: pod rejected: RuntimeClass "none" not found',
  });
  expect(await rest.ok(403, 'POST', PODS, body('c', { overhead: { memory: '1Mi' } }))).toMatchObject({
    message: `pods "c" is forbidden: pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead`,
  });
  expect(await rest.ok(403, 'POST', PODS, body('c', { nodeSelector: { runtime: 'other' } }))).toMatchObject({
    message:
      'pods "c" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[runtime] = sandbox; pod.spec.nodeSelector[runtime] = other',
  });
  await rest.ok(201, 'POST', '/apis/node.k8s.io/v1/runtimeclasses', { metadata: { name: 'plain' }, handler: 'plain' });
  for (const more of [{ runtimeClassName: 'plain' }, { runtimeClassName: null }]) {
    expect(await rest.ok(403, 'POST', PODS, body('c', { ...more, overhead: { memory: '1Mi' } }))).toMatchObject({
      message:
        'pods "c" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    });
  }
  await rest.ok(201, 'POST', PODS, body('c', { overhead: { memory: '64Mi' }, nodeSelector: { runtime: 'sandbox' } }));
});
