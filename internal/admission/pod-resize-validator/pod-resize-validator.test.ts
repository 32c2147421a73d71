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

test('Memory counts as the processor does, and both are told', async () => {
  const resources = (cpu: string, memory: string): JsonObject => ({ requests: { cpu, memory } });
  const of = (amounts: JsonObject): JsonObject => ({ name: 'c', image: 'i', resources: amounts });
  await rest.ok(
    201,
    'POST',
    `${NAMESPACE}/pods`,
    podOf('m', { nodeName: 'n', containers: [of(resources('1', '1Mi'))] }),
  );
  const patch = { spec: { containers: [of(resources('3', '1025Mi'))] } };
  expect((await rest.call('PATCH', `${NAMESPACE}/pods/m/resize`, patch, MERGE)).body['message']).toBe(
    `pods "m" is forbidden: node didn't have enough allocatable resources: cpu, requested: 3000, allocatable: 2000; memory, requested: 1074790400, allocatable: 1073741824`,
  );
});

test('What changes no spec is not looked at, whatever the node has become', async () => {
  await rest.ok(201, 'POST', `${NAMESPACE}/pods`, podOf('big', { nodeName: 'n', containers: [container('3')] }));
  const labels = { metadata: { labels: { a: 'b' } } };
  expect((await rest.call('PATCH', `${NAMESPACE}/pods/big/resize`, labels, MERGE)).status).toBe(200);
  expect((await rest.call('PATCH', `${NAMESPACE}/pods/big`, labels, MERGE)).status).toBe(200);
  // A pod that has no node yet is resized as it likes.
  await rest.ok(201, 'POST', `${NAMESPACE}/pods`, podOf('free', { containers: [container('1')] }));
  expect((await resize('free', '50')).status).toBe(200);
});

test('A node that does not say what it has, has nothing; one without a label is one of Linux', async () => {
  await rest.ok(201, 'POST', '/api/v1/nodes', { metadata: { name: 'bare' } });
  await rest.ok(201, 'POST', `${NAMESPACE}/pods`, podOf('on-bare', { nodeName: 'bare', containers: [container('1')] }));
  expect((await resize('on-bare', '2')).body).toMatchObject({
    message: `pods "on-bare" is forbidden: node didn't have enough allocatable resources: cpu, requested: 2000, allocatable: 0`,
  });
  expect((await resize('on-w', '2')).body).toMatchObject({ details: { causes: [{ reason: 'UnsupportedPlatform' }] } });
});
