import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FatalError } from '../machinery/assert.js';
import { makeDirectory } from '../machinery/directory.js';
import type { KeyPair, LeafRequest } from './x509.js';

/** File names below a certificate directory: kubeadm's, and `peer/` for the gRPC between replicas. */
export const PKI_FILES = {
  ca: 'ca',
  apiserver: 'apiserver',
  kubeletClient: 'apiserver-kubelet-client',
  frontProxyCa: 'front-proxy-ca',
  frontProxyClient: 'front-proxy-client',
  serviceAccountKey: 'sa.key',
  serviceAccountPublicKey: 'sa.pub',
  peerCa: 'peer/ca',
  peer: 'peer/peer',
} as const;

export interface PkiOptions {
  /** Names and addresses beside the standard ones that the serving and peer certificates are valid for. */
  readonly extraNames?: readonly string[];
  /** First address of the service range: the `kubernetes` service. */
  readonly serviceIp: string;
}

/**
 * Makes what is missing in a certificate directory and keeps what is there.
 * Private keys get mode 0600. Throws FatalError when a certificate is there without its key.
 */
export async function ensurePki(dir: string, options: PkiOptions): Promise<void> {
  makeDirectory(dir);
  const names = [...(options.extraNames ?? [])];
  const ips = unique(['127.0.0.1', '::1', options.serviceIp, ...names.filter(isIp)]);
  const hosts = names.filter((n) => !isIp(n));
  const ca = await authority(dir, PKI_FILES.ca, 'kubernetes');
  await leaf(dir, PKI_FILES.apiserver, ca, {
    commonName: 'kube-apiserver',
    usages: ['server'],
    dnsNames: unique([
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      ...hosts,
    ]),
    ips,
  });
  await leaf(dir, PKI_FILES.kubeletClient, ca, {
    commonName: 'kube-apiserver-kubelet-client',
    organizations: ['kubeadm:cluster-admins'],
    usages: ['client'],
  });
  const frontProxy = await authority(dir, PKI_FILES.frontProxyCa, 'front-proxy-ca');
  await leaf(dir, PKI_FILES.frontProxyClient, frontProxy, { commonName: 'front-proxy-client', usages: ['client'] });
  const peerCa = await authority(dir, PKI_FILES.peerCa, 'quorate-peer-ca');
  await leaf(dir, PKI_FILES.peer, peerCa, {
    commonName: 'quorate-peer',
    usages: ['server', 'client'],
    dnsNames: unique(['localhost', ...hosts]),
    ips,
  });
  serviceAccountKeys(dir);
}

/** A client certificate of the administrator (user kubernetes-admin, group system:masters), signed by the authority in `dir`. */
export async function issueAdmin(dir: string): Promise<KeyPair> {
  const { issue } = await import('./x509.js');
  return issue(readPair(dir, PKI_FILES.ca), {
    commonName: 'kubernetes-admin',
    organizations: ['system:masters'],
    usages: ['client'],
  });
}

/** The certificate and key that are stored as `name`.crt and `name`.key. */
export function readPair(dir: string, name: string): KeyPair {
  return {
    cert: readFileSync(join(dir, `${name}.crt`), 'utf8'),
    key: readFileSync(join(dir, `${name}.key`), 'utf8'),
  };
}

/** Writes a file whole or not at all, so that a reader never sees half a key. */
export function writeWhole(file: string, text: string, mode: number): void {
  makeDirectory(dirname(file));
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode });
  renameSync(temporary, file);
}

async function authority(dir: string, name: string, commonName: string): Promise<KeyPair> {
  if (isThere(dir, name)) return readPair(dir, name);
  const { createAuthority } = await import('./x509.js');
  return store(dir, name, await createAuthority(commonName));
}

async function leaf(dir: string, name: string, ca: KeyPair, request: LeafRequest): Promise<void> {
  if (isThere(dir, name)) return;
  const { issue } = await import('./x509.js');
  store(dir, name, await issue(ca, request));
}

function isThere(dir: string, name: string): boolean {
  const [cert, key] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
  if (!existsSync(cert)) return false;
  if (existsSync(key)) return true;
  throw new FatalError(
    `${cert} is there but ${key} is not: put the key back, or remove the certificate to get a new pair`,
  );
}

function store(dir: string, name: string, pair: KeyPair): KeyPair {
  // The key first: a certificate without its key would be taken for a lost key on the next run.
  writeWhole(join(dir, `${name}.key`), pair.key, 0o600);
  writeWhole(join(dir, `${name}.crt`), pair.cert, 0o644);
  return pair;
}

/** RSA, because RS256 is what OpenID discovery announces for service account tokens. */
function serviceAccountKeys(dir: string): void {
  const keyFile = join(dir, PKI_FILES.serviceAccountKey);
  const publicFile = join(dir, PKI_FILES.serviceAccountPublicKey);
  if (!existsSync(keyFile)) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeWhole(keyFile, privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(), 0o600);
  }
  if (!existsSync(publicFile)) {
    const publicKey = createPublicKey(readFileSync(keyFile, 'utf8'));
    writeWhole(publicFile, publicKey.export({ format: 'pem', type: 'spki' }).toString(), 0o644);
  }
}

const isIp = (name: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(name) || name.includes(':');
const unique = (list: readonly string[]): string[] => [...new Set(list)];
