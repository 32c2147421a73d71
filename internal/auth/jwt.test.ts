import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isSigned, readClaims, signToken, tokenKey } from './jwt.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const [p256, p384, p521] = ['P-256', 'P-384', 'P-521'].map(
  (namedCurve) => generateKeyPairSync('ec', { namedCurve }).privateKey,
);
const keys = [rsa.privateKey, p256, p384, p521].map((key) => tokenKey(key as NonNullable<typeof key>));
const [rsaKey, ecKey] = keys as [(typeof keys)[0], (typeof keys)[0]];
const publicKeys = keys.map(({ key }) => tokenKey(createPublicKey(key)));
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

test('what was signed is verified with the public half, by each kind of key', () => {
  expect(keys.map((k) => k.alg)).toEqual(['RS256', 'ES256', 'ES384', 'ES512']);
  for (const key of keys) {
    const token = signToken({ sub: 'x' }, key);
    expect(readClaims(token)).toEqual({ sub: 'x' });
    expect(isSigned(token, publicKeys)).toBe(true);
    expect(
      isSigned(
        token,
        publicKeys.filter((k) => k.id !== key.id),
      ),
    ).toBe(false);
  }
});

describe('a token is not taken', () => {
  const [head = '', claims = '', signature = ''] = signToken({ sub: 'x' }, ecKey).split('.');
  const good = `${head}.${claims}.${signature}`;
  test('with other claims, or a changed signature', () => {
    expect(isSigned(good, publicKeys)).toBe(true);
    expect(isSigned(`${head}.${part({ sub: 'admin' })}.${signature}`, publicKeys)).toBe(false);
    expect(isSigned(`${head}.${claims}.`, publicKeys)).toBe(false);
    expect(isSigned(`${head}.${claims}.${signature.slice(4)}`, publicKeys)).toBe(false);
  });
  test('without a signature (alg none), or with the public key as a shared secret (HS256)', () => {
    expect(isSigned(`${part({ alg: 'none' })}.${claims}.`, publicKeys)).toBe(false);
    const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' });
    const signed = `${part({ alg: 'HS256', kid: rsaKey.id })}.${claims}`;
    const mac = createHmac('sha256', pem).update(signed).digest('base64url');
    expect(isSigned(`${signed}.${mac}`, publicKeys)).toBe(false);
  });
  test('whose header names another key, another algorithm, or something that must be understood', () => {
    for (const change of [{ id: rsaKey.id }, { alg: 'ES384' }]) {
      expect(isSigned(signToken({ sub: 'x' }, { ...ecKey, ...change }), publicKeys), JSON.stringify(change)).toBe(
        false,
      );
    }
    const signed = `${part({ alg: 'ES256', kid: ecKey.id, crit: ['b64'], b64: true })}.${claims}`;
    const own = sign('sha256', Buffer.from(signed), { key: ecKey.key, dsaEncoding: 'ieee-p1363' });
    expect(isSigned(`${signed}.${own.toString('base64url')}`, publicKeys)).toBe(false);
  });
  test('in a form that a lenient decoder would read', () => {
    expect(isSigned(`${head}.${claims}.${signature}=`, publicKeys)).toBe(false);
    expect(readClaims(`${head}.${claims}=.${signature}`)).toBeUndefined();
    expect(readClaims(`${head}.${claims}`)).toBeUndefined();
    expect(readClaims(`${good}.more`)).toBeUndefined();
    expect(readClaims(`${head}.${part([1])}.${signature}`)).toBeUndefined();
    expect(readClaims(`${head}.${part({ pad: 'x'.repeat(65_536) })}.${signature}`)).toBeUndefined();
  });
});

test('keys that Kubernetes does not sign with are refused', () => {
  const ed = generateKeyPairSync('ed25519').privateKey;
  expect(() => tokenKey(ed)).toThrow('must be RSA or ECDSA');
  const bitcoin = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey;
  expect(() => tokenKey(bitcoin)).toThrow('must be RSA or ECDSA');
});

test('a token that names no key is tried with each, and what is no token with none', () => {
  const signed = `${part({ alg: 'ES256' })}.${part({ sub: 'x' })}`;
  const own = sign('sha256', Buffer.from(signed), { key: ecKey.key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  expect(isSigned(`${signed}.${own}`, publicKeys)).toBe(true);
  for (const token of ['', 'x', '..', `${Buffer.from('{').toString('base64url')}..`]) {
    expect(isSigned(token, publicKeys), token).toBe(false);
    expect(readClaims(token), token).toBeUndefined();
  }
  expect(readClaims(`a.${Buffer.from('{').toString('base64url')}.b`)).toBeUndefined();
  // As long as a token may be.
  const longest = `a.${part({ pad: 'x'.repeat(49_139) })}.b`;
  expect([longest.length, readClaims(longest) !== undefined]).toEqual([65_536, true]);
  expect(readClaims(`${longest}b`)).toBeUndefined();
});
