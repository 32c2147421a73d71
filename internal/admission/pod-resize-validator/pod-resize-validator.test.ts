import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { MERGE, NAMESPACE, podOf } from '../testing/with-plugin.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
  for (const [name, os] of [
    ['n', 'linux'],
    ['w', 'windows'],
  ]) {
    await rest.ok(201, 'POST', '/api/v1/nodes', {
      metadata: { name: name ?? '', labels: { 'kubernetes.io/os': os ?? '' } },
      status: { allocatable: { cpu: '2', memory: '1Gi' } },
    });
  }
});
afterAll(() => rest.close());

const container = (cpu: string): JsonObject => ({ name: 'c', image: 'i', resources: { requests: { cpu } } });
const resize = (name: string, cpu: string) =>
  rest.call('PATCH', `${NAMESPACE}/pods/${name}/resize`, { spec: { containers: [container(cpu)] } }, MERGE);

test('A pod grows to what its node has, and no further', async () => {
  await rest.ok(201, 'POST', `${NAMESPACE}/pods`, podOf('p', { nodeName: 'n', containers: [container('1')] }));
  expect((await resize('p', '2')).status).toBe(200);
  expect(await resize('p', '2100m')).toMatchObject({
    status: 403,
    body: {
      message: `pods "p" is forbidden: node didn't have enough allocatable resources: cpu, requested: 2100, allocatable: 2000`,
      details: { causes: [{ reason: 'NodeCapacity' }] },
    },
  });
});

test('Only Linux nodes resize, and only nodes that are there', async () => {
  for (const nodeName of ['w', 'gone']) {
    await rest.ok(
      201,
      'POST',
      `${NAMESPACE}/pods`,
      podOf(`on-${nodeName}`, { nodeName, containers: [container('1')] }),
    );
  }
  expect((await resize('on-w', '2')).body['message']).toBe(
    'pods "on-w" is forbidden: pod resize is only supported on linux nodes, node "w" is "windows"',
  );
  expect((await resize('on-gone', '2')).body['message']).toBe('pods "on-gone" is forbidden: node "gone" not found');
});
