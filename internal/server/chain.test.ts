import { describe, expect, test } from 'vitest';
import type { AuthenticationResult } from '../auth/authenticator.js';
import { alwaysAllow } from '../auth/authorizers.js';
import { createChain } from './chain.js';
import type { IncomingRequest } from './http-listener.js';
import { inFlightLimit } from './in-flight.js';
import { RequestMetrics } from './metrics.js';

const incoming: IncomingRequest = {
  method: 'GET',
  rawPath: '/version',
  rawQuery: '',
  headers: [],
  peerCertificate: '',
  onAborted: () => undefined,
  readBody: () => Buffer.alloc(0),
  openBody: () => undefined,
  remoteAddress: () => '127.0.0.1',
};

/** The chain of a replica that learns only by catching up what another one knows already. */
async function serve(known: () => AuthenticationResult, catchUp: () => Promise<void>): Promise<number> {
  const chain = createChain({
    authenticator: { authenticate: known },
    catchUp,
    authorizer: alwaysAllow,
    requestTimeoutMs: 60_000,
    inFlight: inFlightLimit(10, 10),
    metrics: new RequestMetrics(() => undefined),
    resources: () => ({ status: 500, contentType: '', body: '' }),
    paths: () => ({ status: 200, contentType: 'text/plain', body: 'ok' }),
  });
  return (await chain.serve(incoming)).reply.status;
}

describe('credentials that depend on what is not here', () => {
  const user = { username: 'system:serviceaccount:a:b', uid: '', groups: [], extra: {} };

  test('are good when it was only not here yet', async () => {
    let applied = false;
    const caughtUp = (): Promise<void> => {
      applied = true;
      return Promise.resolve();
    };
    expect(await serve(() => (applied ? user : 'missing'), caughtUp)).toBe(200);
  });

  test('are refused when it is not there, and nobody waits twice', async () => {
    let asked = 0;
    const count = (): Promise<void> => {
      asked++;
      return Promise.resolve();
    };
    expect(await serve(() => 'missing', count)).toBe(401);
    expect(asked).toBe(1);
  });
});
