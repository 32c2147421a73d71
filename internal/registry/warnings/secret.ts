import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { JsonObject } from '../../machinery/json.js';
import { type PemBlock, pemBlocks } from '../../machinery/pem.js';
import { quote } from '../../machinery/status.js';
import { FieldNode } from '../generic/field-node.js';

// What Go's crypto/tls.X509KeyPair says of a certificate and a key that do not go together.

const blocksOf = (base64: string): PemBlock[] => pemBlocks(Buffer.from(base64, 'base64').toString('latin1'));

/** Why none of the blocks is what is looked for. */
function notFound(blocks: readonly PemBlock[], what: string, where: string): string {
  if (blocks.length === 0) return `tls: failed to find any PEM data in ${where} input`;
  const types = blocks.map((b) => b.type).join(' ');
  return `tls: failed to find ${what} in ${where} input after skipping PEM blocks of the following types: [${types}]`;
}

function privateKey(der: Buffer): KeyObject | undefined {
  for (const type of ['pkcs1', 'pkcs8', 'sec1'] as const) {
    try {
      return createPrivateKey({ key: der, format: 'der', type });
    } catch {
      // The next form is tried, as Go does: what was wrong with each is not told.
    }
  }
  return undefined;
}

function leafOf(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    // Go's words for it say no more than that it is none.
    return undefined;
  }
}

/** What is wrong with a pair; both in base64 of PEM. */
function pairProblem(certificate: string, key: string): string | undefined {
  const certificates = blocksOf(certificate);
  const first = certificates.find((b) => b.type === 'CERTIFICATE');
  if (first === undefined) {
    return certificates.length === 1 && certificates[0]?.type.endsWith('PRIVATE KEY') === true
      ? 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'
      : notFound(certificates, '"CERTIFICATE" PEM block', 'certificate');
  }
  const keys = blocksOf(key);
  const block = keys.find((b) => b.type === 'PRIVATE KEY' || b.type.endsWith(' PRIVATE KEY'));
  if (block === undefined) {
    return keys.length === 1 && keys[0]?.type === 'CERTIFICATE'
      ? 'tls: found a certificate rather than a key in the PEM for the private key'
      : notFound(keys, `PEM block with type ending in ${quote('PRIVATE KEY')}`, 'key');
  }
  const leaf = leafOf(first.der);
  if (leaf === undefined) return 'x509: malformed certificate';
  const own = privateKey(block.der);
  if (own === undefined) return 'tls: failed to parse private key';
  if (own.asymmetricKeyType !== leaf.publicKey.asymmetricKeyType) {
    return 'tls: private key type does not match public key type';
  }
  return leaf.checkPrivateKey(own) ? undefined : 'tls: private key does not match public key';
}

/** A Secret of type kubernetes.io/tls whose key is not that of its certificate. */
export function secretWarnings(secret: JsonObject): string[] {
  const root = new FieldNode(secret);
  if (root.text('type') !== 'kubernetes.io/tls') return [];
  const data = root.struct('data');
  const problem = pairProblem(data.text('tls.crt'), data.text('tls.key'));
  return problem === undefined ? [] : [problem];
}
