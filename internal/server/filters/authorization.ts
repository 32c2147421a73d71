import { forbiddenText } from '../../auth/authorizers.js';
import { authLatency } from '../../auth/latency.js';
import { attempts } from '../../auth/metrics.js';
import type { Attributes, Authorizer, Decision } from '../../auth/types.js';
import { forbidden } from '../../machinery/status.js';
import type { RequestContext } from '../request-context.js';
import type { HandlerReply } from '../../rest/types.js';
import type { Filter } from './filter.js';

/** Requests whose selectors say what they are about. */
const SELECTING = new Set(['list', 'watch', 'deletecollection']);

/**
 * Whether the user may do this (apiserver's WithAuthorization); 403 where no authorizer allows it, 500 where that is
 * because one of them could not find out.
 */
export function withAuthorization(authorizer: Authorizer): Filter {
  return (context) => {
    const attributes = attributesOf(context);
    const since = context.at;
    const decision = authorizer.authorize(attributes);
    if (decision instanceof Promise) return decision.then((d) => conclude(context, attributes, since, d));
    return conclude(context, attributes, since, decision);
  };
}

function conclude(
  context: RequestContext,
  attributes: Attributes,
  since: number,
  decision: Decision,
): HandlerReply | undefined {
  context.at = performance.now();
  context.authorization = decision;
  const isError = decision.decision !== 'allow' && decision.error !== undefined;
  authLatency.authorized(isError ? 'error' : decision.decision, context.at - since);
  if (decision.decision === 'allow') {
    attempts.allowed++;
    return undefined;
  }
  if (decision.error !== undefined) {
    attempts.error++;
    return internalServerError(context, decision.error);
  }
  attempts[decision.decision === 'deny' ? 'denied' : 'noOpinion']++;
  throw forbidden(context.info, context.info.name, forbiddenText(attributes, decision.reason));
}

/** As responsewriters.InternalError answers: no Status. */
function internalServerError({ incoming }: RequestContext, error: string): HandlerReply {
  const uri = incoming.rawPath + (incoming.rawQuery === '' ? '' : `?${incoming.rawQuery}`);
  return {
    status: 500,
    contentType: 'text/plain; charset=utf-8',
    headers: { 'X-Content-Type-Options': 'nosniff' },
    body: `Internal Server Error: ${JSON.stringify(uri)}: ${error}\n`,
  };
}

/** What the request wants, as who acts now. */
export function attributesOf(context: RequestContext): Attributes {
  const { info, user, incoming } = context;
  // Member by member: a spread is slow, and this is made for every request.
  const attributes: Attributes = {
    user,
    verb: info.verb,
    isResourceRequest: info.isResourceRequest,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    path: info.path,
  };
  if (!SELECTING.has(info.verb) || !incoming.rawQuery.includes('elector')) return attributes;
  const { query } = context;
  const [fieldSelector, labelSelector] = [query.get('fieldSelector') ?? '', query.get('labelSelector') ?? ''];
  return { ...attributes, fieldSelector, labelSelector };
}
