import type { Authenticator } from '../auth/authenticator.js';
import type { Authorizer } from '../auth/types.js';
import type { Awaitable } from '../machinery/awaitable.js';
import { timeout } from '../machinery/status.js';
import { Turns } from '../machinery/turns.js';
import { respondError } from '../rest/respond.js';
import type { Handler, HandlerReply } from '../rest/types.js';
import { Deadlines } from './deadlines.js';
import type { Aggregator } from '../aggregator/index.js';
import { withAggregation } from './filters/aggregation.js';
import { type AuditParts, withAudit, withFailedAuthenticationAudit } from './filters/audit.js';
import { withAuthentication } from './filters/authentication.js';
import { withAuthorization } from './filters/authorization.js';
import { withBody } from './filters/body.js';
import { withCors } from './filters/cors.js';
import type { Filter } from './filters/filter.js';
import { withHsts } from './filters/hsts.js';
import { withImpersonation } from './filters/impersonation.js';
import type { PriorityAndFairness } from '../flowcontrol/index.js';
import { withMaxInFlightLimit } from './filters/max-in-flight.js';
import { withPriorityAndFairness } from './filters/priority-and-fairness.js';
import { withRequestDeadline } from './filters/request-deadline.js';
import { withRequestInfo } from './filters/request-info.js';
import { withRetryAfter } from './filters/retry-after.js';
import type { Answer, RequestHandler } from './http-listener.js';
import type { InFlight } from './in-flight.js';
import type { RequestMetrics } from './metrics.js';
import { endingAt } from './session-end.js';
import { RequestContext } from './request-context.js';
import { isBug, statusOf } from './status-of.js';

export interface ChainParts {
  readonly authenticator: Authenticator;
  /** See `withAuthentication`. */
  readonly catchUp?: () => Awaitable<void>;
  readonly authorizer: Authorizer;
  /** Bounds the requests in flight where there is no priority and fairness. */
  readonly inFlight: InFlight;
  /** Who waits, and who is let in first; absent where it is switched off. */
  readonly fairness?: PriorityAndFairness | undefined;
  readonly metrics: RequestMetrics;
  /** What is recorded of requests; nothing when absent. */
  readonly audit?: AuditParts;
  /** `--shutdown-send-retry-after`: whether new requests are refused by now; they never are when absent. */
  readonly takesNoMore?: (() => boolean) | undefined;
  /** `--strict-transport-security-directives`; none when absent. */
  readonly hsts?: readonly string[];
  /** `--cors-allowed-origins`; none when absent. */
  readonly corsOrigins?: readonly string[];
  /** `--request-timeout` in ms; 0 is none. */
  readonly requestTimeoutMs: number;
  /** What other servers serve; nothing when absent. */
  readonly aggregator?: Aggregator;
  /** Everything below /api and /apis that names a resource. */
  readonly resources: Handler;
  /** Every other path: health, version, metrics, discovery, OpenAPI. */
  readonly paths: Handler;
}

/**
 * The request chain, in kube-apiserver's order (DefaultBuildHandlerChain). Priority and fairness takes the place of the
 * limit on requests in flight.
 */
function filtersOf(parts: ChainParts): readonly Filter[] {
  const { takesNoMore, hsts = [], corsOrigins = [] } = parts;
  return [
    ...(takesNoMore === undefined ? [] : [withRetryAfter(takesNoMore)]),
    ...(hsts.length === 0 ? [] : [withHsts(hsts)]),
    ...(corsOrigins.length === 0 ? [] : [withCors(corsOrigins)]),
    withRequestInfo,
    withRequestDeadline(parts.requestTimeoutMs),
    ...(parts.audit === undefined ? [] : [withFailedAuthenticationAudit(parts.audit)]),
    withAuthentication(parts.authenticator, parts.catchUp),
    ...(parts.audit === undefined ? [] : [withAudit(parts.audit)]),
    withImpersonation(parts.authorizer),
    parts.fairness === undefined ? withMaxInFlightLimit(parts.inFlight) : withPriorityAndFairness(parts.fairness),
    withAuthorization(parts.authorizer),
    withAggregation(parts.aggregator),
    withBody,
  ];
}

