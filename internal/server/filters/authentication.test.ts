import { describe, expect, test } from 'vitest';
import { anonymousUser } from '../../auth/authenticator.js';
import { incoming, chain, statusOf, verdict } from './testing.js';

describe('authentication', () => {
  test('takes no credentials for system:anonymous, unless nobody may be anonymous', async () => {
    const authorizer = verdict('noOpinion')();
    expect(await statusOf(chain({ authorizer }, () => anonymousUser).serve(incoming({})))).toBe(403);
    expect(await statusOf(chain({ authorizer }, () => undefined).serve(incoming({})))).toBe(401);
  });

  test('says so when blanks before the token hide it', async () => {
    const { reply } = await chain({}, () => anonymousUser).serve(incoming({ headers: ['authorization', 'Bearer  x'] }));
    expect(reply.warnings).toEqual([expect.stringContaining('extra space before the bearer token')]);
    const basic = incoming({ headers: ['authorization', 'Basic bearer  x'] });
    expect((await chain({}, () => anonymousUser).serve(basic)).reply.warnings ?? []).toEqual([]);
  });
});
