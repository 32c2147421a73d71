import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { tokenKey } from '../auth/jwt.js';
import type { ApiRequest } from '../rest/types.js';
import { handleOpenId } from './openid.js';

const keys = [
  tokenKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
  tokenKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
  // Of an issuer whose tokens are only verified here.
  tokenKey(createPublicKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)),
];
const options = { issuer: 'https://issuer', jwksUri: 'https://1.2.3.4:6443/openid/v1/jwks', keys };
const ask = (path: string, accept = '') =>
  handleOpenId(options, { path, header: (name: string) => (name === 'accept' ? accept : '') } as ApiRequest);
const CONFIGURATION = '/.well-known/openid-configuration';
const JWKS = '/openid/v1/jwks';

test('verifiers outside of the cluster find the issuer, its algorithms and where its keys are', () => {
  const reply = ask(CONFIGURATION);
  expect(reply).toMatchObject({
    status: 200,
    contentType: 'application/json',
    headers: { 'Cache-Control': 'public, max-age=3600' },
  });
  expect(JSON.parse(String(reply?.body))).toEqual({
    issuer: options.issuer,
    jwks_uri: options.jwksUri,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256'],
  });
});

test('the keys are there by their ids, without what is private', () => {
  const reply = ask(JWKS);
  expect(reply?.contentType).toBe('application/jwk-set+json');
  const { keys: shown } = JSON.parse(String(reply?.body)) as { keys: Record<string, string>[] };
  expect(shown.map(({ use, kid, alg, kty }) => [use, kid, alg, kty])).toEqual(
    keys.map(({ id, alg }) => ['sig', id, alg, alg === 'RS256' ? 'RSA' : 'EC']),
  );
  expect(
    shown.flatMap((key) => Object.keys(key)).filter((name) => ['d', 'p', 'q', 'dp', 'dq', 'qi'].includes(name)),
  ).toEqual([]);
});

test('who takes no such document is told which there is', () => {
  for (const accept of ['*/*', 'text/html, application/json;q=0.9', 'application/*']) {
    expect(ask(CONFIGURATION, accept)?.status).toBe(200);
  }
  expect(() => ask(CONFIGURATION, 'text/html')).toThrow(/Available representations: application\/json/);
  expect(ask(JWKS, 'application/jwk-set+json')?.status).toBe(200);
  expect(() => ask(JWKS, 'application/json')).toThrow(/Available representations: application\/jwk-set\+json/);
  expect(ask('/openid/v1/other')).toBeUndefined();
  let refusal: unknown;
  try {
    ask(JWKS, 'text/html');
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toMatchObject({ code: 406, reason: 'NotAcceptable' });
});