/** Hands every request through the filters to its handler, and answers whatever goes wrong on the way. */
export function createChain(parts: ChainParts): RequestHandler {
  const filters = filtersOf(parts);
  const deadlines = new Deadlines();
  // As many wait as there are connections, for each has one request at a time.
  const turns = new Turns();

  const goOn = (context: RequestContext, from: number): Awaitable<HandlerReply> => {
    for (let i = from; i < filters.length; i++) {
      const answer = filters[i]?.(context);
      if (answer instanceof Promise) return goOnAfter(context, answer, i + 1);
      if (answer !== undefined) return answer;
    }
    return context.info.isResourceRequest ? parts.resources(context) : parts.paths(context);
  };

  const goOnAfter = async (
    context: RequestContext,
    step: Promise<HandlerReply | undefined>,
    next: number,
  ): Promise<HandlerReply> => {
    const reply = await step;
    if (reply !== undefined) return reply;
    return turns.run(() => {
      context.at = performance.now();
      return goOn(context, next);
    });
  };

  const finish = (context: RequestContext, reply: HandlerReply): Awaitable<Answer> => {
    const warned = withWarnings(reply, context.warnings);
    const told = 'accept' in warned || 'handOver' in warned ? endingAt(warned, context.sessionEnd, Date.now) : warned;
    context.at = performance.now();
    const over = parts.metrics.observe(
      context.info,
      context.method,
      told,
      context.at - context.received,
      context.queuedMs,
      context.isTerminated,
    );
    context.answered(told);
    const { onFinished } = context;
    const answer: Answer = {
      reply: told,
      auditId: context.auditId,
      headers: context.answerHeaders,
      finished: over === undefined ? onFinished : both(over, onFinished),
    };
    // Such a connection stays open: its request has been handled.
    if (told.status === 101) context.onFinished?.();
    const recorded = context.finishing === undefined ? answer : context.finishing(context, answer);
    return context.delaying === undefined ? recorded : context.delaying(recorded);
  };

  const fail = (context: RequestContext, error: unknown): Awaitable<Answer> => {
    if (isBug(error)) {
      context.bug = error instanceof Error ? error.message : String(error);
      context.isTerminated = true;
    }
    return finish(context, respondError(context, statusOf(error, context.method, context.path)));
  };

  /** Waits for the answer, but not for longer than the request may take; what comes then is dropped. */
  const inTime = (context: RequestContext, reply: Promise<HandlerReply>): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { deadline } = context;
      let settled = false;
      const settle = (answer: () => Awaitable<Answer>): void => {
        if (settled) return;
        settled = true;
        deadlines.remove(waiting);
        const given = answer();
        // To resolve with a promise takes two more turns of the microtasks than to follow it.
        if (given instanceof Promise) given.then(resolve, reject);
        else resolve(given);
      };
      const expire = (): void =>
        settle(() => {
          context.isTerminated = true;
          return fail(context, tooLate());
        });
      const waiting = { deadline, expire };
      if (deadline !== Number.POSITIVE_INFINITY) deadlines.add(waiting);
      reply.then(
        (r) => settle(() => finish(context, r)),
        (error: unknown) => settle(() => fail(context, error)),
      );
    });

  const begin = (context: RequestContext): Awaitable<Answer> => {
    try {
      const reply = goOn(context, 0);
      return reply instanceof Promise ? inTime(context, reply) : finish(context, reply);
    } catch (error) {
      return fail(context, error);
    }
  };

  return {
    serve(incoming) {
      const context = new RequestContext(incoming);
      return turns.run(() => begin(context), context.received);
    },
  };
}

const both =
  (first: () => void, second: (() => void) | undefined): (() => void) =>
  () => {
    first();
    second?.();
  };

/** kube-apiserver's answer to a request that took longer than it may (WithTimeoutForNonLongRunningRequests). */
const tooLate = () => timeout('request did not complete within the allotted timeout');

function withWarnings(reply: HandlerReply, warnings: readonly string[]): HandlerReply {
  if (warnings.length === 0) return reply;
  return { ...reply, warnings: [...warnings, ...(reply.warnings ?? [])] };
}
