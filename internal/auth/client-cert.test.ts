import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createAuthority, issue, type KeyPair } from '../pki/x509.js';
import { clientCertAuthenticator, parseBundle } from './client-cert.js';
import { authLatency } from './latency.js';
import { credentials } from './testing.js';

const YEAR_MS = 366 * 24 * 3600 * 1000;
let jane: KeyPair;
let nobody: KeyPair;
let authority: KeyPair;

beforeAll(async () => {
  authority = await createAuthority('clients');
  jane = await issue(authority, { commonName: 'jane', organizations: ['dev', 'ops'], usages: ['client'] });
  nobody = await issue(authority, { commonName: '', organizations: ['dev'], usages: ['client'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('the common name is the user, the organizations are the groups', () => {
  const result = clientCertAuthenticator(() => true).authenticate(credentials({ certificate: jane.cert }));
  const [certificate] = parseBundle(jane.cert);
  const id = certificate?.fingerprint256.replaceAll(':', '').toLowerCase();
  expect(result).toEqual({
    username: 'jane',
    uid: '',
    groups: ['dev', 'ops', 'system:authenticated'],
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${id}`] },
  });
});

test('without a certificate, or a name in it, it is for others to say who asks', () => {
  const who = clientCertAuthenticator(() => true);
  expect(who.authenticate(credentials({}))).toBeUndefined();
  expect(who.authenticate(credentials({ certificate: nobody.cert }))).toBeUndefined();
});

test('a certificate that has expired is refused, on a connection that was opened before too', () => {
  const who = clientCertAuthenticator(() => true);
  expect(who.authenticate(credentials({ certificate: jane.cert }))).toMatchObject({ username: 'jane' });
  vi.useFakeTimers({ now: Date.now() + YEAR_MS, toFake: ['Date'] });
  expect(who.authenticate(credentials({ certificate: jane.cert }))).toBe('invalid');
  expect(clientCertAuthenticator(() => true).authenticate(credentials({ certificate: jane.cert }))).toBe('invalid');
  // Metrics tell of both: what had expired, and how long others have left.
  expect([...authLatency.render()].join('')).toContain(
    'apiserver_client_certificate_expiration_seconds_bucket{le="0"} 2\n',
  );
});

test('the certificate of an authority that vouches for no users is refused', () => {
  const who = clientCertAuthenticator(() => false);
  expect(who.authenticate(credentials({ certificate: jane.cert }))).toBe('invalid');
  expect(who.authenticate(credentials({ certificate: jane.cert }))).toBe('invalid');
});
