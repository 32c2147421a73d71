import { child, num, str } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import { objectKey } from '../store/keys.js';
import type { Backend } from '../store/types.js';
import { type Authenticator, bearerToken, type Credentials, withAuthenticatedGroup } from './authenticator.js';
import { isSigned, readClaims, type TokenKey } from './jwt.js';
import { Lru } from './lru.js';
import type { UserInfo } from './types.js';

/** Tokens whose signature is remembered. */
const CACHED = 4096;
/** A token bound to an object that is being deleted stays good this long past its grace. */
const DELETION_LEEWAY_MS = 60_000;

export interface ServiceAccountTokenOptions {
  readonly backend: Backend;
  readonly issuers: readonly string[];
  /** Audiences of this server. */
  readonly audiences: readonly string[];
  readonly keys: readonly TokenKey[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Known {
  readonly user: UserInfo;
  readonly audiences: readonly string[];
  readonly notBefore: number;
  readonly expires: number;
  /** Objects that must be there with these uids. */
  readonly bound: readonly { readonly key: string; readonly uid: string }[];
}

/**
 * Users by bound service account tokens. The signature is checked once per token; that the account and what the token
 * is bound to still exist, for every request.
 */
export function serviceAccountAuthenticator(options: ServiceAccountTokenOptions): Authenticator {
  const cache = new Lru<Known>(CACHED);
  const uids = new Lru<{ modRevision: number; uid: string; goneAt: number }>(CACHED);
  const exists = ({ key, uid }: { key: string; uid: string }): boolean => {
    const stored = options.backend.get(key);
    if (stored === undefined) return false;
    let facts = uids.get(key);
    if (facts === undefined || facts.modRevision !== stored.modRevision) {
      facts = { modRevision: stored.modRevision, ...lifeOf(JSON.parse(stored.value.toString()) as JsonObject) };
      uids.set(key, facts);
    }
    return facts.uid === uid && options.now() < facts.goneAt;
  };
  return {
    authenticate(credentials: Credentials) {
      const token = bearerToken(credentials);
      if (token === '') return undefined;
      let known = cache.get(token);
      if (known === undefined) {
        const claims = readClaims(token);
        if (claims === undefined || !options.issuers.includes(str(claims, 'iss'))) return undefined;
        if (!isSigned(token, options.keys)) return 'invalid';
        known = knownOf(claims);
        if (known === undefined) return 'invalid';
        cache.set(token, known);
      }
      const now = options.now();
      const wanted = credentials.audiences ?? options.audiences;
      const good =
        now >= known.notBefore &&
        now < known.expires &&
        known.audiences.some((a) => wanted.includes(a)) &&
        known.bound.every(exists);
      return good ? known.user : 'invalid';
    },
  };
}

function lifeOf(object: JsonObject): { uid: string; goneAt: number } {
  const metadata = child(object, 'metadata');
  const deletion = str(metadata, 'deletionTimestamp');
  return {
    uid: str(metadata, 'uid'),
    goneAt: deletion === '' ? Infinity : Date.parse(deletion) + DELETION_LEEWAY_MS,
  };
}

function knownOf(claims: JsonObject): Known | undefined {
  const kubernetes = child(claims, 'kubernetes.io');
  const account = child(kubernetes, 'serviceaccount');
  const namespace = str(kubernetes, 'namespace');
  const name = str(account, 'name');
  const username = `system:serviceaccount:${namespace}:${name}`;
  if (namespace === '' || name === '' || str(claims, 'sub') !== username) return undefined;
  const aud = claims['aud'];
  const extra: Record<string, string[]> = {};
  const jti = str(claims, 'jti');
  if (jti !== '') extra['authentication.kubernetes.io/credential-id'] = [`JTI=${jti}`];
  const bound = [{ key: objectKey('', 'serviceaccounts', namespace, name), uid: str(account, 'uid') }];
  const pod = child(kubernetes, 'pod');
  const node = child(kubernetes, 'node');
  const secret = child(kubernetes, 'secret');
  if (pod !== undefined) {
    bound.push({ key: objectKey('', 'pods', namespace, str(pod, 'name')), uid: str(pod, 'uid') });
    extra['authentication.kubernetes.io/pod-name'] = [str(pod, 'name')];
    extra['authentication.kubernetes.io/pod-uid'] = [str(pod, 'uid')];
  }
  if (secret !== undefined) {
    bound.push({ key: objectKey('', 'secrets', namespace, str(secret, 'name')), uid: str(secret, 'uid') });
  }
  if (node !== undefined) {
    // A pod's token only tells its node; a token bound to the node itself goes with it.
    if (pod === undefined) bound.push({ key: objectKey('', 'nodes', '', str(node, 'name')), uid: str(node, 'uid') });
    extra['authentication.kubernetes.io/node-name'] = [str(node, 'name')];
    if (str(node, 'uid') !== '') extra['authentication.kubernetes.io/node-uid'] = [str(node, 'uid')];
  }
  return {
    user: withAuthenticatedGroup({
      username,
      uid: str(account, 'uid'),
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
      extra,
    }),
    audiences: (Array.isArray(aud) ? aud : [aud]).filter((a): a is string => typeof a === 'string'),
    notBefore: (num(claims, 'nbf') ?? 0) * 1000,
    expires: (num(claims, 'exp') ?? 0) * 1000,
    bound,
  };
}
