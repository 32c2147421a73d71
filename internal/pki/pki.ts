import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FatalError } from '../machinery/assert.js';
import { makeDirectory, reasonOf } from '../machinery/directory.js';
import type { KeyAlgorithm } from './key-algorithms.js';
import type { KeyPair, LeafRequest, Validity } from './x509.js';

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
  /** Default `cluster.local`. */
  readonly dnsDomain?: string;
  /** Days that new certificates are valid for; kubeadm's, when absent. */
  readonly validity?: Validity;
  /** What new keys are; ECDSA P-256 when absent. */
  readonly keys?: KeyAlgorithm;
  /** Only these, by their file names; all when absent. Authorities that they need must be there. */
  readonly only?: readonly string[];
  /** Called for each pair, before it is made or because it is there already. */
  readonly onPair?: (name: string, what: PairState) => void;
}

/** Of a pair that is there: `keyless` is an authority whose key is kept elsewhere. */
export type PairState = 'made' | 'kept' | 'keyless';

/** One certificate that is kept as files, what it is for, and who signs it. */
export interface CertificateSpec {
  /** Its file name without `.crt`. */
  readonly name: string;
  /** What `quorate init phase certs` says of it. */
  readonly purpose: string;
  /** File name of the authority; undefined for one that signs itself. */
  readonly ca?: string;
  readonly request: (options: PkiOptions) => LeafRequest;
}

const authoritySpec = (name: string, commonName: string, purpose: string): CertificateSpec => ({
  name,
  purpose,
  request: () => ({ commonName, usages: [] }),
});

/** Every certificate of a control plane, each authority before what it signs. */
export const CERTIFICATES: readonly CertificateSpec[] = [
  authoritySpec(PKI_FILES.ca, 'kubernetes', 'the authority of all Kubernetes components'),
  {
    name: PKI_FILES.apiserver,
    purpose: 'the certificate for serving the Kubernetes API',
    ca: PKI_FILES.ca,
    request: (options) => ({
      commonName: 'kube-apiserver',
      usages: ['server'],
      dnsNames: unique([
        'localhost',
        'kubernetes',
        'kubernetes.default',
        'kubernetes.default.svc',
        `kubernetes.default.svc.${options.dnsDomain ?? 'cluster.local'}`,
        ...hostsOf(options),
      ]),
      ips: addressesOf(options),
    }),
  },
  {
    name: PKI_FILES.kubeletClient,
    purpose: 'the certificate that the API server shows to kubelets',
    ca: PKI_FILES.ca,
    request: () => ({
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['kubeadm:cluster-admins'],
      usages: ['client'],
    }),
  },
  authoritySpec(PKI_FILES.frontProxyCa, 'front-proxy-ca', 'the authority of the front proxy'),
  {
    name: PKI_FILES.frontProxyClient,
    purpose: 'the certificate of the front proxy',
    ca: PKI_FILES.frontProxyCa,
    request: () => ({ commonName: 'front-proxy-client', usages: ['client'] }),
  },
  authoritySpec(PKI_FILES.peerCa, 'quorate-peer-ca', 'the authority of the replicas among each other'),
  {
    name: PKI_FILES.peer,
    purpose: 'the certificate that a replica shows to the others',
    ca: PKI_FILES.peerCa,
    request: (options) => ({
      commonName: 'quorate-peer',
      usages: ['server', 'client'],
      dnsNames: unique(['localhost', ...hostsOf(options)]),
      ips: addressesOf(options),
    }),
  },
];

const hostsOf = (options: PkiOptions): string[] => (options.extraNames ?? []).filter((n) => !isIp(n));
const addressesOf = (options: PkiOptions): string[] =>
  unique(['127.0.0.1', '::1', options.serviceIp, ...(options.extraNames ?? []).filter(isIp)]);

/**
 * Makes what is missing in a certificate directory and keeps what is there.
 * Private keys get mode 0600. Throws FatalError when a certificate is there without its key.
 */
export async function ensurePki(dir: string, options: PkiOptions): Promise<void> {
  makeDirectory(dir);
  const wanted = (name: string): boolean => options.only?.includes(name) ?? true;
  for (const spec of CERTIFICATES) if (wanted(spec.name)) await ensurePair(dir, spec, options);
  if (!wanted('sa')) return;
  const what = serviceAccountKeys(dir, options.keys);
  options.onPair?.('sa', what);
}

