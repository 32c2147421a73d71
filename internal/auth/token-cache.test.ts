import { expect, test } from 'vitest';
import { CACHED_TOKENS, cachedTokens, type TokenAnswer } from './token-cache.js';
import { credentials, user } from './testing.js';

function cache(answer: (token: string) => TokenAnswer | Promise<TokenAnswer>, hitMs = 1000, missMs = 100) {
  const asked: string[] = [];
  const clock = { now: 0 };
  const authenticator = cachedTokens(
    async (token, audiences) => {
      asked.push([token, ...(audiences ?? [])].join(' '));
      return answer(token);
    },
    { hitMs, missMs, now: () => clock.now },
  );
  const ask = async (token: string, audiences?: readonly string[]) =>
    authenticator.authenticate(credentials({ token, ...(audiences === undefined ? {} : { audiences }) }));
  return { asked, clock, ask };
}

test('an answer is remembered for its time, a refusal for its own', async () => {
  const { asked, clock, ask } = cache((token) => ({ result: token === 'good' ? user('ann') : 'invalid' }));
  expect([await ask('good'), await ask('good'), await ask('bad'), await ask('bad')]).toEqual([
    user('ann'),
    user('ann'),
    'invalid',
    'invalid',
  ]);
  expect(asked).toEqual(['good', 'bad']);
  clock.now = 100;
  await ask('good');
  await ask('bad');
  expect(asked).toEqual(['good', 'bad', 'bad']);
  clock.now = 1000;
  await ask('good');
  expect(asked).toEqual(['good', 'bad', 'bad', 'good']);
});

test('no user is remembered for longer than the token is good', async () => {
  const { asked, clock, ask } = cache(() => ({ result: user('ann'), until: 10 }));
  await ask('t');
  clock.now = 10;
  await ask('t');
  expect(asked).toHaveLength(2);
});

test('audiences are asked about apart, and a question under way is not asked twice', async () => {
  const { asked, ask } = cache(() => ({ result: user('ann') }));
  await Promise.all([ask('t'), ask('t'), ask('t', ['a']), ask('t', ['a', 'b'])]);
  expect(asked).toEqual(['t', 't a', 't a b']);
});

test('a failure refuses, and is not remembered', async () => {
  let failing = true;
  const { ask } = cache(() => {
    if (failing) throw new Error('nobody answers');
    return { result: user('ann') };
  });
  expect(await ask('t')).toBe('invalid');
  failing = false;
  expect(await ask('t')).toEqual(user('ann'));
});

test('10,000 tokens take no more memory than the bound', async () => {
  const { asked, ask } = cache(() => ({ result: user('ann') }));
  for (let i = 0; i < 10_000; i++) await ask(`token-${i}`);
  expect(asked).toHaveLength(10_000);
  await ask('token-9999');
  await ask(`token-${10_000 - CACHED_TOKENS}`);
  expect(asked).toHaveLength(10_000);
  await ask(`token-${10_000 - CACHED_TOKENS - 1}`);
  expect(asked).toHaveLength(10_001);
});
