import { createPrivateKey, createPublicKey, type X509Certificate } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { ClientAuthorities } from '../../internal/auth/client-authorities.js';
import { type TokenKey, tokenKey } from '../../internal/auth/jwt.js';
import { parseBundle } from '../../internal/auth/client-cert.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { readBounded } from '../../internal/machinery/bounded-file.js';
import { makeDirectory } from '../../internal/machinery/directory.js';
import { ensurePki, PKI_FILES, writeWhole } from '../../internal/pki/pki.js';
import type { ReplicaConfig } from '../../internal/replica/index.js';
import { archiveOf } from './archive-flags.js';
import { firstServiceIp, hostAddress, hostPort } from './addresses.js';
import type { FlagValues } from './flags.js';

/** Where the HTTPS side finds its files, and whom it believes. */
export interface ServingConfig {
  readonly certFile: string;
  readonly keyFile: string;
  /** All authorities of client certificates in one file, for the TLS layer; undefined when none was given. */
  readonly clientCaBundle: string | undefined;
  /** PEM; '' when not given. */
  readonly clientCa: string;
  readonly requestHeaderCa: string;
  /** Where they stand; '' when not given. */
  readonly clientCaFile: string;
  readonly requestHeaderCaFile: string;
  /** Who vouches for clients now. */
  readonly authorities: ClientAuthorities;
  /** What service account tokens are verified with: public keys. */
  readonly serviceAccountKeys: readonly TokenKey[];
  /** What they are signed with; undefined when no flag names a private key. */
  readonly signingKey: TokenKey | undefined;
}

/** Reads the files that the flags name; makes certificates in the certificate directory when no flag names any. */
export async function servingConfig(flags: FlagValues): Promise<ServingConfig> {
  checkFamilies(flags);
  let certFile = flags.string('tls-cert-file');
  let keyFile = flags.string('tls-private-key-file');
  if ((certFile === '') !== (keyFile === '')) {
    throw new FatalError('--tls-cert-file and --tls-private-key-file belong together: give both or neither');
  }
  let clientCaFile = flags.string('client-ca-file');
  let keyFiles = flags.list('service-account-key-file');
  let signingFile = flags.string('service-account-signing-key-file');
  const keyFlag = keyFiles.length > 0 ? '--service-account-key-file' : '--service-account-signing-key-file';
  if (keyFiles.length === 0 && signingFile !== '') keyFiles = [signingFile];
  const pki = certificateDirectory(flags);
  if (certFile === '') {
    await ensurePki(pki, {
      serviceIp: firstServiceIp(flags.string('service-cluster-ip-range')),
      extraNames: [advertisedAddress(flags), flags.string('external-hostname')].filter((n) => n !== ''),
    });
    certFile = join(pki, `${PKI_FILES.apiserver}.crt`);
    keyFile = join(pki, `${PKI_FILES.apiserver}.key`);
    if (clientCaFile === '') clientCaFile = join(pki, `${PKI_FILES.ca}.crt`);
    if (keyFiles.length === 0) {
      keyFiles = [join(pki, PKI_FILES.serviceAccountPublicKey)];
      signingFile = join(pki, PKI_FILES.serviceAccountKey);
    }
  }
  const requestHeaderCaFile = flags.string('requestheader-client-ca-file');
  const files = { certFile: resolve(certFile), keyFile: resolve(keyFile), clientCaFile, requestHeaderCaFile };
  const checked = checkServingFiles(flags, files);
  return {
    ...files,
    ...checked,
    authorities: new ClientAuthorities(checked.clientCa, checked.requestHeaderCa),
    serviceAccountKeys: keyFiles.flatMap((file) => publicKeysOf(file, keyFlag)),
    signingKey: signingFile === '' ? undefined : privateKeyOf(signingFile),
  };
}

/**
 * Reads the files of the HTTPS side, and writes the one of all authorities that the TLS layer takes. Throws FatalError
 * unless they fit together.
 */
export function checkServingFiles(
  flags: FlagValues,
  files: Pick<ServingConfig, 'certFile' | 'keyFile' | 'clientCaFile' | 'requestHeaderCaFile'>,
): Pick<ServingConfig, 'clientCa' | 'requestHeaderCa' | 'clientCaBundle'> {
  const { certFile, keyFile, clientCaFile, requestHeaderCaFile } = files;
  checkPair({ file: certFile, flag: '--tls-cert-file' }, { file: keyFile, flag: '--tls-private-key-file' });
  const clientCa = clientCaFile === '' ? '' : authorities(clientCaFile, '--client-ca-file');
  const requestHeaderCa =
    requestHeaderCaFile === '' ? '' : authorities(requestHeaderCaFile, '--requestheader-client-ca-file');
  const clientCaBundle = bundle(flags.string('data-dir'), [clientCa, requestHeaderCa]);
  return { clientCa, requestHeaderCa, clientCaBundle };
}

