import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Callout } from '../../callout/index.js';
import type { AuthenticationResult } from '../authenticator.js';
import { credentials } from '../testing.js';
import { type OidcAuthenticator, oidcAuthenticator } from './authenticator.js';
import { claimsExpression } from './expressions.js';
import type { IssuerKeysOptions } from './issuer-keys.js';
import { startIssuer, type TestIssuer } from './testing.js';
import { type JwtAuthenticatorConfig, SIGNING_ALGS } from './types.js';

const NOW = 1_700_000_000;
const callout = new Callout();
let nowMs = NOW * 1000;
let issuer: TestIssuer;
let who: OidcAuthenticator;
const ask = async (token: string): Promise<AuthenticationResult> => who.authenticate(credentials({ token }));
const good = { sub: 'ann', aud: 'api', exp: NOW + 60 };

const configOf = (
  { url, ca }: TestIssuer,
  signingAlgs = SIGNING_ALGS,
  claimRules: JwtAuthenticatorConfig['claimRules'] = [],
): JwtAuthenticatorConfig => ({
  issuer: { url, discoveryUrl: '', certificateAuthority: ca, audiences: ['api'], signingAlgs },
  claimRules,
  username: { claim: 'sub', prefix: '' },
  groups: undefined,
  uid: undefined,
  extra: [],
  userRules: [],
});

function authenticatorFor(
  by: TestIssuer,
  signingAlgs = SIGNING_ALGS,
  fetched?: IssuerKeysOptions['fetched'],
): OidcAuthenticator {
  return oidcAuthenticator(configOf(by, signingAlgs), {
    callout,
    now: () => nowMs,
    ...(fetched === undefined ? {} : { fetched }),
  });
}

beforeAll(async () => {
  issuer = await startIssuer();
  who = authenticatorFor(issuer);
  await who.ready;
});
afterAll(async () => {
  who.stop();
  callout.close();
  await issuer.close();
});

test('a token of the issuer is its user, and is verified once', async () => {
  const token = await issuer.token(good);
  expect(await ask(token)).toMatchObject({ username: 'ann', groups: ['system:authenticated'] });
  expect(who.authenticate(credentials({ token }))).not.toBeInstanceOf(Promise);
});

test('it may say as much as the headers of a request hold', async () => {
  const groups = Array.from({ length: 3_000 }, (_, i) => `team-${i}`);
  const token = await issuer.token({ ...good, groups });
  expect(token.length).toBeGreaterThan(40_000);
  expect(await ask(token)).toMatchObject({ username: 'ann' });
});

test('it stops at its end, also when it was just taken', async () => {
  const token = await issuer.token({ ...good, sub: 'short', exp: NOW + 1 });
  expect(await ask(token)).toMatchObject({ username: 'short' });
  nowMs += 1001;
  expect(await ask(token)).toBe('invalid');
  nowMs = NOW * 1000;
});

test('of an issuer with very many keys the first hundred are used', async () => {
  const many = await startIssuer();
  const other = await exportJWK((await generateKeyPair('ES256', { extractable: true })).publicKey);
  for (const [ahead, user] of [
    [98, { username: 'ann' }],
    [100, 'invalid'],
  ] as const) {
    many.before = Array.from({ length: ahead }, () => ({ ...other, alg: 'ES256', use: 'sig' }));
    many.withoutKeyIds = true;
    const one = authenticatorFor(many);
    await one.ready;
    const token = await many.token(good, { kid: undefined });
    const found = await one.authenticate(credentials({ token }));
    if (typeof user === 'string') expect(found).toBe(user);
    else expect(found).toMatchObject(user);
    one.stop();
  }
  await many.close();
});