async function ensurePair(dir: string, spec: CertificateSpec, options: PkiOptions): Promise<void> {
  const { name, ca } = spec;
  const isKeyless = ca === undefined && isExternal(dir, name);
  const isKept = isKeyless || isThere(dir, name);
  options.onPair?.(name, isKeyless ? 'keyless' : isKept ? 'kept' : 'made');
  if (isKept) return;
  const { createAuthority, issue } = await import('./x509.js');
  const request = spec.request(options);
  const pair =
    ca === undefined
      ? await createAuthority(request.commonName, options.validity?.authorityDays, options.keys)
      : await issue(authorityOf(dir, ca), request, options.validity?.leafDays, options.keys);
  storePair(dir, name, pair);
}

/** Is the key of an authority kept elsewhere? What it signs is then made where the key is. */
export function isExternal(dir: string, name: string): boolean {
  return existsSync(join(dir, `${name}.crt`)) && !existsSync(join(dir, `${name}.key`));
}

/** An authority that signs. Throws FatalError when it, or its key, is not there. */
export function authorityOf(dir: string, name: string): KeyPair {
  if (isExternal(dir, name)) {
    throw new FatalError(
      `${join(dir, name)}.key is not there: what ${phaseName(name)} signs is to be made where that key is, and put here`,
    );
  }
  if (isThere(dir, name)) return readPair(dir, name);
  throw new FatalError(
    `${join(dir, name)}.crt is not there: make it first (quorate init phase certs ${phaseName(name)})`,
  );
}

/** What `init phase certs` calls a certificate: kubeadm's word for it. */
export function phaseName(name: string): string {
  return name === PKI_FILES.peerCa ? 'peer-ca' : name === PKI_FILES.peer ? 'peer' : name;
}

/** A client certificate of the administrator (user kubernetes-admin, group system:masters), signed by the authority in `dir`. */
export async function issueAdmin(dir: string): Promise<KeyPair> {
  const { issue } = await import('./x509.js');
  return issue(authorityOf(dir, PKI_FILES.ca), {
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

/**
 * Writes a file whole or not at all, so that a reader never sees half a key. One that holds just that is left alone: a
 * start needs no room on a full disk. Throws FatalError, naming the file and the reason, when it cannot be written.
 */
export function writeWhole(file: string, text: string, mode: number): void {
  if (holds(file, text, mode)) return;
  makeDirectory(dirname(file));
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text, { mode });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new FatalError(`cannot write ${file}: ${reasonOf(error)}. Make room, or correct the permissions.`);
  }
}

function holds(file: string, text: string, mode: number): boolean {
  try {
    return (statSync(file).mode & 0o777) === mode && readFileSync(file, 'utf8') === text;
  } catch {
    return false; // writing it will say why
  }
}

function isThere(dir: string, name: string): boolean {
  const [cert, key] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
  if (!existsSync(cert)) return false;
  if (existsSync(key)) return true;
  throw new FatalError(
    `${cert} is there but ${key} is not: put the key back, or remove the certificate to get a new pair`,
  );
}

/** Writes a certificate and its key. */
export function storePair(dir: string, name: string, pair: KeyPair): void {
  // The key first: a certificate without its key would be taken for a lost key on the next run.
  writeWhole(join(dir, `${name}.key`), pair.key, 0o600);
  writeWhole(join(dir, `${name}.crt`), pair.cert, 0o644);
}

/** RSA, because RS256 is what OpenID discovery announces for service account tokens. */
function serviceAccountKeys(dir: string, keys: KeyAlgorithm = 'RSA-2048'): 'made' | 'kept' {
  const keyFile = join(dir, PKI_FILES.serviceAccountKey);
  const publicFile = join(dir, PKI_FILES.serviceAccountPublicKey);
  const what = existsSync(keyFile) ? 'kept' : 'made';
  if (what === 'made') {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: keys.startsWith('RSA') ? Number(keys.slice('RSA-'.length)) : 2048,
    });
    writeWhole(keyFile, privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(), 0o600);
  }
  if (!existsSync(publicFile)) {
    writeWhole(publicFile, publicKeyOf(keyFile), 0o644);
  }
  return what;
}

function publicKeyOf(keyFile: string): string {
  const key = readFileSync(keyFile, 'utf8');
  try {
    return createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString();
  } catch (cause) {
    throw new FatalError(
      `${keyFile} holds no private key (${String(cause)}): put the key back, or remove it to get a new one (no token of the old one is good then)`,
    );
  }
}

const isIp = (name: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(name) || name.includes(':');
const unique = (list: readonly string[]): string[] => [...new Set(list)];
