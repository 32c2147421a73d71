import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Awaitable } from '../machinery/awaitable.js';
import { createAuthority, issue, type KeyPair } from '../pki/x509.js';
import { type AuthenticationResult, type Authenticator, authenticatorUnion } from './authenticator.js';
import { clientCertAuthenticator, parseBundle, type CertificateFacts } from './client-cert.js';
import { requestHeaderAuthenticator } from './request-header.js';
import { credentials } from './testing.js';

let union: Authenticator;
let proxy: KeyPair;
let otherProxy: KeyPair;
let jane: KeyPair;
/** Of the authority of users, with the name of the proxy. */
let impostor: KeyPair;

const signedBy =
  (ca: KeyPair) =>
  ({ certificate }: CertificateFacts): boolean =>
    parseBundle(ca.cert).some((authority) => certificate.verify(authority.publicKey));

beforeAll(async () => {
  const clients = await createAuthority('clients');
  const proxies = await createAuthority('proxies');
  proxy = await issue(proxies, { commonName: 'front-proxy', organizations: [], usages: ['client'] });
  otherProxy = await issue(proxies, { commonName: 'other', organizations: [], usages: ['client'] });
  jane = await issue(clients, { commonName: 'jane', organizations: ['dev'], usages: ['client'] });
  impostor = await issue(clients, { commonName: 'front-proxy', organizations: [], usages: ['client'] });
  union = authenticatorUnion(
    [
      requestHeaderAuthenticator({
        allowedNames: ['front-proxy'],
        usernameHeaders: ['X-Remote-User'],
        uidHeaders: ['X-Remote-Uid'],
        groupHeaders: ['X-Remote-Group'],
        extraPrefixes: ['X-Remote-Extra-'],
        isFrontProxy: signedBy(proxies),
      }),
      clientCertAuthenticator(signedBy(clients)),
    ],
    () => true,
  );
});

afterEach(() => {
  vi.useRealTimers();
});

function ask(certificate: KeyPair | undefined, headers: Record<string, string> = {}): Awaitable<AuthenticationResult> {
  return union.authenticate({
    peerCertificate: certificate?.cert ?? '',
    header: (name) => headers[name] ?? '',
    headerValues: (name) => (headers[name] === undefined ? [] : [headers[name]]),
    headersWithPrefix: (prefix) => Object.entries(headers).filter(([name]) => name.startsWith(prefix)),
  });
}

const asAnn = { 'x-remote-user': 'ann', 'x-remote-group': 'g' };

describe('a front proxy', () => {
  test('says who the user is', () => {
    expect(ask(proxy, { ...asAnn, 'x-remote-extra-scopes%2fa': 'x' })).toMatchObject({
      username: 'ann',
      groups: ['g', 'system:authenticated'],
      extra: { 'scopes/a': ['x'] },
    });
  });

  test('may use any header name as the key of an extra', async () => {
    for (const key of ['constructor', '__proto__', 'tostring', 'hasownproperty']) {
      const user = await ask(proxy, { ...asAnn, [`x-remote-extra-${key}`]: 'x' });
      expect(typeof user === 'object' && Object.entries(user.extra), key).toEqual([[key, ['x']]]);
    }
  });

  test('that names no user is refused, and is no user itself', () => {
    expect(ask(proxy)).toBe('invalid');
  });

  test('is believed only with a certificate of its authority and an allowed name', () => {
    expect(ask(otherProxy, asAnn)).toBe('invalid');
    expect(ask(jane, asAnn)).toMatchObject({ username: 'jane' });
    expect(ask(impostor, asAnn)).toMatchObject({ username: 'front-proxy' });
    expect(ask(undefined, asAnn)).toMatchObject({ username: 'system:anonymous' });
  });

  test('whose certificate has expired is believed no more', () => {
    expect(ask(proxy, asAnn)).toMatchObject({ username: 'ann' });
    vi.useFakeTimers({ now: Date.now() + 366 * 24 * 3600 * 1000, toFake: ['Date'] });
    expect(ask(proxy, asAnn)).toBe('invalid');
  });

  test('names the uid, and only in the headers that are its own', () => {
    expect(ask(proxy, { ...asAnn, 'x-remote-uid': 'u1', 'x-other-group': 'system:masters' })).toMatchObject({
      uid: 'u1',
      groups: ['g', 'system:authenticated'],
    });
    expect(ask(jane, { ...asAnn, 'x-remote-uid': 'u1' })).toMatchObject({ username: 'jane', uid: '' });
  });
});

test('the first header that says something counts, and empty groups are none', async () => {
  const asked: string[] = [];
  let generation = 0;
  const who = requestHeaderAuthenticator({
    allowedNames: [],
    usernameHeaders: ['X-First', 'X-User'],
    uidHeaders: ['X-First-Uid', 'X-Uid'],
    groupHeaders: ['X-Group', 'X-More'],
    extraPrefixes: ['X-Extra-'],
    isFrontProxy: ({ commonName }) => (asked.push(commonName), true),
    generation: () => generation,
  });
  const ask = (headers: Readonly<Record<string, string | readonly string[]>>) =>
    who.authenticate(credentials({ certificate: proxy.cert, headers }));
  expect(
    await ask({
      'x-first': '',
      'x-user': 'ann',
      'x-first-uid': '',
      'x-uid': 'u1',
      'x-group': ['a', '', 'b'],
      'x-more': 'c',
      'x-extra-%zz': '1',
      'x-extra-a%2fb': ['2', '3'],
    }),
  ).toEqual({
    username: 'ann',
    uid: 'u1',
    groups: ['a', 'b', 'c', 'system:authenticated'],
    extra: { '%zz': ['1'], 'a/b': ['2', '3'] },
  });
  expect(await ask({ 'x-first': 'bob', 'x-user': 'ann' })).toMatchObject({ username: 'bob', uid: '' });
  expect(await ask({ 'x-first': '', 'x-user': '' })).toBeUndefined();
  // Whose certificate it is was asked once, and is asked again when authorities may have changed.
  expect(asked).toEqual(['front-proxy']);
  generation = 1;
  await ask({ 'x-user': 'ann' });
  expect(asked).toHaveLength(2);
});
