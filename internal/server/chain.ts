import { randomUUID } from 'node:crypto';
import { type AuthenticationResult, type Authenticator, anonymousUser } from '../auth/authenticator.js';
import { forbiddenText } from '../auth/authorizers.js';
import { impersonate } from '../auth/impersonation.js';
import type { Attributes, Authorizer, UserInfo } from '../auth/types.js';
import {
  badRequest,
  forbidden,
  requestEntityTooLarge,
  StatusError,
  tooManyRequests,
  unauthorized,
} from '../machinery/status.js';
import { methodNotAllowed } from '../rest/errors.js';
import { respondError } from '../rest/respond.js';
import type { BytesReply, Handler, Reply, RequestInfo } from '../rest/types.js';
import { type Answer, type Behind, type Incoming, MAX_BODY_BYTES } from './door.js';
import type { InFlight } from './in-flight.js';
import type { RequestMetrics } from './metrics.js';
import { ServerRequest } from './request.js';
import { statusOf } from './status-of.js';
import { nonResourceInfo, requestInfo } from './request-info.js';

export interface ChainParts {
  readonly authenticator: Authenticator;
  /**
   * Resolves when this replica has everything that was committed when it was asked: a token that was bound on another
   * replica just now is good here too. Without it, what is not here is not there.
   */
  readonly catchUp?: () => Promise<void>;
  readonly authorizer: Authorizer;
  /** Whether a request without credentials that is refused gets 401 instead of 403. */
  readonly refuseAnonymousWith401: boolean;
  readonly inFlight: InFlight;
  readonly metrics: RequestMetrics;
  /** Everything below /api and /apis that names a resource. */
  readonly resources: Handler;
  /** Every other path: health, version, metrics, discovery, OpenAPI. */
  readonly paths: Handler;
  /** Audit's place: called when the user is known, and again with the answer. */
  readonly audit?: (request: ServerRequest, auditId: string, reply: Reply | undefined) => void;
}

/** The request chain, in the order in which a request passes it. */
export function createChain(parts: ChainParts): Behind {
  const handle = (request: ServerRequest, auditId: string): Reply | Promise<Reply> => {
    const user = parts.authenticator.authenticate(request);
    if (user !== 'missing' || parts.catchUp === undefined) return admitted(request, auditId, user);
    return parts.catchUp().then(() => admitted(request, auditId, parts.authenticator.authenticate(request)));
  };

  const admitted = (request: ServerRequest, auditId: string, user: AuthenticationResult): Reply | Promise<Reply> => {
    if (user === undefined || user === 'invalid' || user === 'missing') throw unauthorized();
    request.user = user;
    parts.audit?.(request, auditId, undefined);
    const release = parts.inFlight.enter(request);
    if (release === undefined) throw tooManyRequests('Too many requests, please try again later.', 1);
    try {
      request.user = impersonate(request, request.user, parts.authorizer);
      authorize(request);
      const reply = request.info.isResourceRequest ? parts.resources(request) : parts.paths(request);
      if (reply instanceof Promise) return reply.finally(release);
      release();
      return reply;
    } catch (error) {
      release();
      throw error;
    }
  };

  const authorize = (request: ServerRequest): void => {
    const { info, user } = request;
    const attributes = attributesOf(request, info, user);
    const decision = parts.authorizer.authorize(attributes);
    if (decision !== 'noOpinion' && decision.allowed) return;
    if (parts.refuseAnonymousWith401 && user === anonymousUser) throw unauthorized();
    const reason = decision === 'noOpinion' ? '' : decision.reason;
    throw forbidden(info, info.name, forbiddenText(attributes, reason));
  };

  const finish = (request: ServerRequest, started: number, auditId: string, reply: Reply): Answer => {
    parts.metrics.observe(request.info, request.method, reply, performance.now() - started);
    parts.audit?.(request, auditId, reply);
    return { reply, auditId };
  };

  const fail = (request: ServerRequest, error: unknown): Reply =>
    respondError(request, statusOf(error, request.method, request.path));

  return {
    serve(incoming) {
      const started = performance.now();
      const auditId = randomUUID();
      const request = requestOf(incoming);
      if (request instanceof Error) {
        const unread = new ServerRequest(incoming, incoming.rawPath, nonResourceInfo('', ''), anonymousUser);
        return { reply: fail(unread, request), auditId };
      }
      try {
        const reply = handle(request, auditId);
        if (!(reply instanceof Promise)) return finish(request, started, auditId, reply);
        return reply.then(
          (r) => finish(request, started, auditId, r),
          (error: unknown) => finish(request, started, auditId, fail(request, error)),
        );
      } catch (error) {
        return finish(request, started, auditId, fail(request, error));
      }
    },
    refuse(refusal) {
      const { status } =
        refusal === 'bodyTooLarge'
          ? requestEntityTooLarge(`limit is ${MAX_BODY_BYTES}`)
          : tooManyRequests('Too many request bodies are being received, please try again later.', 1);
      const reply: BytesReply = { status: status.code, contentType: 'application/json', body: JSON.stringify(status) };
      return { reply, auditId: randomUUID() };
    },
  };
}

function attributesOf(request: ServerRequest, info: RequestInfo, user: UserInfo): Attributes {
  if (!request.incoming.rawQuery.includes('fieldSelector')) return { ...info, user };
  return { ...info, user, fieldSelector: request.query.get('fieldSelector') ?? '' };
}

/** The request with what its path asks for, or why it asks for nothing. */
function requestOf(incoming: Incoming): ServerRequest | Error {
  try {
    const path = decodedPath(incoming.rawPath);
    const info = requestInfo(incoming.method, path, incoming.rawQuery);
    if (info.isResourceRequest && info.verb === '') return methodNotAllowed();
    return new ServerRequest(incoming, path, info, anonymousUser);
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
}

function decodedPath(raw: string): string {
  if (!raw.includes('%')) return raw;
  try {
    return decodeURIComponent(raw);
  } catch (error) {
    if (error instanceof URIError) throw badRequest(`the path is not valid percent-encoding: ${raw}`);
    throw error;
  }
}
