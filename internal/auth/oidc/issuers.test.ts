import { expect, test } from 'vitest';
import { credentials, user } from '../testing.js';
import type { Credentials } from '../authenticator.js';
import type { OidcAuthenticator } from './authenticator.js';
import { JwtIssuers } from './issuers.js';
import type { JwtAuthenticatorConfig } from './types.js';

/** An authenticator that knows one token, and is ready or never. */
function known(token: string, isReady: boolean): OidcAuthenticator & { stopped: boolean } {
  const made = {
    stopped: false,
    ready: isReady ? Promise.resolve() : new Promise<void>(() => undefined),
    stop: () => void (made.stopped = true),
    authenticate: (brought: Credentials) =>
      brought.header('authorization') === `Bearer ${token}` ? user(token) : undefined,
  };
  return made;
}

test('a new set of issuers takes the place of the old one once all of it is ready', async () => {
  const [a, b, c] = [known('a', true), known('b', true), known('c', false)];
  const byName: Record<string, OidcAuthenticator> = { a, b, c };
  const config = (url: string) => ({ issuer: { url } }) as JwtAuthenticatorConfig;
  const issuers = new JwtIssuers([config('a')], ({ issuer }) => byName[issuer.url] ?? a);
  const ask = (token: string) => issuers.authenticate(credentials({ token }));
  expect([ask('a'), ask('b')]).toEqual([user('a'), undefined]);
  await expect(issuers.replace([config('b'), config('c')], 10)).rejects.toThrow('within 10 ms');
  expect([ask('a'), ask('b')]).toEqual([user('a'), undefined]);
  expect([a.stopped, b.stopped, c.stopped]).toEqual([false, true, true]);
  await issuers.replace([config('b')]);
  expect([ask('a'), ask('b')]).toEqual([undefined, user('b')]);
  expect(a.stopped).toBe(true);
});
