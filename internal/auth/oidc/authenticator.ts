import { str } from '../../machinery/access.js';
import { isObject, type JsonValue } from '../../machinery/json.js';
import { Turns } from '../../machinery/turns.js';
import { type Authenticator, bearerToken } from '../authenticator.js';
import { readClaims } from '../jwt.js';
import { cachedTokens } from '../token-cache.js';
import { checkStandardClaims, userOfClaims } from './claims.js';
import { IssuerKeys, type IssuerKeysOptions } from './issuer-keys.js';
import type { JwtAuthenticatorConfig } from './types.js';

/** kube-apiserver's: for so long the user of a token is remembered, without which each request would be verified. */
const REMEMBERED_MS = 10_000;

/** Signatures of many tokens are found good at once, and the expressions over each may take some time. */
const turns = new Turns();

/** An authenticator for the tokens of one issuer. */
export interface OidcAuthenticator extends Authenticator {
  /** Resolves when the issuer's keys are known. */
  readonly ready: Promise<void>;
  stop(): void;
}

/**
 * Users by the JSON web tokens of one issuer (apiserver's oidc authenticator). Tokens of others are not looked at. A token
 * is verified, and its claims are mapped, at most every 10 s; none is taken after its own end.
 */
export function oidcAuthenticator(config: JwtAuthenticatorConfig, options: IssuerKeysOptions): OidcAuthenticator {
  const { issuer } = config;
  const keys = new IssuerKeys(issuer, options);
  const verified = cachedTokens(
    async (token) => {
      const payload = await keys.verify(token);
      return await turns.run(() => {
        const claims = JSON.parse(payload.toString()) as JsonValue;
        if (!isObject(claims) || str(claims, 'iss') !== issuer.url) throw new Error('oidc: the token has no claims');
        checkStandardClaims(claims, issuer.audiences, options.now() / 1000);
        return { result: userOfClaims(config, claims), until: Number(claims['exp']) * 1000 };
      });
    },
    { hitMs: REMEMBERED_MS, missMs: 0, now: options.now },
  );
  return {
    ready: keys.ready,
    stop: () => keys.stop(),
    authenticate(credentials) {
      const token = bearerToken(credentials);
      if (token === '' || str(readClaims(token), 'iss') !== issuer.url) return undefined;
      // The audiences that a review asks about are this server's own: those of the token are the issuer's matter.
      return verified.authenticate({
        peerCertificate: '',
        header: (name) => credentials.header(name),
        headerValues: (name) => credentials.headerValues(name),
        headersWithPrefix: (prefix) => credentials.headersWithPrefix(prefix),
      });
    },
  };
}