/** Where certificates are made when no flag names any. */
export function certificateDirectory(flags: FlagValues): string {
  return flags.string('cert-dir') === '' ? join(flags.string('data-dir'), 'pki') : flags.string('cert-dir');
}

/** The TLS layer takes one file of authorities. */
function bundle(dataDir: string, authorities: readonly string[]): string | undefined {
  const given = authorities.filter((a) => a !== '');
  if (given.length === 0) return undefined;
  const file = join(resolve(dataDir), 'client-authorities.crt');
  makeDirectory(dirname(file), 0o700);
  writeWhole(file, given.map((g) => `${g.trim()}\n`).join(''), 0o600);
  return file;
}

/** All keys of a file: while keys are changed, tokens of the old one and of the new one are good. */
function publicKeysOf(file: string, flag: string): TokenKey[] {
  const pem = readFlagFile(file, flag);
  const blocks = pem.match(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g) ?? [];
  // `openssl ecparam -genkey` writes the curve before the key.
  const keys = blocks.filter((block) => !block.startsWith('-----BEGIN EC PARAMETERS'));
  if (keys.length === 0) throw new FatalError(`${file} holds no RSA or ECDSA key: give a PEM file with one`);
  try {
    return keys.map((key) => tokenKey(createPublicKey(key)));
  } catch (cause) {
    throw new FatalError(`${file} holds no RSA or ECDSA key (${String(cause)}): give a PEM file with one`);
  }
}

function privateKeyOf(file: string): TokenKey {
  const pem = readFlagFile(file, '--service-account-signing-key-file');
  try {
    return tokenKey(createPrivateKey(pem));
  } catch (cause) {
    throw new FatalError(`${file} holds no RSA or ECDSA private key (${String(cause)}): give a PEM file with one`);
  }
}

/** The text of a file that a flag names, at most 1 MiB unless it is read otherwise. Throws FatalError, naming the flag. */
export function readFlagFile(file: string, flag: string, read: (path: string) => Buffer = readBounded): string {
  try {
    return read(file).toString();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new FatalError(`${flag} ${file} does not exist: correct the path`);
    throw new FatalError(`${flag} ${file} cannot be read (${code ?? String(error)}): correct it`);
  }
}

/** Text of a file of certificates. The TLS layer would blame the wrong file for one that holds none. */
function authorities(file: string, flag: string): string {
  const pem = readFlagFile(file, flag);
  let count = 0;
  try {
    count = parseBundle(pem).length;
  } catch (cause) {
    throw new FatalError(`${flag} ${file} holds a broken certificate (${String(cause)}): correct it`);
  }
  if (count === 0) throw new FatalError(`${flag} ${file} holds no certificate: give a PEM file with one`);
  return pem;
}

/** A file, and the flag that names it. */
interface NamedFile {
  readonly file: string;
  readonly flag: string;
}

/** The certificate to be shown. Throws FatalError unless it can be read and is that of the key. */
export function checkPair(cert: NamedFile, key: NamedFile): X509Certificate {
  const [certificate] = parseBundle(authorities(cert.file, cert.flag)) as [X509Certificate];
  const pem = readFlagFile(key.file, key.flag);
  let matches: boolean;
  try {
    matches = certificate.checkPrivateKey(createPrivateKey(pem));
  } catch (cause) {
    throw new FatalError(`${key.flag} ${key.file} holds no private key (${String(cause)}): correct it`);
  }
  if (matches) return certificate;
  throw new FatalError(
    `${key.flag} ${key.file} is not the key of ${cert.flag} ${cert.file}: give the pair that belongs together`,
  );
}

/** The three files of the TLS between replicas, read. Throws FatalError, which names the flag of the wrong one. */
function peerTls(ca: NamedFile, cert: NamedFile, key: NamedFile): { ca: string; cert: string; key: string } {
  const authority = authorities(ca.file, ca.flag);
  const shown = checkPair(cert, key);
  if (!parseBundle(authority).some((c) => shown.checkIssued(c) && shown.verify(c.publicKey))) {
    throw new FatalError(
      `${cert.flag} ${cert.file} was not signed by ${ca.flag} ${ca.file}: the other replicas would refuse it. Give the authority that signed it`,
    );
  }
  return { ca: authority, cert: readFlagFile(cert.file, cert.flag), key: readFlagFile(key.file, key.flag) };
}

