import type { AuditMetrics } from '../../audit/metrics.js';
import type { PolicyEvaluator } from '../../audit/policy.js';
import { RequestAudit, type RequestBeginning, type StageFacts } from '../../audit/request-audit.js';
import { annotated, authorizationNotes, plainStatus } from '../../audit/shared-parts.js';
import type { AuditBackend, ObjectReference } from '../../audit/types.js';
import { assert } from '../../machinery/assert.js';
import type { Awaitable } from '../../machinery/awaitable.js';
import { LARGE_BYTES, nextTurn } from '../../machinery/breathe.js';
import type { JsonObject } from '../../machinery/json.js';
import { internalError } from '../../machinery/status.js';
import { formatDuration } from '../../machinery/time.js';
import type { BytesReply } from '../../rest/types.js';
import { objectOf, recorded, statusOfReply } from '../audit-response.js';
import type { Answer } from '../http-listener.js';
import { isLongRunning } from '../in-flight.js';
import type { Finishing, RequestContext } from '../request-context.js';
import { sourceIPs } from '../source-ips.js';
import { wallClockMs } from '../wall-clock.js';
import type { Filter } from './filter.js';

/** What is recorded, and where it goes. */
export interface AuditParts {
  readonly policy: PolicyEvaluator;
  readonly backend: AuditBackend;
  readonly metrics: AuditMetrics;
}

/** kube-apiserver's bound on the user agent of an event, in characters. */
const MAX_USER_AGENT = 1024;
/** Requests that took longer tell where their time went, milliseconds. */
const SLOW_MS = 500;
const LATENCY = 'apiserver.latency.k8s.io/';

/**
 * Records requests that are refused before their user is known, at the stage ResponseStarted
 * (apiserver's WithFailedAuthenticationAudit). It stands before authentication; `withAudit` takes its place behind it.
 */
export function withFailedAuthenticationAudit(parts: AuditParts): Filter {
  const finishing: Finishing = (context, answer) => {
    const audit = begin(parts, context, false);
    if (audit === undefined || !('body' in answer.reply)) return answer;
    return after(audit.record('ResponseStarted', factsOf(context, answer, context.notedSoFar())), answer);
  };
  return (context) => {
    context.onFinishing(finishing);
    return undefined;
  };
}

/**
 * Records requests as the policy wants it (apiserver's WithAudit): when they come, when an answer that goes on for long
 * begins, and when it is complete. Refuses a request with 500 when its coming could not be recorded and the backend says
 * that this matters (mode `blocking-strict`).
 */
export function withAudit(parts: AuditParts): Filter {
  const conclude = (isRecorded: boolean): undefined => {
    if (isRecorded) return undefined;
    parts.metrics.requestRejected();
    throw internalError('failed to store audit event');
  };
  return (context) => {
    const audit = begin(parts, context, true);
    if (audit === undefined) {
      context.onFinishing(undefined);
      return undefined;
    }
    context.audit = audit;
    context.onFinishing(finish);
    // A list goes out in pieces, and what goes on for long is answered before it is complete.
    const isAnsweredAtOnce = context.info.verb !== 'list' && !isLongRunning(context.info);
    const recording = audit.recordComing(context.notedSoFar(), isAnsweredAtOnce);
    return recording instanceof Promise ? recording.then(conclude) : conclude(recording);
  };
}

function begin(
  { policy, backend, metrics }: AuditParts,
  context: RequestContext,
  known: boolean,
): RequestAudit | undefined {
  const { info, incoming } = context;
  const user = known ? context.authenticatedUser : undefined;
  const config = policy(info, user);
  metrics.level(config.level);
  if (config.level === 'None') return undefined;
  const agent = context.header('user-agent');
  const receivedMs = wallClockMs(context.received);
  const beginning: RequestBeginning = {
    level: config.level,
    auditId: context.auditId,
    requestUri: incoming.rawQuery === '' ? incoming.rawPath : `${incoming.rawPath}?${incoming.rawQuery}`,
    verb: info.verb,
    user,
    sourceIPs: sourceIPs(context),
    userAgent: agent.length > MAX_USER_AGENT ? `${agent.slice(0, MAX_USER_AGENT)}...TRUNCATED` : agent,
    receivedMs,
    objectRef: info.isResourceRequest ? referenceOf(context) : undefined,
    epochMs: receivedMs - context.received,
  };
  return new RequestAudit(config, beginning, backend, metrics);
}

const referenceOf = ({ info }: RequestContext): ObjectReference => ({
  resource: info.resource,
  namespace: info.namespace,
  name: info.name,
  uid: '',
  apiGroup: info.group,
  apiVersion: info.version,
  resourceVersion: '',
  subresource: info.subresource,
});

