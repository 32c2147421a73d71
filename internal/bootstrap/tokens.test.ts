import { expect, test } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { tokenOf } from './bootstrap-tokens.js';
import { detachedSignature, isSignedWith } from './cluster-info.js';
import { generateToken, isExpired, splitToken } from './token-form.js';
import { certificateKey, decrypt, encrypt } from './upload-certs.js';

const TOKEN = 'abcdef.0123456789abcdef';

test('a signature is what kube-controller-manager writes, and belongs to one text and one token', () => {
  // Computed with OpenSSL: printf %s HEADER.PAYLOAD | openssl dgst -sha256 -hmac 0123456789abcdef -binary | base64
  const signature = detachedSignature('payload\n', TOKEN);
  expect(signature).toBe('eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..JSlqiG7xkN5RKSYcuKA9QdsM-4EbdIeW7sD7Fewam6o');
  expect(isSignedWith('payload\n', TOKEN, signature)).toBe(true);
  expect(isSignedWith('payload', TOKEN, signature)).toBe(false);
  expect(isSignedWith('payload\n', 'abcdef.0123456789abcdee', signature)).toBe(false);
  expect(isSignedWith('payload\n', 'abcdeg.0123456789abcdef', signature)).toBe(false);
  // A header that asks for no signature at all.
  const none = Buffer.from('{"alg":"none","kid":"abcdef"}').toString('base64url');
  expect(isSignedWith('payload\n', TOKEN, `${none}..`)).toBe(false);
  for (const broken of ['', '..', 'x..y', signature.replace('..', '.eA.')]) {
    expect(isSignedWith('payload\n', TOKEN, broken)).toBe(false);
  }
});

test('tokens have an id and a secret, and are new each time', () => {
  const tokens = new Set(Array.from({ length: 20 }, generateToken));
  expect(tokens.size).toBe(20);
  for (const token of tokens) expect(splitToken(token).secret).toHaveLength(16);
  expect(() => splitToken('ABCDEF.0123456789abcdef')).toThrow(/was not of the form/);
});

test('a token of a configuration: its time begins now, and what it may not have is refused', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const object = { token: TOKEN, ttl: '1h0m0s', usages: ['signing'], groups: ['system:bootstrappers:x'] };
  const token = tokenOf(object, now);
  expect(token.expires).toBe('2026-01-01T01:00:00Z');
  expect([isExpired(token, now), isExpired(token, now + 3_600_000)]).toEqual([false, true]);
  expect(isExpired(tokenOf({ ...object, ttl: '0' }, now), now)).toBe(false);
  // Neither is good for ever.
  for (const ttl of ['1 day', '-5m']) expect(() => tokenOf({ ...object, ttl }, now)).toThrow(/invalid ttl/);
  expect(() => tokenOf({ ...object, usages: ['all'] }, now)).toThrow(FatalError);
  expect(() => tokenOf({ ...object, groups: ['system:masters'] }, now)).toThrow(FatalError);
});

test('uploaded certificates can be read with their key only, and not when they were changed', () => {
  const key = certificateKey();
  const sealed = encrypt(Buffer.from('secret'), key);
  expect(sealed.includes('secret')).toBe(false);
  expect(decrypt(sealed, key).toString()).toBe('secret');
  expect(() => decrypt(sealed, certificateKey())).toThrow(/cannot be decrypted/);
  sealed[15] = (sealed[15] ?? 0) ^ 1;
  expect(() => decrypt(sealed, key)).toThrow(/cannot be decrypted/);
  expect(() => encrypt(Buffer.from('x'), 'abc')).toThrow(/64 hex digits/);
});
