import { expect, it } from 'vitest';
import { encodeS3, queryText, signedHeaders } from './s3-signature.js';

const request = { method: 'PUT', path: '/b/k', query: {}, headers: { host: 'h' }, body: Buffer.from('x') };
const identity = { accessKey: 'A', secretKey: 's', sessionToken: '', region: 'eu-west-1' };
const NOW = new Date('2026-11-30T01:02:03.456Z');

it('a key that expires is sent with its token, which is signed as well', () => {
  const plain = signedHeaders(request, identity, NOW);
  expect(Object.keys(plain)).toEqual(['host', 'x-amz-content-sha256', 'x-amz-date', 'authorization']);
  expect(plain['x-amz-date']).toBe('20261130T010203Z');
  expect(plain['authorization']).toMatch(
    /^AWS4-HMAC-SHA256 Credential=A\/20261130\/eu-west-1\/s3\/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=[0-9a-f]{64}$/,
  );
  const expiring = signedHeaders(request, { ...identity, sessionToken: 'T' }, NOW);
  expect(expiring['x-amz-security-token']).toBe('T');
  expect(expiring['authorization']).toContain(
    'SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,Signature=',
  );
  const signatureOf = (headers: Record<string, string>): string =>
    headers['authorization']?.split('Signature=')[1] ?? '';
  const other = signedHeaders(request, { ...identity, sessionToken: 'U' }, NOW);
  expect(new Set([plain, expiring, other].map(signatureOf)).size).toBe(3);
});

it('spaces around a header do not count, and a query is sorted and encoded', () => {
  const spaced = signedHeaders({ ...request, headers: { host: ' h ' } }, identity, NOW);
  expect(spaced['authorization']).toBe(signedHeaders(request, identity, NOW)['authorization']);
  expect(queryText({ b: '2', 'a b': "it's (1)!*", A: '' })).toBe('A=&a%20b=it%27s%20%281%29%21%2A&b=2');
  expect(encodeS3('A-z0.9_~/')).toBe('A-z0.9_~%2F');
});
