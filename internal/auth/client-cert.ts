import { X509Certificate } from 'node:crypto';
// Before any `toLegacyObject`: where that is what loads node:tls, node's modules need each other in a circle, and the whole
// process is left without `tls.createSecureContext`.
import 'node:tls';
import { type Authenticator, withAuthenticatedGroup } from './authenticator.js';
import { certificateTexts } from '../machinery/pem.js';
import { authLatency } from './latency.js';
import { Lru } from './lru.js';
import type { UserInfo } from './types.js';

/** Certificates whose reading is remembered: one per connected client is plenty. */
const CACHED = 4096;

/** What a client certificate says, as far as the server needs it. */
export interface CertificateFacts {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
  readonly sha256: string;
  readonly certificate: X509Certificate;
}

/** Splits a PEM bundle into its certificates. Throws for one that cannot be read, and for more than 512. */
export function parseBundle(pem: string): X509Certificate[] {
  return certificateTexts(pem).map((block) => new X509Certificate(block));
}

/** Reads subject, validity and fingerprint from a PEM. Throws when it is not a certificate. */
export function certificateFacts(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem);
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[] | undefined>;
  return {
    commonName: list(subject['CN']).at(-1) ?? '',
    organizations: list(subject['O']),
    notAfter: Date.parse(certificate.validTo),
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    certificate,
  };
}

function list(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/**
 * Users by client certificate: the common name is the user, the organizations are the groups
 * (apiserver's CommonNameUserConversion). The TLS layer has verified the chain; the expiry is checked again for every
 * request, because connections outlive certificates. `isOurs` tells apart the authorities that the port accepts: the
 * certificate of another one (a front proxy's) is refused rather than taken for none, as kube-apiserver does. What it says
 * is remembered while `generation` stays the same.
 */
export function clientCertAuthenticator(
  isOurs: (facts: CertificateFacts) => boolean,
  generation: () => number = () => 0,
): Authenticator {
  const cache = new Lru<{ user: UserInfo | 'invalid' | undefined; notAfter: number; generation: number }>(CACHED);
  return {
    authenticate(credentials) {
      const pem = credentials.peerCertificate;
      if (pem === '') return undefined;
      let known = cache.get(pem);
      if (known === undefined || known.generation !== generation()) {
        const facts = certificateFacts(pem);
        const user = isOurs(facts) ? userOf(facts) : 'invalid';
        known = { user, notAfter: facts.notAfter, generation: generation() };
        cache.set(pem, known);
      }
      const leftMs = known.notAfter - Date.now();
      authLatency.certificate(leftMs);
      // Written so that a time that cannot be read counts as over.
      return known.user !== 'invalid' && leftMs >= 0 ? known.user : 'invalid';
    },
  };
}

function userOf(facts: CertificateFacts): UserInfo | undefined {
  if (facts.commonName === '') return undefined;
  return withAuthenticatedGroup({
    username: facts.commonName,
    uid: '',
    groups: facts.organizations,
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${facts.sha256}`] },
  });
}
