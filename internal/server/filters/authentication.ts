import type { AuthenticationResult, Authenticator } from '../../auth/authenticator.js';
import { authLatency } from '../../auth/latency.js';
import { attempts } from '../../auth/metrics.js';
import { withoutWebSocketToken } from '../../auth/web-socket-token.js';
import { unauthorized } from '../../machinery/status.js';
import type { RequestContext } from '../request-context.js';
import { tokenEnd } from '../session-end.js';
import type { Filter } from './filter.js';

const EXTRA_SPACE = 'the provided Authorization header contains extra space before the bearer token, and is ignored';

/**
 * Who sent the request (apiserver's WithAuthentication); 401 for bad credentials, and for none where nobody may be
 * anonymous. `catchUp` resolves when this replica has everything that was committed when it was asked: a token that was
 * bound on another replica just now is good here too. Without it, what is not here is not there.
 */
export function withAuthentication(authenticator: Authenticator, catchUp: (() => Promise<void>) | undefined): Filter {
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
    const since = performance.now();
    const result = authenticator.authenticate(context);
    return result instanceof Promise ? result.then((r) => decide(context, since, r)) : decide(context, since, result);
  };
}

function accept(context: RequestContext, since: number, result: AuthenticationResult): undefined {
  if (typeof result !== 'object') {
    attempts.failure++;
    authLatency.refused(performance.now() - since);
    throw unauthorized();
  }
  attempts.success++;
  authLatency.authenticated(result.username, performance.now() - since);
  if (/^bearer {2}/i.test(context.header('authorization'))) context.warn(EXTRA_SPACE);
  if (context.header('upgrade') !== '') {
    context.sessionEnd = tokenEnd(context);
    context.headers = withoutWebSocketToken(context.headers);
  }
  context.authenticatedUser = result;
  context.user = result;
}
