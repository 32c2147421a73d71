import { describe, expect, test } from 'vitest';
import type { Reply } from '../../rest/types.js';
import { inFlightLimit } from '../in-flight.js';
import { ok, incoming, chain, statusOf, messageOf } from './testing.js';

describe('deadlines', () => {
  const never = () => new Promise<Reply>(() => undefined);

  test('a request that takes too long is 504 and gives its place back', async () => {
    const inFlight = inFlightLimit(1, 1);
    const slow = chain({ inFlight, resources: never, requestTimeoutMs: 50 });
    const answer = slow.serve(incoming({}));
    expect(await statusOf(answer)).toBe(504);
    expect(await messageOf(answer)).toBe('Timeout: request did not complete within the allotted timeout');
    expect(inFlight.readOnly).toBe(0);
  });

  test('the query may ask for less time, in a form that can be read', async () => {
    const slow = chain({ resources: never });
    expect(await statusOf(slow.serve(incoming({ target: '/api/v1/pods?timeout=50ms' })))).toBe(504);
    const bad = slow.serve(incoming({ target: '/api/v1/pods?timeout=soon' }));
    expect(await messageOf(bad)).toBe('invalid timeout specified in the request URL - time: invalid duration "soon"');
  });

  test('a body that does not come is given up', async () => {
    const slow = chain({ requestTimeoutMs: 50 });
    const readBody = (): Promise<Buffer> => new Promise(() => undefined);
    expect(await statusOf(slow.serve(incoming({ method: 'POST', readBody })))).toBe(504);
  });

  test('a watch has none', async () => {
    let finish: (reply: Reply) => void = () => undefined;
    const resources = () =>
      new Promise<Reply>((resolve) => {
        finish = resolve;
      });
    const served = chain({ resources, requestTimeoutMs: 1 });
    const answer = served.serve(incoming({ target: '/api/v1/pods?watch=1' }));
    const finishWatch = finish;
    // What came after it has run out of time.
    expect(await statusOf(served.serve(incoming({ target: '/api/v1/pods' })))).toBe(504);
    finishWatch(ok);
    expect(await statusOf(answer)).toBe(200);
  });
});
