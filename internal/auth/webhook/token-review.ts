import { child, str, strings } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { emptyRecord } from '../../machinery/record.js';
import { type Authenticator, withAuthenticatedGroup } from '../authenticator.js';
import { authMetrics } from '../metrics.js';
import type { UserInfo } from '../types.js';
import { cachedTokens } from '../token-cache.js';
import { CallError, postReview, type ReviewServer } from '../../callout/index.js';

const GROUP = 'authentication.k8s.io';
/**
 * Characters of all that a webhook tells of a user, each text with three more: what a token in the head of a request could
 * hold as well. It is gone through for each request of the user, and remembered for each token.
 */
const MAX_USER = 65_536;

export interface TokenWebhookOptions {
  readonly server: ReviewServer;
  /** Of the TokenReview (`--authentication-token-webhook-version`). */
  readonly version: 'v1' | 'v1beta1';
  /** Audiences of this server, for which a webhook is taken to answer that does not know of audiences. */
  readonly audiences: readonly string[];
  /** How long an answer is remembered, whatever it is. */
  readonly cacheMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Users by the TokenReviews of a webhook (apiserver's webhook token authenticator); it is asked about each token once in a while. */
export function tokenWebhookAuthenticator(options: TokenWebhookOptions): Authenticator {
  const { server, version, cacheMs, now } = options;
  const apiVersion = `${GROUP}/${version}`;
  return cachedTokens(
    async (token, wanted = options.audiences) => {
      const spec = { token, ...(wanted.length === 0 ? {} : { audiences: [...wanted] }) };
      const began = performance.now();
      let answer: JsonObject;
      try {
        answer = await postReview(server, {
          kind: 'TokenReview',
          apiVersion,
          metadata: {},
          spec,
          status: { user: {} },
        });
        authMetrics.tokenReview('200', (performance.now() - began) / 1000);
      } catch (error) {
        const code = error instanceof CallError && error.status !== undefined ? String(error.status) : '<error>';
        authMetrics.tokenReview(code, (performance.now() - began) / 1000);
        throw error;
      }
      if (str(answer, 'kind') !== 'TokenReview' || str(answer, 'apiVersion') !== apiVersion) {
        throw new Error(`the webhook answers with ${str(answer, 'apiVersion')} ${str(answer, 'kind')}`);
      }
      const status = child(answer, 'status');
      if (status?.['authenticated'] !== true) return { result: 'invalid' };
      const told = strings(status, 'audiences');
      const confirmed = told.length > 0 ? told : options.audiences;
      if (wanted.length > 0 && !wanted.some((audience) => confirmed.includes(audience))) return { result: 'invalid' };
      const user = child(status, 'user');
      const extra = emptyRecord<string[]>();
      const given = child(user, 'extra') ?? {};
      for (const key of Object.keys(given)) extra[key] = strings(given, key);
      const groups = strings(user, 'groups');
      const made = { username: str(user, 'username'), uid: str(user, 'uid'), groups, extra };
      if (sizeOf(made) > MAX_USER) throw new Error(`the webhook tells more than ${MAX_USER} characters of a user`);
      return { result: withAuthenticatedGroup(made) };
    },
    { hitMs: cacheMs, missMs: cacheMs, now, asked: authMetrics.tokenCache },
  );
}

function sizeOf({ username, uid, groups, extra }: UserInfo): number {
  const texts = [username, uid, ...groups, ...Object.keys(extra), ...Object.values(extra).flat()];
  return texts.reduce((sum, { length }) => sum + length + 3, 0);
}
