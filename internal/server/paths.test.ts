import { expect, test } from 'vitest';
import type { ApiRequest, BytesReply } from '../rest/types.js';
import { createPaths, type PathParts } from './paths.js';

const parts = {
  health: {
    started: { checks: ['poststarthook/x'], failure: () => undefined },
    storeFailure: () => undefined,
    ready: () => true,
    shuttingDown: () => false,
  },
  groupPaths: () => ['/apis/apps', '/apis/apps/v1', '/apis'],
  flags: new Map([['name', 'r1']]),
  discovery: () => undefined,
  openApi: () => undefined,
  openId: { issuer: 'i', jwksUri: 'u', keys: [] },
  metrics: { render: () => Promise.resolve(Buffer.from('a_metric 1\n')) },
} as unknown as PathParts;
const paths = createPaths(parts);
const ask = async (path: string, query = ''): Promise<BytesReply> =>
  (await paths({
    path,
    method: 'GET',
    header: () => '',
    query: new URLSearchParams(query),
  } as unknown as ApiRequest)) as BytesReply;

test('the root lists every path once, by name', async () => {
  const { status, contentType, body } = await ask('/');
  expect([status, contentType]).toEqual([200, 'application/json']);
  expect((JSON.parse(String(body)) as { paths: string[] }).paths).toEqual([
    '/.well-known/openid-configuration',
    '/api',
    '/apis',
    '/apis/',
    '/apis/apps',
    '/apis/apps/v1',
    '/flagz',
    '/healthz',
    '/healthz/etcd',
    '/healthz/ping',
    '/healthz/poststarthook/x',
    '/livez',
    '/livez/etcd',
    '/livez/ping',
    '/metrics',
    '/metrics/slis',
    '/openapi/v2',
    '/openapi/v3',
    '/openapi/v3/',
    '/openid/v1/jwks',
    '/readyz',
    '/readyz/informer-sync',
    '/readyz/ping',
    '/readyz/poststarthook/storage-readiness',
    '/readyz/poststarthook/x',
    '/readyz/shutdown',
    '/statusz',
    '/version',
  ]);
});

test('each path has its page, and what is beside it is not there', async () => {
  expect((await ask('/metrics')).contentType).toContain('version=0.0.4');
  expect(String((await ask('/metrics')).body)).toBe('a_metric 1\n');
  for (const there of [
    '/version',
    '/version/',
    '/flagz',
    '/statusz',
    '/metrics/slis',
    '/livez',
    '/readyz',
    '/healthz',
  ]) {
    expect([there, (await ask(there)).status]).toEqual([there, 200]);
  }
  for (const missing of [
    '/versions',
    '/version/x',
    '/version/version',
    '//x',
    '/index.html/x',
    '/metrics/x',
    '/flagz/x',
    '/statusz/x',
    '/nothing',
    '/toString',
    '/api',
    '/swagger-ui',
  ]) {
    const { status, body } = await ask(missing);
    expect([missing, status, String(body)]).toEqual([missing, 404, '404 page not found\n']);
  }
});

test('a server that has nothing to warn of says so of no check', async () => {
  const lines = String((await ask('/readyz', 'verbose')).body).split('\n');
  expect(lines.filter((line) => !line.startsWith('[+]'))).toEqual(['readyz check passed', '']);
});
