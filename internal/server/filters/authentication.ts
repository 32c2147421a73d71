import type { AuthenticationResult, Authenticator } from '../../auth/authenticator.js';
import { authLatency } from '../../auth/latency.js';
import { attempts } from '../../auth/metrics.js';
import { withoutWebSocketToken } from '../../auth/web-socket-token.js';
import type { Awaitable } from '../../machinery/awaitable.js';
import { unauthorized } from '../../machinery/status.js';
import type { RequestContext } from '../request-context.js';
import { tokenEnd } from '../session-end.js';
import type { Filter } from './filter.js';

const SPACE = 0x20;
const EXTRA_SPACE = 'the provided Authorization header contains extra space before the bearer token, and is ignored';

/**
 * Who sent the request (apiserver's WithAuthentication); 401 for bad credentials, and for none where nobody may be
 * anonymous. `catchUp` resolves when this replica has everything that was committed when it was asked: a token that was
 * bound on another replica just now is good here too. Without it, what is not here is not there.
 */
export function withAuthentication(authenticator: Authenticator, catchUp: (() => Awaitable<void>) | undefined): Filter {
  const again = async (context: RequestContext, since: number): Promise<undefined> => {
    await catchUp?.();
    return accept(context, since, await authenticator.authenticate(context));
  };
  const decide = (
    context: RequestContext,
    since: number,
    result: AuthenticationResult,
  ): undefined | Promise<undefined> =>
    result === 'missing' && catchUp !== undefined ? again(context, since) : accept(context, since, result);
  return (context) => {
    const since = context.at;
    const result = authenticator.authenticate(context);
    return result instanceof Promise ? result.then((r) => decide(context, since, r)) : decide(context, since, result);
  };
}

/** `Bearer` and two blanks. */
const hasExtraSpace = (value: string): boolean =>
  value.charCodeAt(7) === SPACE && value.charCodeAt(6) === SPACE && /^bearer/i.test(value);

function accept(context: RequestContext, since: number, result: AuthenticationResult): undefined {
  context.at = performance.now();
  if (typeof result !== 'object') {
    attempts.failure++;
    authLatency.refused(context.at - since);
    throw unauthorized();
  }
  attempts.success++;
  authLatency.authenticated(result.username, context.at - since);
  if (hasExtraSpace(context.header('authorization'))) context.warn(EXTRA_SPACE);
  if (context.header('upgrade') !== '') {
    context.sessionEnd = tokenEnd(context);
    context.headers = withoutWebSocketToken(context.headers);
  }
  context.authenticatedUser = result;
  context.user = result;
}