/** The flags of the files of the TLS between replicas. */
export const PEER_FILE_FLAGS = ['peer-ca-file', 'peer-cert-file', 'peer-key-file'] as const;

/** What the three flags name, read and held against each other; undefined without them. Throws FatalError. */
export function peerTlsOf(flags: FlagValues): { ca: string; cert: string; key: string } | undefined {
  const [ca, cert, key] = PEER_FILE_FLAGS.map((name) => ({ file: flags.string(name), flag: `--${name}` }));
  if (ca === undefined || cert === undefined || key === undefined) return undefined;
  const given = [ca, cert, key].filter(({ file }) => file !== '').length;
  if (given === 0) return undefined;
  if (given !== 3) {
    throw new FatalError('--peer-ca-file, --peer-cert-file and --peer-key-file belong together: give all three');
  }
  return peerTls(ca, cert, key);
}

/** A write waits at most 10 s for the quorum and a read 5 s, and neither longer than `--request-timeout`. */
function requestTimeouts(flags: FlagValues): { txnTimeoutMs: number; readTimeoutMs: number } {
  const longest = flags.duration('request-timeout') || Number.POSITIVE_INFINITY;
  return { txnTimeoutMs: Math.min(10_000, longest), readTimeoutMs: Math.min(5_000, longest) };
}

/** What the replica needs, from the flags. Throws FatalError. */
export function replicaConfig(flags: FlagValues): Omit<ReplicaConfig, 'log' | 'onFatal'> {
  const peerListen = flags.string('peer-listen');
  if (peerListen !== '') hostPort(peerListen, '--peer-listen');
  if (flags.string('peer-address') !== '') hostPort(flags.string('peer-address'), '--peer-address');
  for (const member of flags.list('join')) hostPort(member, '--join');
  const initialCluster = flags.list('initial-cluster').map((member) => {
    const at = member.indexOf('=');
    if (at <= 0) {
      throw new FatalError(
        `--initial-cluster ${member} is not name=host:port: write e.g. r1=10.0.0.1:2380,r2=10.0.0.2:2380`,
      );
    }
    hostPort(member.slice(at + 1), '--initial-cluster');
    return { name: member.slice(0, at), address: member.slice(at + 1) };
  });
  const tls = peerTlsOf(flags);
  return {
    name: flags.string('name'),
    dataDir: resolve(flags.string('data-dir')),
    ...(peerListen === '' ? {} : { peerListen }),
    ...(initialCluster.length === 0 ? {} : { initialCluster }),
    ...(flags.string('initial-cluster-token') === ''
      ? {}
      : { initialClusterToken: flags.string('initial-cluster-token') }),
    ...(flags.list('join').length === 0 ? {} : { join: flags.list('join') }),
    ...(flags.string('peer-address') === '' ? {} : { peerAddress: flags.string('peer-address') }),
    ...(tls === undefined ? {} : { tls }),
    ...requestTimeouts(flags),
    heartbeatMs: flags.duration('heartbeat-interval'),
    electionMs: flags.duration('election-timeout'),
    compactionIntervalMs: flags.duration('etcd-compaction-interval'),
    logKeepEntries: Math.max(1, flags.int('log-keep-entries')),
    ...archiveOf(flags),
  };
}

/** The address that clients and members of the cluster are told. */
export function advertisedAddress(flags: FlagValues): string {
  const advertised = flags.string('advertise-address');
  if (advertised !== '') return advertised;
  const bound = flags.string('bind-address');
  if (bound !== '' && bound !== '0.0.0.0' && bound !== '::') return bound;
  return hostAddress(serviceFamily(flags));
}

/** The family of the first range of services. Throws FatalError for what is no range. */
function serviceFamily(flags: FlagValues): 'IPv4' | 'IPv6' {
  return isIPv6(firstServiceIp(flags.string('service-cluster-ip-range'))) ? 'IPv6' : 'IPv4';
}

/** The address of the `kubernetes` service leads to those of the servers, which must be of its family. Throws FatalError. */
function checkFamilies(flags: FlagValues): void {
  const address = advertisedAddress(flags);
  if (flags.string('endpoint-reconciler-type') === 'none' || isIP(address) === 0) return;
  if (isIPv6(address) === (serviceFamily(flags) === 'IPv6')) return;
  throw new FatalError(
    `--advertise-address ${address} is of another family than --service-cluster-ip-range ` +
      `${flags.string('service-cluster-ip-range')}: give an address of the family of the first range, or begin with a range of the address's`,
  );
}