/** The answer once its record is made: at once where nobody has to wait. */
function after(recording: Awaitable<boolean>, answer: Answer): Awaitable<Answer> {
  return recording instanceof Promise ? recording.then(() => answer) : answer;
}

/** What is known when there is an answer. */
function factsOf(
  context: RequestContext,
  { reply }: Answer,
  annotations: ReadonlyMap<string, string>,
  response?: JsonObject,
): StageFacts {
  const { user, authenticatedUser } = context;
  const status = 'body' in reply ? statusOfReply(reply, context.info.verb) : undefined;
  return {
    impersonatedUser: user === authenticatedUser ? undefined : user,
    impersonationConstraint: context.impersonationConstraint,
    responseStatus: status === undefined ? plainStatus(reply.status) : { metadata: {}, ...status, code: reply.status },
    response,
    annotations,
  };
}

/** The annotations of the request, and what authorization said. */
function annotationsOf({ annotations, authorization }: RequestContext): ReadonlyMap<string, string> {
  if (authorization === undefined) return new Map(annotations);
  const isAllowed = authorization.decision === 'allow';
  if (annotations.size === 0) return authorizationNotes(isAllowed, authorization.reason);
  return annotated(new Map(annotations), isAllowed, authorization.reason);
}

/** Tells of a slow request how long it took, and for how long of it it waited for its turn (apiserver's writeLatencyToAnnotation). */
function annotateLatency(context: RequestContext): void {
  const took = context.at - context.received;
  if (took <= SLOW_MS) return;
  const text = (ms: number): string => formatDuration(BigInt(Math.round(ms * 1e6)));
  if (context.impersonationMs > 0) context.annotate(`${LATENCY}impersonation`, text(context.impersonationMs));
  if (context.queuedMs > 0) context.annotate(`${LATENCY}apf-queue-wait`, text(context.queuedMs));
  context.annotate(`${LATENCY}total`, text(took));
}

function finish(context: RequestContext, answer: Answer): Awaitable<Answer> {
  const { audit, bug } = context;
  assert(audit !== undefined, 'a request is recorded whose audit has not begun');
  if (bug !== undefined) {
    const facts = factsOf(context, answer, annotationsOf(context));
    return after(audit.record('Panic', { ...facts, responseStatus: panic(bug) }), answer);
  }
  const isLong = isLongRunning(context.info);
  if (!isLong) annotateLatency(context);
  if (isLong || audit.wantsResponse || !('body' in answer.reply)) return finishInSteps(context, audit, answer, isLong);
  const facts = factsOf(context, answer, annotationsOf(context));
  return after(audit.record('ResponseComplete', facts, false, context.at), answer);
}

/** Answers that go on, or that are recorded with their object. */
function finishInSteps(
  context: RequestContext,
  audit: RequestAudit,
  answer: Answer,
  isLong: boolean,
): Awaitable<Answer> {
  const { reply } = answer;
  const facts = (response?: JsonObject): StageFacts => factsOf(context, answer, annotationsOf(context), response);
  const started = isLong && audit.record('ResponseStarted', facts());
  if ('body' in reply) {
    const complete = (): Awaitable<boolean> => {
      if (isLong) return audit.record('ResponseComplete', facts());
      return withObject(reply, (object) => audit.record('ResponseComplete', facts(object)));
    };
    return after(started instanceof Promise ? started.then(complete) : complete(), answer);
  }
  const tee = !isLong && audit.wantsResponse && 'stream' in reply ? recorded(reply) : undefined;
  const finished = (): void => {
    answer.finished?.();
    const read = tee?.read();
    // The answer is on the wire: who records is not waited for, and counts what is lost.
    if (read === undefined) void audit.record('ResponseComplete', facts());
    else void withObject(read, (object) => audit.record('ResponseComplete', facts(object)));
  };
  return after(isLong ? started : audit.comingIsRecorded(), { ...answer, reply: tee?.reply ?? reply, finished });
}

function withObject(
  reply: BytesReply,
  then: (object: JsonObject | undefined) => Awaitable<boolean>,
): Awaitable<boolean> {
  if (reply.body.length >= LARGE_BYTES) return inTurns(reply, then);
  const object = objectOf(reply);
  return object instanceof Promise ? object.then(then) : then(object);
}

async function inTurns(
  reply: BytesReply,
  then: (object: JsonObject | undefined) => Awaitable<boolean>,
): Promise<boolean> {
  await nextTurn();
  const object = await objectOf(reply);
  await nextTurn();
  return then(object);
}

const panic = (bug: string): JsonObject => ({
  metadata: {},
  status: 'Failure',
  message: `APIServer panic'd: ${bug}`,
  reason: 'InternalError',
  code: 500,
});
