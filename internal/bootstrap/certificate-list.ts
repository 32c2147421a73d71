import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { child, children, str } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import { isObject, type JsonValue } from '../machinery/json.js';
import { kubeconfig } from '../pki/kubeconfig.js';
import { authorityOf, CERTIFICATES, isExternal, PKI_FILES, phaseName, readPair, writeWhole } from '../pki/pki.js';
import { renewPair } from '../pki/upkeep.js';
import type { NodePaths } from './node-paths.js';

/** A certificate of this node, by kubeadm's name for it. */
export interface ListedCertificate {
  readonly name: string;
  /** kubeadm's name of its authority; '' for an authority. */
  readonly ca: string;
  readonly notAfter: Date;
  /** PEM. */
  readonly cert: string;
  /** The file that it is in. */
  readonly file: string;
  /** The key of its authority is kept elsewhere: it is not renewed here. */
  readonly isExternal: boolean;
}

const RENEWED_KUBECONFIGS = ['admin', 'controller-manager', 'scheduler', 'super-admin'] as const;

/** All certificates and kubeconfigs of a node that quorate issued, authorities last; what is not there is left out. */
export function listCertificates(paths: NodePaths): ListedCertificate[] {
  const listed: ListedCertificate[] = [];
  for (const { name, ca } of CERTIFICATES) {
    const file = join(paths.pki, `${name}.crt`);
    if (!existsSync(file)) continue;
    const isElsewhere = isExternal(paths.pki, ca ?? name);
    const of = ca === undefined ? '' : phaseName(ca);
    listed.push(entry(phaseName(name), of, readFileSync(file, 'utf8'), file, isElsewhere));
  }
  for (const name of RENEWED_KUBECONFIGS) {
    const file = join(paths.kubernetes, `${name}.conf`);
    const isElsewhere = isExternal(paths.pki, PKI_FILES.ca);
    if (existsSync(file)) listed.push(entry(`${name}.conf`, 'ca', clientOf(file).cert, file, isElsewhere));
  }
  const order = (c: ListedCertificate): string => `${c.ca === '' ? 1 : 0}${c.name}`;
  return listed.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function entry(name: string, ca: string, cert: string, file: string, isElsewhere: boolean): ListedCertificate {
  try {
    return { name, ca, cert, file, isExternal: isElsewhere, notAfter: new Date(new X509Certificate(cert).validTo) };
  } catch (error) {
    throw new FatalError(
      `${file} holds no certificate (${error instanceof Error ? error.message : String(error)}): restore it, or remove it and run \`quorate init phase certs\``,
    );
  }
}

/** What a kubeconfig of kubeadm's kind says, as far as it is written again. */
function clientOf(file: string): { cert: string; server: string; cluster: string; caCert: string } {
  const config = load(readFileSync(file, 'utf8')) as JsonValue;
  const object = isObject(config) ? config : {};
  const named = children(object, 'clusters')[0];
  const cluster = child(named, 'cluster');
  const user = child(children(object, 'users')[0], 'user');
  const pem = (from: typeof user, key: string): string => Buffer.from(str(from, key), 'base64').toString('utf8');
  const cert = pem(user, 'client-certificate-data');
  if (cert === '')
    throw new FatalError(`${file} holds no client certificate: remove it, and run \`quorate init phase kubeconfig\``);
  return {
    cert,
    server: str(cluster, 'server'),
    cluster: str(named, 'name'),
    caCert: pem(cluster, 'certificate-authority-data'),
  };
}

/**
 * Issues a certificate anew, for the same names and uses, with a new key and a year from now; a kubeconfig gets it, and the
 * authority as it is now. Throws FatalError when the authority's key is not here.
 */
export async function renewCertificate(paths: NodePaths, certificate: ListedCertificate, days?: number): Promise<void> {
  const spec = CERTIFICATES.find(({ name }) => phaseName(name) === certificate.name);
  if (spec !== undefined) {
    await renewPair(paths.pki, spec, certificate.cert, days);
    return;
  }
  const { algorithmOf, issue, requestOf } = await import('../pki/x509.js');
  const request = requestOf(certificate.cert);
  const pair = await issue(authorityOf(paths.pki, PKI_FILES.ca), request, days, algorithmOf(certificate.cert));
  const { server, cluster } = clientOf(certificate.file);
  const caCert = readPair(paths.pki, PKI_FILES.ca).cert;
  writeWhole(certificate.file, kubeconfig({ server, cluster, caCert, user: request.commonName, client: pair }), 0o600);
}

/** Lets a kubeconfig believe another authority; who it speaks as stays. */
export function replaceAuthority(file: string, ca: string): void {
  const text = readFileSync(file, 'utf8');
  const changed = text.replace(/^(\s*certificate-authority-data:).*$/m, `$1 ${Buffer.from(ca).toString('base64')}`);
  if (changed !== text) writeWhole(file, changed, 0o600);
}

/** How long a certificate is still good, as kubeadm shows it: years, days, hours, minutes. */
export function residualTime(notAfter: Date, now: number): string {
  const ms = notAfter.getTime() - now;
  if (ms <= 0) return '<invalid>';
  const days = Math.floor(ms / 86_400_000);
  if (days >= 3 * 365) return `${Math.floor(days / 365)}y`;
  if (days >= 2) return `${days}d`;
  const hours = Math.floor(ms / 3_600_000);
  return hours >= 1 ? `${hours}h` : `${Math.floor(ms / 60_000)}m`;
}

/** What kubeadm calls a certificate where it speaks of it at length. */
export function longName(name: string): string {
  const spec = CERTIFICATES.find((one) => phaseName(one.name) === name);
  return spec === undefined ? `certificate embedded in the kubeconfig file ${name}` : spec.purpose.replace(/^the /, '');
}
