import { describe, expect, test } from 'vitest';
import { type AuthenticationResult, anonymousUser } from '../../auth/authenticator.js';
import { RequestMetrics } from '../metrics.js';
import { ann, incoming, chain, statusOf, verdict } from './testing.js';

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
    for (const value of ['Bearers x', 'Bearer x', 'Digest  bearer  x']) {
      const one = incoming({ headers: ['authorization', value] });
      expect((await chain({}, () => anonymousUser).serve(one)).reply.warnings ?? []).toEqual([]);
    }
  });

  test('asks once more about a token that is not here, when this replica has caught up, and about no other', async () => {
    const seen: string[] = [];
    const catchUp = (): Promise<void> => {
      seen.push('catch up');
      return Promise.resolve();
    };
    const answers = (...results: AuthenticationResult[]) => {
      seen.length = 0;
      return () => {
        seen.push('ask');
        return results.shift();
      };
    };
    expect(await statusOf(chain({ catchUp }, answers('missing', ann)).serve(incoming({})))).toBe(200);
    expect(seen).toEqual(['ask', 'catch up', 'ask']);
    expect(await statusOf(chain({ catchUp }, answers('missing', 'missing')).serve(incoming({})))).toBe(401);
    expect(seen).toEqual(['ask', 'catch up', 'ask']);
    for (const result of ['invalid', undefined] as const) {
      expect(await statusOf(chain({ catchUp }, answers(result, ann)).serve(incoming({})))).toBe(401);
      expect(seen).toEqual(['ask']);
    }
    expect(await statusOf(chain({}, answers('missing', ann)).serve(incoming({})))).toBe(401);
    expect(seen).toEqual(['ask']);
  });

  test('is counted by what it came to, with the time that it took', async () => {
    const metrics = new RequestMetrics(() => undefined);
    const shown = async (): Promise<number[]> => {
      const text = (await metrics.render()).toString();
      const of = (name: string, result: string): number =>
        Number(new RegExp(`^${name}\\{.*result="${result}".*\\} (\\S+)`, 'm').exec(text)?.[1] ?? 0);
      return ['success', 'failure'].flatMap((result) =>
        ['authentication_attempts', 'authentication_duration_seconds_count', 'authentication_duration_seconds_sum'].map(
          (name) => of(name, result),
        ),
      );
    };
    const before = await shown();
    const begun = performance.now();
    for (const result of ['invalid', ann, ann] as const) {
      await chain({ metrics }, () => result).serve(incoming({}));
    }
    const seconds = (performance.now() - begun) / 1000;
    const after = await shown();
    const [goodCount, goodTimes, goodTime = 0, badCount, badTimes, badTime = 0] = after.map(
      (value, i) => value - (before[i] ?? 0),
    );
    expect([goodCount, goodTimes, badCount, badTimes]).toEqual([2, 2, 1, 1]);
    expect(Math.max(goodTime, badTime)).toBeLessThan(seconds);
  });
});
