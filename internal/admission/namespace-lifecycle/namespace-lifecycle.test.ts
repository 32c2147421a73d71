import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { Spy } from '../testing/spy.js';

const spy = new Spy();
let rest: Rest;
beforeAll(async () => {
  rest = await startRest(1, { admission: spy.chain });
});
afterEach(() => {
  spy.reset();
});
afterAll(() => rest.close());

const configMaps = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`;
const cm = (name: string) => ({ metadata: { name } });
const making = (name: string) => rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name } });
const TERMINATING = {
  reason: 'Forbidden',
  details: {
    name: 'late',
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: 'namespace going is being terminated',
        field: 'metadata.namespace',
      },
    ],
  },
};

test('Nothing is created in a namespace that does not exist', async () => {
  expect(await rest.ok(404, 'POST', configMaps('none'), cm('a'))).toMatchObject({
    message: 'namespaces "none" not found',
  });
});

test('Nothing is created in a namespace that is being terminated, but what is there can change and go', async () => {
  await making('going');
  await rest.ok(201, 'POST', configMaps('going'), cm('there'));
  await rest.ok(200, 'DELETE', '/api/v1/namespaces/going');
  const refused = await rest.ok(403, 'POST', configMaps('going'), cm('late'));
  expect(refused).toMatchObject(TERMINATING);
  expect(refused['message']).toBe(
    'configmaps "late" is forbidden: unable to create new content in namespace going because it is being terminated',
  );
  await rest.ok(200, 'PUT', `${configMaps('going')}/there`, { ...cm('there'), data: { a: '1' } });
  await rest.ok(200, 'DELETE', `${configMaps('going')}/there`);
});

test('A namespace that begins to be terminated between the decision and the write gets nothing new', async () => {
  await making('racing');
  spy.onValidate = (_ctx, a) => {
    if (a.operation !== 'CREATE' || a.def.resource !== 'configmaps') return undefined;
    return rest.call('DELETE', '/api/v1/namespaces/racing').then(() => undefined);
  };
  await rest.ok(403, 'POST', configMaps('racing'), cm('late'));
});

test('The namespaces that a cluster lives in cannot be deleted; others can, and one that is not there is not found', async () => {
  for (const name of ['default', 'kube-system']) {
    expect(await rest.ok(403, 'DELETE', `/api/v1/namespaces/${name}`)).toMatchObject({
      message: `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    });
  }
  await rest.ok(404, 'DELETE', '/api/v1/namespaces/kube-public');
  await rest.ok(200, 'DELETE', '/api/v1/namespaces/other');
});
