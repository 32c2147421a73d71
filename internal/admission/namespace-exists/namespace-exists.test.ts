import { expect, test } from 'vitest';
import { startRest } from '../../rest/write/testing/harness.js';
import { admissionChain } from '../plugins.js';

test('What is written needs its namespace, also without NamespaceLifecycle', async () => {
  const admission = admissionChain({ enable: ['NamespaceExists'], disable: ['NamespaceLifecycle'] });
  const rest = await startRest(1, { admission });
  try {
    const body = { metadata: { name: 'a' } };
    await rest.ok(201, 'POST', '/api/v1/namespaces/default/configmaps', body);
    expect(await rest.ok(404, 'POST', '/api/v1/namespaces/none/configmaps', body)).toMatchObject({
      message: 'namespaces "none" not found',
    });
    await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'none' } });
    await rest.ok(201, 'POST', '/api/v1/namespaces/none/configmaps', body);
  } finally {
    await rest.close();
  }
});

test('What is in no namespace, and a namespace itself, need none', async () => {
  const admission = admissionChain({ enable: ['NamespaceExists'], disable: ['NamespaceLifecycle'] });
  const rest = await startRest(1, { admission });
  try {
    await rest.ok(201, 'POST', '/api/v1/nodes', { metadata: { name: 'n' } });
    await rest.ok(201, 'POST', '/api/v1/namespaces', { metadata: { name: 'new' } });
    await rest.ok(200, 'DELETE', '/api/v1/nodes/n');
  } finally {
    await rest.close();
  }
});
