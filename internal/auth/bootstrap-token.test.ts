import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import type { Awaitable } from '../machinery/awaitable.js';
import type { AuthenticationResult } from './authenticator.js';
import { bootstrapTokenAuthenticator } from './bootstrap-token.js';
import { credentials, openStore, type TestStore } from './testing.js';

const SECRET = '0123456789abcdef';
const NOW = Date.parse('2026-01-01T00:00:00Z');
let store: TestStore;
beforeAll(async () => {
  store = await openStore();
});
afterAll(() => store.close());

const good = {
  'token-id': 'abcdef',
  'token-secret': SECRET,
  'usage-bootstrap-authentication': 'true',
  expiration: '2026-01-01T00:00:01Z',
  'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
};

/** Writes the Secret of the token and asks who brings it. */
async function withSecret(data: Readonly<Record<string, string>>, more: JsonObject = {}, token = `abcdef.${SECRET}`) {
  const encoded = Object.fromEntries(Object.entries(data).map(([k, v]) => [k, Buffer.from(v).toString('base64')]));
  const secret = { type: 'bootstrap.kubernetes.io/token', data: encoded, ...more };
  await store.put('', 'secrets', 'kube-system', 'bootstrap-token-abcdef', secret);
  return ask(token);
}
const ask = (token: string): Awaitable<AuthenticationResult> =>
  bootstrapTokenAuthenticator(store.backend, () => NOW).authenticate(credentials({ token }));

test('the token of a Secret is a bootstrapper, with its groups', async () => {
  expect(await withSecret(good)).toEqual({
    username: 'system:bootstrap:abcdef',
    uid: '',
    groups: ['system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token', 'system:authenticated'],
    extra: {},
  });
  const { expiration, ...forever } = good;
  expect(expiration).not.toBe('');
  expect(await withSecret(forever)).toMatchObject({ username: 'system:bootstrap:abcdef' });
});

test('every line of the Secret must fit', async () => {
  const refused: Record<string, () => Promise<AuthenticationResult>> = {
    'another secret': () => withSecret(good, {}, 'abcdef.fedcba9876543210'),
    'a type that anybody may write': () => withSecret(good, { type: 'Opaque' }),
    'a Secret that is being deleted': () =>
      withSecret(good, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
    'the id of another': () => withSecret({ ...good, 'token-id': 'ghijkl' }),
    'no secret': () => withSecret({ ...good, 'token-secret': '' }),
    'not for authentication': () => withSecret({ ...good, 'usage-bootstrap-authentication': 'false' }),
    'no usage': () => withSecret({ ...good, 'usage-bootstrap-authentication': '' }),
    'for signing only': () =>
      withSecret({
        ...good,
        'usage-bootstrap-authentication': '',
        'usage-bootstrap-signing': 'true',
      }),
    expired: () => withSecret({ ...good, expiration: '2026-01-01T00:00:00Z' }),
    'an expiration that cannot be read': () => withSecret({ ...good, expiration: 'tomorrow' }),
    'a group that is no bootstrapper': () => withSecret({ ...good, 'auth-extra-groups': 'system:masters' }),
    'a group that only begins so': () => withSecret({ ...good, 'auth-extra-groups': 'system:bootstrappers:' }),
  };
  for (const [why, attempt] of Object.entries(refused)) expect(await attempt(), why).toBe('invalid');
});

test('what has not the form of such a token is for others to know', async () => {
  for (const token of ['', 'abcdef', 'ABCDEF.0123456789abcdef', `abcdef.${SECRET}0`]) {
    expect(await ask(token), token).toBeUndefined();
  }
  expect(await ask(`nobody.${SECRET}`)).toBe('invalid');
});

test('a group is a bootstrapper of so many characters, all of them', async () => {
  const groups = async (list: string): Promise<unknown> => {
    const result = await withSecret({ ...good, 'auth-extra-groups': list });
    return typeof result === 'object' ? result.groups : result;
  };
  const longest = `system:bootstrappers:${'a'.repeat(256)}`;
  expect(await groups(`,${longest},,system:bootstrappers:b-1`)).toEqual([
    'system:bootstrappers',
    longest,
    'system:bootstrappers:b-1',
    'system:authenticated',
  ]);
  expect(await groups('')).toEqual(['system:bootstrappers', 'system:authenticated']);
  const bad = [
    `${longest}a`,
    'system:bootstrappers:A',
    'system:bootstrappers:a-',
    'system:bootstrappers:a b',
    'x:system:bootstrappers:a',
    'system:bootstrappers:a,system:masters',
  ];
  for (const list of bad) expect(await groups(list), list).toBe('invalid');
});

test('is good to the last nanosecond', async () => {
  expect(await withSecret({ ...good, expiration: '2026-01-01T00:00:00.001Z' })).toMatchObject({ uid: '' });
  expect(await withSecret({ ...good, expiration: '2025-12-31T23:59:59.999Z' })).toBe('invalid');
  for (const token of [`xabcdef.${SECRET}`, `abcde.${SECRET}`, 'abcdef.0123456789abcde', `abcdef:${SECRET}`]) {
    expect(await ask(token), token).toBeUndefined();
  }
});
