import { afterAll, beforeAll, expect, test } from 'vitest';
import { child, children } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(() => rest.close());

const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
const taints = async (name: string, given: JsonObject[]): Promise<JsonObject[]> =>
  children(
    child(await rest.ok(201, 'POST', '/api/v1/nodes', { metadata: { name }, spec: { taints: given } }), 'spec'),
    'taints',
  );

test('A new node is not ready, beside what it is tainted with, and says so once', async () => {
  expect(await taints('a', [])).toEqual([NOT_READY]);
  const own = { key: 'own', effect: 'NoSchedule' };
  expect(await taints('b', [own])).toEqual([own, NOT_READY]);
  expect(await taints('c', [NOT_READY])).toEqual([NOT_READY]);
  const evicts = { ...NOT_READY, effect: 'NoExecute' };
  expect(await taints('d', [evicts])).toEqual([evicts, NOT_READY]);
});

test('An update takes the taint away', async () => {
  const node = await rest.ok(200, 'GET', '/api/v1/nodes/a');
  const freed = await rest.ok(200, 'PUT', '/api/v1/nodes/a', { ...node, spec: {} });
  expect(children(child(freed, 'spec'), 'taints')).toEqual([]);
});
