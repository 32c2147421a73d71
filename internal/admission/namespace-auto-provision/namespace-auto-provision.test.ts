import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { admissionChain } from '../plugins.js';

let rest: Rest;
beforeAll(async () => {
  const createNamespace = async (name: string): Promise<void> => {
    await rest.call('POST', '/api/v1/namespaces', { metadata: { name } });
  };
  const admission = admissionChain({ enable: ['NamespaceAutoProvision'], createNamespace });
  rest = await startRest(1, { admission });
});
afterAll(() => rest.close());

const body = { metadata: { name: 'a' } };

test('what is created makes its namespace, and is in it', async () => {
  await rest.ok(201, 'POST', '/api/v1/namespaces/new/configmaps', body);
  expect(await rest.ok(200, 'GET', '/api/v1/namespaces/new')).toMatchObject({ status: { phase: 'Active' } });
  await rest.ok(201, 'POST', '/api/v1/namespaces/new/configmaps', { metadata: { name: 'b' } });
});

test('a dry run, a change, and what is in no namespace make none', async () => {
  await rest.ok(404, 'POST', '/api/v1/namespaces/dry/configmaps?dryRun=All', body);
  await rest.ok(404, 'GET', '/api/v1/namespaces/dry');
  await rest.ok(404, 'DELETE', '/api/v1/namespaces/gone/configmaps/a');
  await rest.ok(404, 'GET', '/api/v1/namespaces/gone');
  await rest.ok(201, 'POST', '/api/v1/nodes', { metadata: { name: 'n' } });
});

test('a namespace that cannot be is told with the refusal', async () => {
  const refused = await rest.call('POST', '/api/v1/namespaces/Not_A_Name/configmaps', body);
  expect([403, 404, 422]).toContain(refused.status);
  await rest.ok(404, 'GET', '/api/v1/namespaces/Not_A_Name');
});
