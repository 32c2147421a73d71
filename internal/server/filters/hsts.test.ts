import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../testing.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(0, () => ({ status: 200, contentType: 'text/plain', body: 'ok' }), undefined, {
    hsts: ['max-age=31536000', 'includeSubDomains'],
  });
});
afterAll(() => server.close());

const PATH = '/api/v1/namespaces/ns/pods';

test('HSTS goes with every answer, refusals too', async () => {
  for (const path of [PATH, '/nowhere', '/livez']) {
    const { headers } = await server.call(path);
    expect(headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains');
  }
  expect((await server.call(PATH, { token: 'bad' })).headers['strict-transport-security']).toBeDefined();
});
