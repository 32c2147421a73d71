import { type AuthenticationResult, withAuthenticatedGroup } from '../../auth/authenticator.js';
import { alwaysAllow } from '../../auth/authorizers.js';
import type { Attributes, Authorizer, Decision, UserInfo } from '../../auth/types.js';
import type { Awaitable } from '../../machinery/awaitable.js';
import type { Reply } from '../../rest/types.js';
import { type ChainParts, createChain } from '../chain.js';
import type { Answer, IncomingRequest, RequestHandler } from '../http-listener.js';
import { inFlightLimit } from '../in-flight.js';
import { RequestMetrics } from '../metrics.js';

/** What handlers answer. */
export const ok: Reply = { status: 200, contentType: 'text/plain', body: 'ok' };
/** Who asks. */
export const ann: UserInfo = withAuthenticatedGroup({ username: 'ann', uid: '', groups: [], extra: {} });

/** What a test asks. */
export interface Asked {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: readonly string[];
  readonly readBody?: IncomingRequest['readBody'];
}

/** A request as it comes in. */
export function incoming({ method = 'GET', target = '/api/v1/pods', headers = [], readBody }: Asked): IncomingRequest {
  const [rawPath = '', rawQuery = ''] = target.split('?');
  return {
    method,
    rawPath,
    rawQuery,
    headers,
    peerCertificate: '',
    onAborted: () => undefined,
    readBody: readBody ?? (() => Buffer.alloc(0)),
    openBody: () => undefined,
    remoteAddress: () => '127.0.0.1',
  };
}

/** A chain with these parts, in which `ann` may do everything where nothing else is said. */
export function chain(
  parts: Partial<ChainParts> = {},
  user: () => Awaitable<AuthenticationResult> = () => ann,
): RequestHandler {
  return createChain({
    authenticator: { authenticate: user },
    authorizer: alwaysAllow,
    inFlight: inFlightLimit(10, 10),
    metrics: new RequestMetrics(() => undefined),
    requestTimeoutMs: 60_000,
    resources: () => ok,
    paths: () => ok,
    ...parts,
  });
}

/** The code of an answer. */
export const statusOf = async (answer: Answer | Promise<Answer>): Promise<number> => (await answer).reply.status;
/** The message of a Status. */
export async function messageOf(answer: Answer | Promise<Answer>): Promise<string> {
  const { reply } = await answer;
  return 'body' in reply ? String((JSON.parse(reply.body.toString()) as { message: string }).message) : '';
}
/** An authorizer that always says the same, and notes what it was asked. */
export const verdict =
  (decision: Decision['decision']) =>
  (asked: Attributes[] = []): Authorizer => ({
    authorize: (a) => {
      asked.push(a);
      return { decision, reason: 'said so' };
    },
  });
