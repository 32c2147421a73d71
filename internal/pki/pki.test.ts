import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { certificateFacts } from '../auth/client-cert.js';
import { FatalError } from '../machinery/assert.js';
import { kubeconfig } from './kubeconfig.js';
import { ensurePki, issueAdmin, readPair, writeWhole } from './pki.js';
import { issue } from './x509.js';

const dir = mkdtempSync(join(tmpdir(), 'quorate-pki-'));
const options = { serviceIp: '10.96.0.1', extraNames: ['api.example.test', '192.0.2.7'] };
const cert = (name: string): X509Certificate => new X509Certificate(readFileSync(join(dir, `${name}.crt`)));

beforeAll(() => ensurePki(dir, options));
afterAll(() => rmSync(dir, { recursive: true }));

test('the serving certificate is good for every name of the API', () => {
  const serving = cert('apiserver');
  expect(serving.verify(cert('ca').publicKey)).toBe(true);
  for (const host of ['localhost', 'kubernetes', 'kubernetes.default.svc.cluster.local', 'api.example.test']) {
    expect(serving.checkHost(host)).toBe(host);
  }
  for (const ip of ['127.0.0.1', '10.96.0.1', '192.0.2.7']) expect(serving.checkIP(ip)).toBe(ip);
  expect(serving.checkHost('other.example.test')).toBeUndefined();
});

test('the administrator is kubernetes-admin in system:masters', async () => {
  const admin = await issueAdmin(dir);
  const facts = certificateFacts(admin.cert);
  expect([facts.commonName, facts.organizations]).toEqual(['kubernetes-admin', ['system:masters']]);
  expect(facts.certificate.verify(cert('ca').publicKey)).toBe(true);
  const text = kubeconfig({ server: 'https://127.0.0.1:6443', caCert: 'CA', user: 'kubernetes-admin', client: admin });
  expect(text).toContain(`client-key-data: ${Buffer.from(admin.key).toString('base64')}`);
});

test('peers have an authority of their own, and service account keys belong together', () => {
  expect(cert('peer/peer').verify(cert('peer/ca').publicKey)).toBe(true);
  expect(cert('peer/peer').verify(cert('ca').publicKey)).toBe(false);
  const publicHalf = createPublicKey(readFileSync(join(dir, 'sa.key'))).export({ format: 'pem', type: 'spki' });
  expect(readFileSync(join(dir, 'sa.pub'), 'utf8')).toBe(publicHalf);
});

test('keys can be read by their owner only', () => {
  for (const key of ['ca.key', 'apiserver.key', 'sa.key', 'peer/peer.key']) {
    expect(statSync(join(dir, key)).mode & 0o777).toBe(0o600);
  }
});

test('what exists is kept; what is missing is made again; a lost key is told', async () => {
  const before = readFileSync(join(dir, 'apiserver.crt'), 'utf8');
  rmSync(join(dir, 'front-proxy-client.crt'));
  await ensurePki(dir, options);
  expect(readFileSync(join(dir, 'apiserver.crt'), 'utf8')).toBe(before);
  expect(cert('front-proxy-client').verify(cert('front-proxy-ca').publicKey)).toBe(true);
  rmSync(join(dir, 'front-proxy-client.key'));
  await expect(ensurePki(dir, options)).rejects.toThrow(FatalError);
});

test('an authority with an RSA key, as kubeadm makes it, can sign', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ format: 'pem', type: 'pkcs1' }).toString();
  // Only the key differs: the issuer's name and the signature are what is looked at here.
  const signed = await issue({ ...readPair(dir, 'ca'), key: pem }, { commonName: 'x', usages: ['client'] });
  expect(new X509Certificate(signed.cert).verify(createPublicKey(privateKey))).toBe(true);
});

test('a file is written whole', () => {
  const file = join(dir, 'deep', 'file');
  writeWhole(file, 'text', 0o640);
  expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual(['text', 0o640]);
});

test('a file that holds what is to be written is left alone, so a start needs no room on the disk', () => {
  const file = join(dir, 'same');
  writeWhole(file, 'text', 0o600);
  const before = statSync(file).ino;
  writeWhole(file, 'text', 0o600);
  expect(statSync(file).ino).toBe(before);
  writeWhole(file, 'text', 0o644);
  expect(statSync(file).mode & 0o777).toBe(0o644);
});

test('a file that cannot be written is told in a sentence, and leaves nothing behind', () => {
  const place = join(dir, 'taken');
  mkdirSync(join(place, 'file'), { recursive: true });
  const write = (): void => writeWhole(join(place, 'file'), 'text', 0o600);
  expect(write).toThrow(FatalError);
  expect(write).toThrow(`cannot write ${join(place, 'file')}: `);
  expect(readdirSync(place)).toEqual(['file']);
});
