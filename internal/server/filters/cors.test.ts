import { afterAll, beforeAll, expect, test } from 'vitest';
import { chain, incoming } from './testing.js';
import { startTestServer, type TestServer } from '../testing.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(0, () => ({ status: 200, contentType: 'text/plain', body: 'ok' }), undefined, {
    corsOrigins: ['//example\\.com(:|$)', '^https://b$'],
  });
});
afterAll(() => server.close());

const PATH = '/api/v1/namespaces/ns/pods';
const from = (origin: string, method = 'GET', token?: string) =>
  server.call(PATH, { method, headers: { origin }, ...(token === undefined ? {} : { token }) });

test('CORS lets pages of listed origins read the answer', async () => {
  for (const origin of ['https://example.com', 'http://example.com:8080', 'https://b']) {
    const { status, headers } = await from(origin);
    expect([status, headers['access-control-allow-origin'], headers['access-control-allow-credentials']]).toEqual([
      200,
      origin,
      'true',
    ]);
  }
});

test('CORS answers the question of a browser, before anybody has proved who they are', async () => {
  const { status, headers, body } = await from('https://example.com', 'OPTIONS', '');
  expect([status, body]).toEqual([204, '']);
  expect(headers['access-control-allow-methods']).toBe('POST, GET, OPTIONS, PUT, DELETE, PATCH');
  expect(headers['access-control-allow-headers']).toBe(
    'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since',
  );
  expect(headers['access-control-expose-headers']).toBe('Date');
});

test('CORS knows no other origin', async () => {
  for (const origin of ['https://example.com.evil.org', 'https://b.org', 'null', `https://${'a'.repeat(5000)}`]) {
    expect((await from(origin)).headers['access-control-allow-origin'], origin.slice(0, 40)).toBeUndefined();
    expect((await from(origin, 'OPTIONS', '')).status).not.toBe(204);
  }
});

test('CORS takes origins of up to 1024 characters', async () => {
  const asked = async (length: number, method = 'GET') =>
    chain({ corsOrigins: ['^https://a+$'] }).serve(
      incoming({ method, headers: ['origin', `https://${'a'.repeat(length - 8)}`] }),
    );
  const names = async (length: number) => ((await asked(length)).headers ?? []).map(([name]) => name);
  expect(await names(1024)).toEqual([
    'Access-Control-Allow-Origin',
    'Access-Control-Allow-Methods',
    'Access-Control-Allow-Headers',
    'Access-Control-Expose-Headers',
    'Access-Control-Allow-Credentials',
  ]);
  expect(await names(1025)).toEqual([]);
  expect((await asked(1024, 'OPTIONS')).reply).toEqual({ status: 204, contentType: '', body: '' });
});
