import { createPublicKey } from 'node:crypto';
import type { TokenKey } from '../auth/jwt.js';
import { StatusError } from '../machinery/status.js';
import type { ApiRequest, BytesReply } from '../rest/types.js';

/** What service account tokens are issued as, for verifiers outside the cluster (OpenID Connect Discovery 1.0). */
export interface OpenIdOptions {
  readonly issuer: string;
  /** `https://host:port/openid/v1/jwks`. */
  readonly jwksUri: string;
  /** Public keys of service account tokens. */
  readonly keys: readonly TokenKey[];
}

const JWKS_TYPE = 'application/jwk-set+json';

/** Answers the two discovery documents; undefined for any other path. */
export function handleOpenId(options: OpenIdOptions, request: ApiRequest): BytesReply | undefined {
  if (request.path === '/.well-known/openid-configuration') {
    needs(request, 'application/json');
    return cacheable('application/json', {
      issuer: options.issuer,
      jwks_uri: options.jwksUri,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [...new Set(options.keys.map((k) => k.alg))],
    });
  }
  if (request.path === '/openid/v1/jwks') {
    needs(request, JWKS_TYPE);
    return cacheable(JWKS_TYPE, { keys: options.keys.map(jwk) });
  }
  return undefined;
}

function cacheable(contentType: string, body: unknown): BytesReply {
  return {
    status: 200,
    contentType,
    headers: { 'Cache-Control': 'public, max-age=3600' },
    body: JSON.stringify(body),
  };
}

function needs(request: ApiRequest, type: string): void {
  const accept = request.header('accept');
  const ranges = accept.split(',').map((r) => (r.split(';')[0] ?? '').trim());
  if (accept === '' || ranges.some((r) => r === '*/*' || r === 'application/*' || r === type)) return;
  throw new StatusError(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${type}`, {});
}

function jwk(key: TokenKey): Record<string, unknown> {
  // Never the private half, whatever kind of key was given.
  const half = key.key.type === 'private' ? createPublicKey(key.key) : key.key;
  const { kty, ...fields } = half.export({ format: 'jwk' });
  return { use: 'sig', kty, kid: key.id, alg: key.alg, ...fields };
}
