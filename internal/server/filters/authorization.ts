import { forbiddenText } from '../../auth/authorizers.js';
import type { Attributes, Authorizer, Decision } from '../../auth/types.js';
import { forbidden } from '../../machinery/status.js';
import type { RequestContext } from '../request-context.js';
import type { Filter } from './filter.js';

/** Whether the user may do this (apiserver's WithAuthorization); 403 where no authorizer allows it. */
export function withAuthorization(authorizer: Authorizer): Filter {
  return (context) => {
    const attributes = attributesOf(context);
    const decision = authorizer.authorize(attributes);
    if (decision instanceof Promise) return decision.then((d) => conclude(context, attributes, d));
    return conclude(context, attributes, decision);
  };
}

function conclude(context: RequestContext, attributes: Attributes, decision: Decision): undefined {
  context.authorization = decision;
  if (decision.decision === 'allow') return;
  throw forbidden(context.info, context.info.name, forbiddenText(attributes, decision.reason));
}

function attributesOf(context: RequestContext): Attributes {
  const { info, user, incoming } = context;
  if (!incoming.rawQuery.includes('fieldSelector')) return { ...info, user };
  return { ...info, user, fieldSelector: context.query.get('fieldSelector') ?? '' };
}
