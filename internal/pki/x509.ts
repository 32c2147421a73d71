import 'reflect-metadata';
import { createPrivateKey, createPublicKey, type KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { FatalError } from '../machinery/assert.js';
import { KEY_ALGORITHMS, type KeyAlgorithm } from './key-algorithms.js';

const DEFAULT_ALGORITHM: KeyAlgorithm = 'ECDSA-P256';
const RSA = 'RSASSA-PKCS1-v1_5';

const DAY_MS = 24 * 3600 * 1000;
/** kubeadm's validities: ten years for an authority, one for what it signs. */
const CA_DAYS = 3650;
const LEAF_DAYS = 365;

/** How long new certificates are valid for, in days. */
export interface Validity {
  readonly authorityDays?: number;
  readonly leafDays?: number;
}

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Who a certificate is for and what it may be used for. */
export interface LeafRequest {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly usages: readonly ('server' | 'client')[];
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
}

/** Makes a self-signed authority. */
export async function createAuthority(
  commonName: string,
  days = CA_DAYS,
  algorithm: KeyAlgorithm = DEFAULT_ALGORITHM,
): Promise<KeyPair> {
  const keys = await newKeys(algorithm);
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: distinguishedName(commonName, []),
    notBefore: new Date(Date.now() - 5 * 60_000),
    notAfter: new Date(Date.now() + days * DAY_MS),
    signingAlgorithm: algorithm.startsWith('RSA')
      ? { name: RSA, hash: 'SHA-256' }
      : { name: 'ECDSA', hash: hashOf(algorithm === 'ECDSA-P384' ? 'P-384' : 'P-256') },
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: commonName.replaceAll(':', '-') }]),
    ],
  });
  return { cert: pem(cert.toString('pem')), key: await privateKeyPem(keys.privateKey) };
}

/** Signs a certificate with `ca` (EC or RSA keys, any PEM form that OpenSSL writes). */
export async function issue(
  ca: KeyPair,
  request: LeafRequest,
  days = LEAF_DAYS,
  algorithm: KeyAlgorithm = DEFAULT_ALGORITHM,
): Promise<KeyPair> {
  const keys = await newKeys(algorithm);
  // While an authority is changed there are two in its file: the first has the key.
  const issuer = new x509.X509Certificate(firstBlock(ca.cert));
  const signer = await signingKey(ca.key);
  const names: x509.JsonGeneralNames = [
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.ips ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const extensions: x509.Extension[] = [
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
    new x509.ExtendedKeyUsageExtension(
      request.usages.map((u) => (u === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth)),
    ),
    new x509.BasicConstraintsExtension(false, undefined, true),
    await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
  ];
  if (names.length > 0) extensions.push(new x509.SubjectAlternativeNameExtension(names));
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    issuer: issuer.subjectName.toJSON(),
    subject: distinguishedName(request.commonName, request.organizations ?? []),
    notBefore: new Date(Date.now() - 5 * 60_000),
    notAfter: new Date(Math.min(Date.now() + days * DAY_MS, issuer.notAfter.getTime())),
    signingAlgorithm: signer.algorithm,
    signingKey: signer.key,
    publicKey: keys.publicKey,
    extensions,
  });
  return { cert: pem(cert.toString('pem')), key: await privateKeyPem(keys.privateKey) };
}

/**
 * What a certificate was issued for, so that another can take its place. Throws FatalError for one whose names or uses are
 * not among those that we issue.
 */
export function requestOf(certPem: string): LeafRequest {
  const cert = new x509.X509Certificate(firstBlock(certPem));
  const names = cert.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  const usages = cert.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? [];
  const subject = cert.subjectName;
  const foreign = usages.filter((u) => !USAGES.some(([, id]) => id === u));
  const strange = names.find((name) => name.type !== 'dns' && name.type !== 'ip');
  if (foreign.length > 0 || strange !== undefined) {
    throw new FatalError(
      `the certificate of ${subject.toString()} is for uses or names that quorate does not issue: renew it where it was issued`,
    );
  }
  return {
    commonName: subject.getField('CN')[0] ?? '',
    organizations: subject.getField('O'),
    usages: USAGES.filter(([, id]) => usages.includes(id)).map(([usage]) => usage),
    dnsNames: names.filter((n) => n.type === 'dns').map((n) => n.value),
    ips: names.filter((n) => n.type === 'ip').map((n) => n.value),
  };
}

const USAGES = [
  ['server', x509.ExtendedKeyUsage.serverAuth],
  ['client', x509.ExtendedKeyUsage.clientAuth],
] as const;

/** What kind of key a certificate has, so that the next one has such a key too; the default for a kind that is not made. */
export function algorithmOf(certPem: string): KeyAlgorithm {
  const { publicKey } = new X509Certificate(firstBlock(certPem));
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  const name =
    publicKey.asymmetricKeyType === 'rsa'
      ? `RSA-${modulusLength ?? ''}`
      : `ECDSA-P${namedCurve === 'secp384r1' ? '384' : '256'}`;
  return KEY_ALGORITHMS.find((known) => known === name) ?? DEFAULT_ALGORITHM;
}

function newKeys(algorithm: KeyAlgorithm): Promise<webcrypto.CryptoKeyPair> {
  if (!algorithm.startsWith('RSA')) {
    const namedCurve = algorithm === 'ECDSA-P384' ? 'P-384' : 'P-256';
    return webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve }, true, ['sign', 'verify']);
  }
  const modulusLength = Number(algorithm.slice('RSA-'.length));
  const rsa = { name: RSA, hash: 'SHA-256', modulusLength, publicExponent: new Uint8Array([1, 0, 1]) };
  return webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify']);
}

/** As Go's crypto/x509 chooses it for an ECDSA key. */
const hashOf = (curve: string): string => (curve === 'P-384' ? 'SHA-384' : curve === 'P-521' ? 'SHA-512' : 'SHA-256');

const firstBlock = (pem: string): string =>
  /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(pem)?.[0] ?? pem;

function serial(): string {
  // Positive, 16 bytes, never starting with a zero byte.
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

function distinguishedName(commonName: string, organizations: readonly string[]): x509.JsonName {
  return [...organizations.map((o) => ({ O: [o] })), { CN: [commonName] }];
}

const pem = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const type = key.algorithm.name === RSA ? 'pkcs1' : 'sec1';
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type }).toString();
}

async function signingKey(
  keyPem: string,
): Promise<{ key: webcrypto.CryptoKey; algorithm: { name: string; hash: string } }> {
  const key = createPrivateKey(keyPem);
  const der = key.export({ format: 'der', type: 'pkcs8' });
  if (key.asymmetricKeyType === 'rsa') {
    const algorithm = { name: RSA, hash: 'SHA-256' };
    return { key: await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']), algorithm };
  }
  const curve = curveOf(key);
  const imported = await webcrypto.subtle.importKey('pkcs8', der, { name: 'ECDSA', namedCurve: curve }, false, [
    'sign',
  ]);
  return { key: imported, algorithm: { name: 'ECDSA', hash: hashOf(curve) } };
}

function curveOf(key: KeyObject): string {
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  if (key.asymmetricKeyType !== 'ec' || typeof jwk.crv !== 'string') {
    throw new FatalError('the key of a certificate authority must be RSA or ECDSA; give one that is, or remove it');
  }
  return jwk.crv;
}
