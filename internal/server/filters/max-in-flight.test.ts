import { expect, test } from 'vitest';
import type { Reply } from '../../rest/types.js';
import { inFlightLimit } from '../in-flight.js';
import { incoming, chain, statusOf } from './testing.js';

test('the limit on requests in flight counts who acts, and masters are exempt', async () => {
  const full = inFlightLimit(1, 1);
  const busy = chain({ inFlight: full, resources: () => new Promise<Reply>(() => undefined) });
  void busy.serve(incoming({}));
  const next = chain({ inFlight: full });
  expect(await statusOf(next.serve(incoming({})))).toBe(429);
  const asMaster = ['impersonate-user', 'bob', 'impersonate-group', 'system:masters'];
  expect(await statusOf(next.serve(incoming({ headers: asMaster })))).toBe(200);
});
