import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Callout } from '../../callout/index.js';
import { child } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { startWebhookServer, type WebhookServer } from '../../testing/webhook-server.js';
import type { AuthenticationResult, Authenticator } from '../authenticator.js';
import { credentials } from '../testing.js';
import { tokenWebhookAuthenticator } from './token-review.js';

const callout = new Callout();
let server: WebhookServer;
let who: Authenticator;
let nowMs = 0;
const ask = async (token: string, audiences?: readonly string[]): Promise<AuthenticationResult> =>
  who.authenticate(credentials({ token, ...(audiences === undefined ? {} : { audiences }) }));
const asked = (): JsonObject[] => server.reviews.get('/review') ?? [];
/** What the webhook answers, as a whole. */
const status = (told: JsonObject, apiVersion = 'authentication.k8s.io/v1') => ({
  raw: JSON.stringify({ kind: 'TokenReview', apiVersion, status: told }),
});
const ann = { authenticated: true, user: { username: 'ann', uid: '1', groups: ['g'], extra: { __proto__x: ['y'] } } };

beforeAll(async () => {
  server = await startWebhookServer();
});
afterAll(async () => {
  callout.close();
  await server.close();
});
beforeEach(() => {
  nowMs = 0;
  server.reviews.clear();
  who = tokenWebhookAuthenticator({
    server: {
      callout,
      target: { url: `${server.url}/review`, tls: { ca: Buffer.from(server.caBundle, 'base64').toString() } },
      token: 'ours',
      timeoutMs: 10_000,
      firstWaitMs: 1,
    },
    version: 'v1',
    audiences: ['api'],
    cacheMs: 1000,
    now: () => nowMs,
  });
});

test('the webhook says who a token is, and is asked once while it is remembered', async () => {
  server.on('/review', () => status(ann));
  const expected = { username: 'ann', uid: '1', groups: ['g', 'system:authenticated'], extra: { __proto__x: ['y'] } };
  expect(await ask('t')).toMatchObject(expected);
  expect(await ask('t')).toMatchObject(expected);
  expect(asked()).toEqual([
    {
      kind: 'TokenReview',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: {},
      spec: { token: 't', audiences: ['api'] },
      status: { user: {} },
    },
  ]);
  // Revoked: within the stated time it is good no more.
  server.on('/review', () => status({ authenticated: false, error: 'revoked' }));
  nowMs = 999;
  expect(await ask('t')).toMatchObject(expected);
  nowMs = 1000;
  expect(await ask('t')).toBe('invalid');
});

describe('a token is refused', () => {
  test('that the webhook does not confirm for an audience that is wanted', async () => {
    server.on('/review', () => status({ ...ann, audiences: ['vault'] }));
    expect(await ask('a')).toBe('invalid');
    expect(await ask('b', ['vault'])).toMatchObject({ username: 'ann' });
    server.on('/review', () => status(ann));
    expect(await ask('c', ['vault'])).toBe('invalid');
  });
  test('when the webhook fails, or says something else', async () => {
    server.on('/review', () => ({ raw: 'no', status: 500 }));
    expect(await ask('a')).toBe('invalid');
    expect(asked()).toHaveLength(5);
    server.on('/review', () => ({ raw: 'no', status: 403 }));
    expect(await ask('a')).toBe('invalid');
    expect(asked()).toHaveLength(6);
    server.on('/review', () => status(ann, 'authentication.k8s.io/v1beta1'));
    expect(await ask('a')).toBe('invalid');
    server.on('/review', () => ({ raw: '[]' }));
    expect(await ask('a')).toBe('invalid');
    server.on('/review', () => status({ authenticated: 'true', user: { username: 'ann' } }));
    expect(await ask('a')).toBe('invalid');
    // A failure is not remembered.
    server.on('/review', () => status(ann));
    nowMs = 2000;
    expect(child({ user: (await ask('a')) as unknown as JsonObject }, 'user')).toMatchObject({ username: 'ann' });
  });
});

test('more is told of a user than a request could say itself: the token is refused, and nothing is remembered', async () => {
  const groups = Array.from({ length: 10_000 }, (_, i) => `g${i}`);
  server.on('/review', () =>
    status({ authenticated: true, user: { username: 'ann', groups: groups.slice(0, 5_000) } }),
  );
  expect(await ask('some')).toMatchObject({ username: 'ann' });
  const many = [
    { groups },
    { extra: { 'a.io/b': groups } },
    { extra: Object.fromEntries(groups.map((name) => [name, ['']])) },
    { uid: 'u'.repeat(65_536) },
    { username: 'u'.repeat(1024 * 1024) },
    { other: Array.from({ length: 32_000 }, () => [1]) },
  ];
  for (const [i, more] of many.entries()) {
    server.on('/review', () => status({ authenticated: true, user: { username: 'ann', ...more } }));
    expect(await ask(`many${i}`)).toBe('invalid');
    server.on('/review', () => status(ann));
    expect(await ask(`many${i}`)).toMatchObject({ username: 'ann' });
  }
});