test('expressions over the claims of many tokens that come at once are evaluated in turns', async () => {
  const rule = claimsExpression("claims.groups.all(g, claims.groups.all(h, h == g || h != g + 'x'))", true);
  if (typeof rule === 'string') throw new Error(rule);
  const slow = oidcAuthenticator(configOf(issuer, SIGNING_ALGS, [{ ...rule, message: '' }]), {
    callout,
    now: () => nowMs,
  });
  await slow.ready;
  const groups = Array.from({ length: 150 }, (_, i) => `g${i}`);
  const tokens = await Promise.all(
    Array.from({ length: 64 }, (_, i) => issuer.token({ ...good, jti: `${i}`, groups })),
  );
  let [longest, before, over] = [0, process.cpuUsage().user, false];
  const turn = (): void => {
    const now = process.cpuUsage().user;
    longest = Math.max(longest, now - before);
    before = now;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  const began = process.cpuUsage().user;
  const found = await Promise.all(tokens.map(async (token) => slow.authenticate(credentials({ token }))));
  const all = process.cpuUsage().user - began;
  over = true;
  slow.stop();
  expect(found.every((user) => typeof user === 'object' && user.username === 'ann')).toBe(true);
  // One after the other in one turn they would be nearly all of it.
  expect(longest).toBeLessThan(all / 4);
});

describe('a token is refused', () => {
  test('for other audiences, or out of its time', async () => {
    expect(await ask(await issuer.token({ ...good, aud: 'vault' }))).toBe('invalid');
    expect(await ask(await issuer.token({ ...good, exp: NOW - 1 }))).toBe('invalid');
    expect(await ask(await issuer.token({ ...good, nbf: NOW + 3600 }))).toBe('invalid');
  });
  test('that somebody else signed, or nobody', async () => {
    const other = await startIssuer();
    expect(await ask(await other.token({ ...good, iss: issuer.url }))).toBe('invalid');
    await other.close();
    const [, claims] = (await issuer.token(good)).split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    expect(await ask(`${none}.${claims}.`)).toBe('invalid');
  });
  test('whose algorithm is not among those allowed', async () => {
    const strict = authenticatorFor(issuer, ['RS256']);
    await strict.ready;
    expect(await strict.authenticate(credentials({ token: await issuer.token(good) }))).toBe('invalid');
    strict.stop();
  });
});

test('tokens of other issuers, and what is no token, are for others to know', async () => {
  expect(await ask(await issuer.token({ ...good, iss: 'https://elsewhere' }))).toBeUndefined();
  expect(await ask('opaque')).toBeUndefined();
  expect(who.authenticate(credentials({}))).toBeUndefined();
});

test('a token that does not name its key is tried with each', async () => {
  expect(await ask(await issuer.token({ ...good, sub: 'no key id' }, { kid: undefined }))).toMatchObject({
    username: 'no key id',
  });
});

test('new keys of the issuer are fetched, but not for every token that nobody signed', async () => {
  await issuer.rotate();
  const token = await issuer.token({ ...good, sub: 'new' });
  nowMs += 10_001;
  expect(await ask(token)).toMatchObject({ username: 'new' });
  const fetched = issuer.asked.filter((path) => path === '/keys').length;
  for (let i = 0; i < 20; i++) {
    expect(await ask(await issuer.token({ ...good, sub: `x${i}` }, { kid: 'unknown' }))).toBe('invalid');
  }
  expect(issuer.asked.filter((path) => path === '/keys')).toHaveLength(fetched);
  nowMs = NOW * 1000;
});

test('until the keys are there tokens are refused; an issuer that calls itself otherwise is none', async () => {
  const liar = await startIssuer();
  let waiting: OidcAuthenticator | undefined;
  liar.discovery = { ...liar.discovery, issuer: 'https://other' };
  const told = new Promise<unknown>((resolve) => {
    waiting = authenticatorFor(liar, SIGNING_ALGS, (_keys, error) => resolve(error));
  });
  expect(await waiting?.authenticate(credentials({ token: await liar.token(good) }))).toBe('invalid');
  expect(await told).toMatchObject({ message: expect.stringContaining('issuer did not match') });
  expect(await waiting?.authenticate(credentials({ token: await liar.token(good) }))).toBe('invalid');
  expect(liar.asked).toEqual(['/.well-known/openid-configuration']);
  waiting?.stop();
  await liar.close();
});

describe('an issuer that cannot be used at the start', () => {
  let late: TestIssuer;
  let waiting: OidcAuthenticator;
  let fetches: (error: unknown) => void = () => undefined;
  /** Resolves with what went wrong when its keys were asked for the next time, and that was dealt with. */
  const fetched = async (): Promise<unknown> => {
    const error = await new Promise((resolve) => (fetches = resolve));
    await new Promise(setImmediate);
    return error;
  };
  beforeAll(async () => {
    late = await startIssuer();
  });
  afterEach(() => {
    waiting.stop();
    vi.useRealTimers();
  });
  afterAll(() => late.close());

  const begin = (): Promise<unknown> => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    late.discovery = { ...late.discovery, issuer: 'https://other' };
    const first = fetched();
    waiting = authenticatorFor(late, SIGNING_ALGS, (_keys, error) => fetches(error));
    return first;
  };

  test('is asked again after ten seconds, and its tokens are taken from then on', async () => {
    expect(await begin()).toBeInstanceOf(Error);
    late.discovery = { ...late.discovery, issuer: late.url };
    const asked = late.asked.length;
    vi.advanceTimersByTime(9_999);
    const second = fetched();
    vi.advanceTimersByTime(1);
    expect(await second).toBeUndefined();
    expect(late.asked.slice(asked)).toEqual(['/.well-known/openid-configuration', '/keys']);
    expect(await waiting.authenticate(credentials({ token: await late.token(good) }))).toMatchObject({
      username: 'ann',
    });
  });

  test('is asked no more once nobody needs its keys', async () => {
    await begin();
    expect(vi.getTimerCount()).toBe(1);
    waiting.stop();
    expect(vi.getTimerCount()).toBe(0);
    const first = begin();
    waiting.stop();
    await first;
    expect(vi.getTimerCount()).toBe(0);
  });
});
