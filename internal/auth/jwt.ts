import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { FatalError } from '../machinery/assert.js';
import { isObject, type JsonObject, type JsonValue } from '../machinery/json.js';

/** Tokens longer than this are not looked at: no request line with its headers is. In characters. */
const MAX_TOKEN_LENGTH = 64 * 1024;
const CURVES: Readonly<Record<string, { alg: string; hash: string }>> = {
  prime256v1: { alg: 'ES256', hash: 'sha256' },
  secp384r1: { alg: 'ES384', hash: 'sha384' },
  secp521r1: { alg: 'ES512', hash: 'sha512' },
};

/** A key that tokens are signed or verified with, and how (RFC 7518). */
export interface TokenKey {
  readonly id: string;
  readonly alg: string;
  readonly hash: string;
  readonly key: KeyObject;
}

/** The key with the algorithm that kube-apiserver uses for its type; the id is the hash of the public half. Throws FatalError. */
export function tokenKey(key: KeyObject): TokenKey {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const der = publicKey.export({ format: 'der', type: 'spki' });
  const id = createHash('sha256').update(der).digest('base64url');
  if (key.asymmetricKeyType === 'rsa') return { id, alg: 'RS256', hash: 'sha256', key };
  const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (key.asymmetricKeyType !== 'ec' || curve === undefined) {
    throw new FatalError('service account keys must be RSA or ECDSA on P-256, P-384 or P-521: give such a key');
  }
  return { id, ...curve, key };
}

/** Signs claims (RFC 7515, compact form). `key` holds a private key. */
export function signToken(claims: JsonObject, key: TokenKey): string {
  const head = encode({ alg: key.alg, kid: key.id });
  const signed = `${head}.${encode(claims)}`;
  const signature = sign(key.hash, Buffer.from(signed), { key: key.key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** The claims of a token, not verified; undefined when it has not the form of one. */
export function readClaims(token: string): JsonObject | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined;
  const parts = token.split('.');
  return parts.length === 3 ? decode(parts[1] ?? '') : undefined;
}

/** Whether one of the keys signed the token. A key is tried only with its own algorithm. */
export function isSigned(token: string, keys: readonly TokenKey[]): boolean {
  const [head = '', claims = '', signature = ''] = token.split('.');
  const header = decode(head);
  // `crit` names what must be understood to verify the token (RFC 7515, section 4.1.11): nothing of it is known here.
  if (header === undefined || header['crit'] !== undefined || !isBase64Url(signature)) return false;
  const data = Buffer.from(`${head}.${claims}`);
  const bytes = Buffer.from(signature, 'base64url');
  return keys.some(
    (k) =>
      header['alg'] === k.alg &&
      (header['kid'] === undefined || header['kid'] === k.id) &&
      verify(k.hash, data, { key: k.key, dsaEncoding: 'ieee-p1363' }, bytes),
  );
}

function encode(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Whether this is base64url as it is written without padding: a lenient decoder skips what is not. */
function isBase64Url(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text;
}

function decode(part: string): JsonObject | undefined {
  if (!isBase64Url(part)) return undefined;
  try {
    const value = JSON.parse(Buffer.from(part, 'base64url').toString()) as JsonValue;
    return isObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
