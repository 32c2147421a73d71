import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { DerError } from './der.js';
import { parseSigningRequest, pemBlock, signatureProblem } from './pkcs10.js';

type EcKeyGenParams = { name: string; namedCurve: string };
type RsaHashedKeyGenParams = { name: string; modulusLength: number; publicExponent: Uint8Array; hash: string };

async function request(name: string, algorithm: EcKeyGenParams | RsaHashedKeyGenParams): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name,
    keys,
    signingAlgorithm: { ...algorithm, hash: 'SHA-256' },
  });
  return csr.toString('pem');
}

const EC = { name: 'ECDSA', namedCurve: 'P-256' };
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
};

const der = (pem: string): Buffer => pemBlock(pem, 'CERTIFICATE REQUEST') ?? Buffer.alloc(0);

describe('signing requests', () => {
  it.each([['ECDSA', EC] as const, ['RSA', RSA] as const])(
    'are read and their %s signature verified',
    async (_, algorithm) => {
      const parsed = parseSigningRequest(der(await request('CN=jane, O=dev, O=ops', algorithm)));
      expect(parsed).toMatchObject({ commonName: 'jane', organizations: ['dev', 'ops'] });
      expect(signatureProblem(parsed)).toBeUndefined();
    },
  );
  it('are refused when they were changed', async () => {
    const bytes = der(await request('CN=jane', EC));
    const at = bytes.indexOf('jane');
    bytes.write('joan', at, 'latin1');
    expect(signatureProblem(parseSigningRequest(bytes))).toBe('x509: ECDSA verification failure');
  });
  it('are refused when they are cut off, or followed by something', async () => {
    const bytes = der(await request('CN=jane', EC));
    for (const length of [0, 1, 5, bytes.length - 1]) {
      expect(() => parseSigningRequest(bytes.subarray(0, length))).toThrow(DerError);
    }
    expect(() => parseSigningRequest(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(/trailing data/);
  });
  it('are PEM of their own type', async () => {
    const pem = await request('CN=jane', EC);
    expect(pemBlock(pem, 'CERTIFICATE')).toBeUndefined();
    expect(pemBlock('nothing', 'CERTIFICATE REQUEST')).toBeUndefined();
  });
});
