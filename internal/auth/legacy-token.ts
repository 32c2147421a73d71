import { str } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import { objectKey } from '../store/keys.js';
import { serviceAccountUser, type TokenFacts } from './token-facts.js';

/** Issuer of the tokens that live in Secrets of type kubernetes.io/service-account-token. */
export const LEGACY_ISSUER = 'kubernetes/serviceaccount';

const CLAIM = 'kubernetes.io/serviceaccount/';

/**
 * Reads the claims of a token from a Secret; undefined when they do not fit together. Such a token has no end: it is
 * good while its Secret holds it and its account is there.
 */
export function legacyClaims(claims: JsonObject, token: string): TokenFacts | undefined {
  const namespace = str(claims, `${CLAIM}namespace`);
  const secret = str(claims, `${CLAIM}secret.name`);
  const name = str(claims, `${CLAIM}service-account.name`);
  const uid = str(claims, `${CLAIM}service-account.uid`);
  if (namespace === '' || secret === '' || name === '' || uid === '') return undefined;
  const user = serviceAccountUser(namespace, name, uid, {});
  if (str(claims, 'sub') !== user.username) return undefined;
  return {
    user,
    audiences: [],
    notBefore: 0,
    issuedAt: 0,
    expires: Infinity,
    warnAfter: 0,
    bonds: [
      { key: objectKey('', 'serviceaccounts', namespace, name), uid },
      { key: objectKey('', 'secrets', namespace, secret), uid: '', token },
    ],
  };
}
