import { createHash } from 'node:crypto';
import { logger } from '../machinery/log.js';
import type { AuthenticationResult, Authenticator } from './authenticator.js';
import { bearerToken } from './authenticator.js';
import { Lru } from './lru.js';

const log = logger('token-cache.ts');
/** Tokens that are remembered, as in kube-apiserver. */
export const CACHED_TOKENS = 4096;

/** What was found out about a token; `until` (ms since the epoch) when it is over, if it says so itself. */
export interface TokenAnswer {
  readonly result: AuthenticationResult;
  readonly until?: number;
}

export interface TokenCacheOptions {
  /** For how long a user is remembered, in ms. */
  readonly hitMs: number;
  /** For how long it is remembered that a token is not good, in ms. */
  readonly missMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told of each question whether it was known. */
  readonly asked?: (known: boolean) => void;
}

/**
 * Asks about each token once while its answer is fresh: at most CACHED_TOKENS are remembered, by a hash of them and the
 * audiences that they are wanted for, and no user for longer than the token is good. A question that is under way is not
 * asked twice. What fails is logged, is not remembered, and the token is refused.
 */
export function cachedTokens(
  ask: (token: string, audiences: readonly string[] | undefined) => Promise<TokenAnswer>,
  options: TokenCacheOptions,
): Authenticator {
  const known = new Lru<{ readonly result: AuthenticationResult; readonly until: number }>(CACHED_TOKENS);
  const underWay = new Map<string, Promise<AuthenticationResult>>();
  const find = async (
    key: string,
    token: string,
    audiences: readonly string[] | undefined,
  ): Promise<AuthenticationResult> => {
    try {
      const { result, until = Number.POSITIVE_INFINITY } = await ask(token, audiences);
      const keptMs = typeof result === 'object' ? options.hitMs : options.missMs;
      if (keptMs > 0) known.set(key, { result, until: Math.min(options.now() + keptMs, until) });
      return result;
    } catch (error) {
      log.verbose(2, `Unable to authenticate the request: ${error instanceof Error ? error.message : String(error)}`);
      return 'invalid';
    } finally {
      underWay.delete(key);
    }
  };
  return {
    authenticate(credentials) {
      const token = bearerToken(credentials);
      if (token === '') return undefined;
      const key = keyOf(token, credentials.audiences);
      const answer = known.get(key);
      const isFresh = answer !== undefined && options.now() < answer.until;
      options.asked?.(isFresh);
      if (isFresh) return answer.result;
      let finding = underWay.get(key);
      if (finding === undefined) {
        finding = find(key, token, credentials.audiences);
        underWay.set(key, finding);
      }
      return finding;
    },
  };
}

function keyOf(token: string, audiences: readonly string[] | undefined): string {
  const hash = createHash('sha256').update(token);
  for (const audience of audiences ?? []) hash.update('\0').update(audience);
  return hash.digest('base64');
}
