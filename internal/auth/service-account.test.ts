import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { signToken, tokenKey } from './jwt.js';
import { serviceAccountAuthenticator } from './service-account.js';
import { credentials, openStore, type TestStore } from './testing.js';
import { tokenUses } from './token-uses.js';

const key = tokenKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
const other = tokenKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
const [ISSUER, OLD_ISSUER] = ['https://here', 'https://old'];
/** Seconds since the epoch. */
const NOW = 1_700_000_000;
let store: TestStore;
let nowMs = NOW * 1000;
beforeAll(async () => {
  store = await openStore();
});
afterAll(() => store.close());
beforeEach(async () => {
  nowMs = NOW * 1000;
  await store.put('', 'serviceaccounts', 'ns', 'bot', { metadata: { uid: 'sa-uid' } });
});

function who(lookup = true) {
  return serviceAccountAuthenticator({
    backend: store.backend,
    issuers: [ISSUER, OLD_ISSUER],
    audiences: ['api'],
    keys: [key],
    now: () => nowMs,
    lookup,
  });
}
const kubernetes = { namespace: 'ns', serviceaccount: { name: 'bot', uid: 'sa-uid' } };
const claims = (more: JsonObject = {}): JsonObject => ({
  iss: ISSUER,
  sub: 'system:serviceaccount:ns:bot',
  aud: ['api'],
  exp: NOW + 3600,
  nbf: NOW,
  iat: NOW,
  jti: 'j',
  'kubernetes.io': kubernetes,
  ...more,
});
const ask = (c: JsonObject, signer = key, audiences?: readonly string[]) =>
  who().authenticate(credentials({ token: signToken(c, signer), ...(audiences === undefined ? {} : { audiences }) }));
const BOT = {
  username: 'system:serviceaccount:ns:bot',
  uid: 'sa-uid',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
  extra: { 'authentication.kubernetes.io/credential-id': ['JTI=j'] },
};

test('a token of a TokenRequest is its account, by each issuer that is taken', () => {
  expect(ask(claims())).toEqual(BOT);
  expect(ask(claims({ iss: OLD_ISSUER }))).toEqual(BOT);
});

describe('a token is refused', () => {
  test('whose time has not come, is over, or is not told', () => {
    expect(ask(claims({ nbf: NOW + 61 }))).toBe('invalid');
    expect(ask(claims({ nbf: NOW + 59 }))).toEqual(BOT);
    expect(ask(claims({ iat: NOW + 61 }))).toBe('invalid');
    expect(ask(claims({ exp: NOW - 61 }))).toBe('invalid');
    expect(ask(claims({ exp: 'never' }))).toBe('invalid');
    const { exp, ...endless } = claims();
    expect(exp).toBeDefined();
    expect(ask(endless)).toBe('invalid');
  });
  test('once its time is over, though it was good before', () => {
    const it = who();
    const brought = credentials({ token: signToken(claims(), key) });
    expect(it.authenticate(brought)).toEqual(BOT);
    nowMs += 3600_000 + 60_000;
    expect(it.authenticate(brought)).toBe('invalid');
  });
  test('that is meant for others', () => {
    expect(ask(claims({ aud: ['vault'] }))).toBe('invalid');
    expect(ask(claims(), key, ['vault'])).toBe('invalid');
    expect(ask(claims({ aud: ['vault'] }), key, ['vault'])).toEqual(BOT);
    expect(ask(claims({ aud: 'vault' }), key, ['vault'])).toEqual(BOT);
    expect(ask(claims({ aud: 'vault' }))).toBe('invalid');
  });
  test('that another key signed', () => {
    expect(ask(claims(), other)).toBe('invalid');
  });
  test('whose subject, names and uids do not fit together', () => {
    expect(ask(claims({ sub: 'system:serviceaccount:kube-system:bot' }))).toBe('invalid');
    const nobody = { ...kubernetes, serviceaccount: { uid: 'sa-uid' } };
    const nowhere = { ...kubernetes, namespace: '' };
    for (const [of, sub] of [
      [nowhere, 'system:serviceaccount::bot'],
      [nobody, 'system:serviceaccount:ns:'],
    ] as const) {
      expect(ask(claims({ 'kubernetes.io': of }))).toBe('invalid');
      expect(ask(claims({ sub, 'kubernetes.io': of }))).toBe('invalid');
    }
    expect(ask(claims({ 'kubernetes.io': { ...kubernetes, serviceaccount: { name: 'bot' } } }))).toBe('invalid');
    expect(ask(claims({ 'kubernetes.io': { ...kubernetes, pod: { name: 'p' } } }))).toBe('invalid');
  });
});

test('a token of an issuer that is not known is for others to judge', () => {
  expect(ask(claims({ iss: 'https://elsewhere' }))).toBeUndefined();
  expect(who().authenticate(credentials({ token: 'opaque' }))).toBeUndefined();
  expect(who().authenticate(credentials({}))).toBeUndefined();
});

