import { expect, test } from 'vitest';
import type { Reply } from '../../rest/types.js';
import { inFlightLimit } from '../in-flight.js';
import { RequestMetrics } from '../metrics.js';
import { incoming, chain, statusOf } from './testing.js';

test('the limit on requests in flight counts who acts, and masters are exempt', async () => {
  const full = inFlightLimit(1, 1);
  const busy = chain({ inFlight: full, resources: () => new Promise<Reply>(() => undefined) });
  void busy.serve(incoming({}));
  const metrics = new RequestMetrics(() => undefined);
  const next = chain({ inFlight: full, metrics });
  expect((await next.serve(incoming({}))).reply).toEqual({
    status: 429,
    contentType: 'text/plain; charset=utf-8',
    headers: { 'Retry-After': '1', 'X-Content-Type-Options': 'nosniff' },
    body: 'Too many requests, please try again later.\n',
  });
  const asMaster = ['impersonate-user', 'bob', 'impersonate-group', 'system:masters'];
  expect(await statusOf(next.serve(incoming({ headers: asMaster })))).toBe(200);
  // Who was turned away is told from who was served.
  const counted = /^apiserver_request_terminations_total\{code="429".* 1$/m;
  expect((await metrics.render()).toString()).toMatch(counted);
});
