import { afterAll, beforeAll, expect, test } from 'vitest';
import { child, children } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { admissionChain } from '../plugins.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(() => rest.close());

const lost = (key: string): JsonObject => ({
  key: `node.kubernetes.io/${key}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300,
});
let pods = 0;
async function tolerations(given: JsonObject[]): Promise<JsonObject[]> {
  const spec = { containers: [{ name: 'c', image: 'i' }], tolerations: given };
  const body = { metadata: { name: `p${++pods}` }, spec };
  const made = await rest.ok(201, 'POST', '/api/v1/namespaces/default/pods', body);
  return children(child(made, 'spec'), 'tolerations');
}

test('A pod stays five minutes on a node that is not ready or cannot be reached', async () => {
  expect(await tolerations([])).toEqual([lost('not-ready'), lost('unreachable')]);
});

test('What a pod says of one of them stands, and the other is added behind it', async () => {
  const own = { ...lost('unreachable'), tolerationSeconds: 5 };
  expect(await tolerations([own])).toEqual([own, lost('not-ready')]);
  const always = { key: 'node.kubernetes.io/not-ready', operator: 'Exists' };
  expect(await tolerations([always])).toEqual([always, lost('unreachable')]);
});

test('A pod that tolerates everything needs nothing more', async () => {
  for (const all of [{ operator: 'Exists' }, { operator: 'Exists', effect: 'NoExecute' }]) {
    expect(await tolerations([all])).toEqual([all]);
  }
});

test('Tolerations of other effects or keys do not count', async () => {
  const others = [
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'other', operator: 'Exists', effect: 'NoExecute' },
  ];
  expect(await tolerations(others)).toEqual([...others, lost('not-ready'), lost('unreachable')]);
});

test('Flags say how long', async () => {
  const admission = admissionChain({ tolerationSeconds: { notReady: 20, unreachable: 0 } });
  const own = await startRest(1, { admission });
  const spec = { containers: [{ name: 'c', image: 'i' }] };
  const made = await own.ok(201, 'POST', '/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec });
  const seconds = children(child(made, 'spec'), 'tolerations').map((t) => t['tolerationSeconds']);
  expect(seconds).toEqual([20, 0]);
  await own.close();
});

test('A pod that is updated keeps tolerating both', async () => {
  const made = await rest.ok(201, 'POST', '/api/v1/namespaces/default/pods', {
    metadata: { name: 'kept' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  const spec = { ...child(made, 'spec') };
  delete spec['tolerations'];
  const kept = await rest.ok(200, 'PUT', '/api/v1/namespaces/default/pods/kept', { ...made, spec });
  expect(children(child(kept, 'spec'), 'tolerations')).toEqual([lost('not-ready'), lost('unreachable')]);
});
