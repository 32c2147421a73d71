import type { PolicyRule, RbacAuthorizer } from '../../auth/rbac.js';
import { child, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { badRequest } from '../../machinery/status.js';
import type { Creator } from '../../rest/deps.js';
import { reviewCreator, type ReviewKind } from './review.js';

/** What may I do in this namespace? `incomplete` says why the answer may lack something; undefined when it does not. */
export function selfSubjectRulesReview(rbac: RbacAuthorizer, incomplete: string | undefined): Creator {
  const namespaceOf = (review: JsonObject): string => str(child(review, 'spec'), 'namespace');
  const check = (review: JsonObject): void => {
    if (namespaceOf(review) === '') throw badRequest('no namespace on request');
  };
  const answer: ReviewKind['answer'] = (review, ctx) => {
    const { rules, errors } = rbac.rulesFor(ctx.user, namespaceOf(review));
    const problems = [...(incomplete === undefined ? [] : [incomplete]), ...errors];
    return {
      resourceRules: rules.filter((r) => r.resources.length > 0).map(resourceRule),
      nonResourceRules: rules
        .filter((r) => r.nonResourceURLs.length > 0)
        .map((r) => ({ verbs: [...r.verbs], nonResourceURLs: [...r.nonResourceURLs] })),
      incomplete: problems.length > 0,
      ...(problems.length === 0 ? {} : { evaluationError: problems.join(', ') }),
    };
  };
  return reviewCreator({ check, answer });
}

function resourceRule(rule: PolicyRule): JsonObject {
  return {
    verbs: [...rule.verbs],
    apiGroups: [...rule.apiGroups],
    resources: [...rule.resources],
    ...(rule.resourceNames.length === 0 ? {} : { resourceNames: [...rule.resourceNames] }),
  };
}
