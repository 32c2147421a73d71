import { beforeAll, expect, test } from 'vitest';
import { createAuthority, issue, type KeyPair } from '../pki/x509.js';
import { ClientAuthorities } from './client-authorities.js';
import { certificateFacts, clientCertAuthenticator } from './client-cert.js';
import { requestHeaderAuthenticator } from './request-header.js';
import { credentials } from './testing.js';

let [users, proxies, later]: KeyPair[] = [];
let [jane, proxy]: KeyPair[] = [];
const pem = (pair: KeyPair | undefined): string => pair?.cert ?? '';

beforeAll(async () => {
  [users, proxies, later] = await Promise.all(['users', 'proxies', 'users'].map((name) => createAuthority(name)));
  jane = await issue(users as KeyPair, { commonName: 'jane', usages: ['client'] });
  proxy = await issue(proxies as KeyPair, { commonName: 'proxy', usages: ['client'] });
});

test('each authority vouches for its own', () => {
  const both = new ClientAuthorities(pem(users), pem(proxies));
  const [ofJane, ofProxy] = [certificateFacts(pem(jane)), certificateFacts(pem(proxy))];
  expect([both.isUser(ofJane), both.isFrontProxy(ofJane)]).toEqual([true, false]);
  expect([both.isUser(ofProxy), both.isFrontProxy(ofProxy)]).toEqual([false, true]);
  expect(new ClientAuthorities(pem(users), '').isFrontProxy(ofJane)).toBe(false);
});

test('an authority of the same name with another key vouches for nobody else’s', () => {
  const ofJane = certificateFacts(pem(jane));
  const both = new ClientAuthorities(pem(proxies), pem(later));
  expect([both.isUser(ofJane), both.isFrontProxy(ofJane)]).toEqual([false, false]);
});

test('an authority that was replaced vouches no more, on connections that are open too', () => {
  const authorities = new ClientAuthorities(pem(users), pem(proxies));
  const generation = (): number => authorities.generation;
  const who = clientCertAuthenticator((facts) => authorities.isUser(facts), generation);
  const front = requestHeaderAuthenticator({
    allowedNames: [],
    usernameHeaders: ['x-user'],
    uidHeaders: [],
    groupHeaders: [],
    extraPrefixes: [],
    isFrontProxy: (facts) => authorities.isFrontProxy(facts),
    generation,
  });
  const brought = credentials({ certificate: pem(jane) });
  const proxied = credentials({ certificate: pem(proxy), headers: { 'x-user': 'ann' } });
  expect(who.authenticate(brought)).toMatchObject({ username: 'jane' });
  expect(front.authenticate(proxied)).toMatchObject({ username: 'ann' });
  // The name is the same, the key is not.
  authorities.replace(pem(later), pem(later));
  expect(who.authenticate(brought)).toBe('invalid');
  expect(front.authenticate(proxied)).toBe('invalid');
  authorities.replace(pem(later) + pem(users), pem(proxies));
  expect(authorities.bundles).toEqual({ clientCa: pem(later) + pem(users), requestHeaderCa: pem(proxies) });
  expect(who.authenticate(brought)).toMatchObject({ username: 'jane' });
  expect(front.authenticate(proxied)).toMatchObject({ username: 'ann' });
});
