import { afterAll, beforeAll, expect, test } from 'vitest';
import { meta, type Rest, startRest } from '../../rest/write/testing/harness.js';
import { NAMESPACE, podOf } from '../testing/with-plugin.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
  const labels = { 'topology.kubernetes.io/zone': 'a', 'topology.kubernetes.io/region': 'r', other: 'x' };
  await rest.ok(201, 'POST', '/api/v1/nodes', { metadata: { name: 'n', labels } });
});
afterAll(() => rest.close());

const PLACE = { 'topology.kubernetes.io/zone': 'a', 'topology.kubernetes.io/region': 'r' };

test('A pod that is bound gets zone and region of its node', async () => {
  await rest.ok(201, 'POST', `${NAMESPACE}/pods`, podOf('p'));
  const target = { kind: 'Node', name: 'n' };
  await rest.ok(201, 'POST', `${NAMESPACE}/pods/p/binding`, { metadata: { name: 'p' }, target });
  expect(meta(await rest.ok(200, 'GET', `${NAMESPACE}/pods/p`))['labels']).toEqual(PLACE);
});

test('So does one that is created on a node; a node that is not there gives nothing', async () => {
  expect(meta(await rest.ok(201, 'POST', `${NAMESPACE}/pods`, podOf('q', { nodeName: 'n' })))['labels']).toEqual(PLACE);
  expect(
    meta(await rest.ok(201, 'POST', `${NAMESPACE}/pods`, podOf('r', { nodeName: 'm' })))['labels'],
  ).toBeUndefined();
});

test('What the pod says of itself gives way to its node, and a binding to no node says nothing', async () => {
  const body = {
    ...podOf('s', { nodeName: 'n' }),
    metadata: { name: 's', labels: { ...PLACE, app: 'x', 'topology.kubernetes.io/zone': 'own' } },
  };
  expect(meta(await rest.ok(201, 'POST', `${NAMESPACE}/pods`, body))['labels']).toEqual({ ...PLACE, app: 'x' });
  await rest.ok(201, 'POST', `${NAMESPACE}/pods`, podOf('t'));
  expect(meta(await rest.ok(200, 'GET', `${NAMESPACE}/pods/t`))['labels']).toBeUndefined();
});
