import { expect, test } from 'vitest';
import { alwaysAllow } from '../../auth/authorizers.js';
import { createChain } from '../chain.js';
import { inFlightLimit } from '../in-flight.js';
import { RequestMetrics } from '../metrics.js';

const ok = { status: 200, contentType: 'text/plain', body: 'ok' };

function setting(takesNoMore: () => boolean) {
  const chain = createChain({
    authenticator: { authenticate: () => ({ username: 'ann', uid: '', groups: [], extra: {} }) },
    authorizer: alwaysAllow,
    inFlight: inFlightLimit(10, 10),
    metrics: new RequestMetrics(() => undefined),
    requestTimeoutMs: 60_000,
    takesNoMore,
    hsts: ['max-age=1'],
    resources: () => ok,
    paths: () => ok,
  });
  return async (rawPath: string, headers: readonly string[] = []) => {
    const answer = await chain.serve({
      method: 'GET',
      rawPath,
      rawQuery: '',
      headers,
      peerCertificate: '',
      remoteAddress: () => '10.0.0.9',
      onAborted: () => undefined,
      readBody: () => Buffer.alloc(0),
      openBody: () => undefined,
    });
    return { ...answer.reply, added: answer.headers };
  };
}

test('a server that takes no more requests refuses them before anything else, and is watched over to its end', async () => {
  let takesNoMore = false;
  const get = setting(() => takesNoMore);
  expect((await get('/api/v1/namespaces')).status).toBe(200);
  takesNoMore = true;
  for (const path of ['/api/v1/namespaces', '/apis', '/', '/version', '/debug/pprof/']) {
    expect(await get(path), path).toMatchObject({
      status: 429,
      contentType: 'text/plain; charset=utf-8',
      headers: { Connection: 'close', 'Retry-After': '5' },
      body: 'The apiserver is shutting down, please try again later.\n',
      added: undefined,
    });
  }
  for (const path of ['/readyz', '/readyz/ping', '/livez', '/healthz', '/metrics']) {
    expect((await get(path)).status, path).toBe(200);
  }
  expect((await get('/api/v1/namespaces', ['user-agent', 'kube-apiserver/v1.36.0'])).status).toBe(200);
  expect((await get('/api/v1/namespaces', ['user-agent', 'kubectl/kube-apiserver/'])).status).toBe(429);
});
