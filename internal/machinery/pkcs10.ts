import { pemBlocks } from './pem.js';
import { constants, createPublicKey, verify } from 'node:crypto';
import { childrenOf, DER_BIT_STRING, DER_SET, DerError, type DerElement, oidOf, readDer } from './der.js';

/** What a certificate signing request (PKCS#10, RFC 2986) asks for, as far as this server looks. */
export interface SigningRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** DER of the part that is signed. */
  readonly signed: Buffer;
  /** DER of the public key (SubjectPublicKeyInfo). */
  readonly publicKey: Buffer;
  readonly signature: Buffer;
  /** Object identifier of the signature's algorithm. */
  readonly algorithm: string;
}

const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';

interface Algorithm {
  readonly hash: string | null;
  readonly pss?: true;
  /** What Go says of a signature that does not fit. */
  readonly failure: string;
}

const RSA_FAILURE = 'crypto/rsa: verification error';
const ECDSA_FAILURE = 'x509: ECDSA verification failure';
const rsa = (hash: string): Algorithm => ({ hash, failure: RSA_FAILURE });
const ecdsa = (hash: string): Algorithm => ({ hash, failure: ECDSA_FAILURE });

const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  // Refused in certificates, but a request signed with it still shows who has the key.
  '1.2.840.113549.1.1.5': rsa('sha1'),
  '1.2.840.10045.4.1': ecdsa('sha1'),
  '1.2.840.113549.1.1.11': rsa('sha256'),
  '1.2.840.113549.1.1.12': rsa('sha384'),
  '1.2.840.113549.1.1.13': rsa('sha512'),
  '1.2.840.113549.1.1.10': { hash: 'sha256', pss: true, failure: RSA_FAILURE },
  '1.2.840.10045.4.3.2': ecdsa('sha256'),
  '1.2.840.10045.4.3.3': ecdsa('sha384'),
  '1.2.840.10045.4.3.4': ecdsa('sha512'),
  '1.3.101.112': { hash: null, failure: 'x509: Ed25519 verification failure' },
};

const INSECURE: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.4': 'MD5-RSA',
};

/** The DER of the first PEM block, when it is of the type. */
export function pemBlock(pem: string, type: string): Buffer | undefined {
  const [first] = pemBlocks(pem);
  return first?.type === type ? first.der : undefined;
}

function subjectOf(name: DerElement | undefined): { commonName: string; organizations: string[] } {
  let commonName = '';
  const organizations: string[] = [];
  for (const set of childrenOf(name)) {
    for (const attribute of childrenOf(set, DER_SET)) {
      const [type, value] = childrenOf(attribute);
      const oid = oidOf(type);
      // 0x1e is a BMPString: two bytes a character.
      const text =
        value === undefined ? '' : value.tag === 0x1e ? bmp(value.contents) : value.contents.toString('utf8');
      if (oid === COMMON_NAME) commonName = text;
      else if (oid === ORGANIZATION) organizations.push(text);
    }
  }
  return { commonName, organizations };
}

const bmp = (bytes: Buffer): string => Buffer.from(bytes).swap16().toString('utf16le');

/** Reads the DER of a request. Throws DerError. */
export function parseSigningRequest(der: Buffer): SigningRequest {
  const outer = readDer(der);
  if (outer.raw.length < der.length) throw new DerError('asn1: syntax error: trailing data');
  const [info, algorithm, signature] = childrenOf(outer);
  const [, subject, publicKey] = childrenOf(info);
  if (info === undefined || publicKey === undefined || signature?.tag !== DER_BIT_STRING) {
    throw new DerError("asn1: structure error: tags don't match");
  }
  return {
    ...subjectOf(subject),
    signed: info.raw,
    publicKey: publicKey.raw,
    // The first byte counts the bits that are not used.
    signature: signature.contents.subarray(1),
    algorithm: oidOf(childrenOf(algorithm)[0]),
  };
}

/** Why the request is not signed with the key that it is for; undefined when it is. */
export function signatureProblem(request: SigningRequest): string | undefined {
  const algorithm = ALGORITHMS[request.algorithm];
  if (algorithm === undefined) {
    const insecure = INSECURE[request.algorithm];
    return insecure === undefined
      ? 'x509: cannot verify signature: algorithm unimplemented'
      : `x509: cannot verify signature: insecure algorithm ${insecure}`;
  }
  try {
    const key = createPublicKey({ key: request.publicKey, format: 'der', type: 'spki' });
    const options = algorithm.pss === true ? { key, padding: constants.RSA_PKCS1_PSS_PADDING } : key;
    return verify(algorithm.hash, request.signed, options, request.signature) ? undefined : algorithm.failure;
  } catch (e) {
    if (!(e instanceof Error)) throw e;
    // A key that OpenSSL cannot read, or one that is not of the algorithm's kind.
    return 'x509: signature algorithm specifies an algorithm that does not fit the public key';
  }
}