describe('what a token is bound to must be there', () => {
  const bound = (more: JsonObject): JsonObject => claims({ 'kubernetes.io': { ...kubernetes, ...more } });
  test('the account itself, with its uid', async () => {
    await store.put('', 'serviceaccounts', 'ns', 'bot', { metadata: { uid: 'made anew' } });
    expect(ask(claims())).toBe('missing');
    await store.remove('', 'serviceaccounts', 'ns', 'bot');
    expect(ask(claims())).toBe('missing');
  });
  test.each([
    ['pods', 'ns', 'pod'],
    ['secrets', 'ns', 'secret'],
    ['nodes', '', 'node'],
  ])('%s', async (resource, namespace, claim) => {
    const token = bound({ [claim]: { name: 'x', uid: 'x-uid' } });
    expect(ask(token)).toBe('missing');
    await store.put('', resource, namespace, 'x', { metadata: { uid: 'another' } });
    expect(ask(token)).toBe('missing');
    await store.put('', resource, namespace, 'x', { metadata: { uid: 'x-uid' } });
    expect(ask(token)).toMatchObject({ username: BOT.username });
    const deletionTimestamp = new Date((NOW - 61) * 1000).toISOString();
    await store.put('', resource, namespace, 'x', { metadata: { uid: 'x-uid', deletionTimestamp } });
    expect(ask(token)).toBe('missing');
  });
  test('but not where --service-account-lookup is off', async () => {
    await store.remove('', 'serviceaccounts', 'ns', 'bot');
    expect(who(false).authenticate(credentials({ token: signToken(claims(), key) }))).toEqual(BOT);
  });
});

describe('a token from a Secret', () => {
  const legacy = {
    iss: 'kubernetes/serviceaccount',
    sub: 'system:serviceaccount:ns:bot',
    'kubernetes.io/serviceaccount/namespace': 'ns',
    'kubernetes.io/serviceaccount/secret.name': 'bot-token',
    'kubernetes.io/serviceaccount/service-account.name': 'bot',
    'kubernetes.io/serviceaccount/service-account.uid': 'sa-uid',
  };
  const secret = async (c: JsonObject, metadata: JsonObject = {}): Promise<void> => {
    const token = Buffer.from(signToken(c, stored)).toString('base64');
    await store.put('', 'secrets', 'ns', 'bot-token', { metadata: { uid: 's', ...metadata }, data: { token } });
  };
  // RSA signs the same claims alike each time, so the Secret's token is the one that is brought.
  const stored = tokenKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
  const askLegacy = (c: JsonObject) =>
    serviceAccountAuthenticator({
      backend: store.backend,
      issuers: [ISSUER],
      audiences: ['api'],
      keys: [stored],
      now: () => nowMs,
      lookup: true,
    }).authenticate(credentials({ token: signToken(c, stored) }));

  test('is good while the Secret holds it', async () => {
    expect(askLegacy(legacy)).toBe('missing');
    await secret(legacy);
    expect(askLegacy(legacy)).toMatchObject({ username: BOT.username, uid: 'sa-uid', extra: {} });
    await secret({ ...legacy, more: 'another token' });
    expect(askLegacy(legacy)).toBe('missing');
    await secret(legacy, { labels: { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' } });
    expect(askLegacy(legacy)).toBe('missing');
    expect(askLegacy({ ...legacy, sub: 'system:serviceaccount:ns:admin' })).toBe('invalid');
    for (const claim of ['namespace', 'secret.name', 'service-account.name', 'service-account.uid']) {
      const sub = { namespace: 'system:serviceaccount::bot', 'service-account.name': 'system:serviceaccount:ns:' }[
        claim
      ];
      const without = {
        ...legacy,
        [`kubernetes.io/serviceaccount/${claim}`]: '',
        ...(sub === undefined ? {} : { sub }),
      };
      expect(askLegacy(without), claim).toBe('invalid');
    }
  });
});

test('a token that its client should have replaced by now is told to audit, and counted, as one of old is', async () => {
  const notes = new Map<string, string>();
  const annotate = (k: string, v: string): void => void notes.set(k, v);
  const use = (c: JsonObject) => who().authenticate({ ...credentials({ token: signToken(c, key) }), annotate });
  const before = { ...tokenUses };
  const warned = claims({ 'kubernetes.io': { ...kubernetes, warnafter: NOW + 600 } });
  expect(use(warned)).toMatchObject({ username: BOT.username });
  expect([...notes]).toEqual([]);
  nowMs += 605_500;
  expect(use(warned)).toMatchObject({ username: BOT.username });
  expect([...notes]).toEqual([
    ['authentication.k8s.io/stale-token', `subject: ${BOT.username}, seconds after warning threshold: 5`],
  ]);
  notes.clear();
  const old: JsonObject = {
    iss: 'kubernetes/serviceaccount',
    sub: BOT.username,
    'kubernetes.io/serviceaccount/namespace': 'ns',
    'kubernetes.io/serviceaccount/secret.name': 'kept',
    'kubernetes.io/serviceaccount/service-account.name': 'bot',
    'kubernetes.io/serviceaccount/service-account.uid': 'sa-uid',
  };
  const token = Buffer.from(signToken(old, key)).toString('base64');
  await store.put('', 'secrets', 'ns', 'kept', { data: { token } });
  const legacy = who().authenticate({
    ...credentials({ token: Buffer.from(token, 'base64').toString() }),
    annotate,
  });
  expect(legacy).toMatchObject({ username: BOT.username });
  expect([...notes]).toEqual([['authentication.k8s.io/legacy-token', BOT.username]]);
  expect(tokenUses).toEqual({ valid: before.valid + 1, stale: before.stale + 1, legacy: before.legacy + 1 });
});
