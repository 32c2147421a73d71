import type { PolicyRule, RbacAuthorizer } from '../../auth/rbac.js';
import { child, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { badRequest } from '../../machinery/status.js';
import type { Creator } from '../../rest/deps.js';
import { reviewCreator } from './review.js';

/** What may I do in this namespace? `incomplete` says why the answer may lack something; undefined when it does not. */
export function selfSubjectRulesReview(rbac: RbacAuthorizer, incomplete: string | undefined): Creator {
  return reviewCreator((review, ctx) => {
    const namespace = str(child(review, 'spec'), 'namespace');
    if (namespace === '') throw badRequest('no namespace on request');
    const { rules, errors } = rbac.rulesFor(ctx.user, namespace);
    const problems = [...(incomplete === undefined ? [] : [incomplete]), ...errors];
    return {
      resourceRules: rules.filter((r) => r.resources.length > 0).map(resourceRule),
      nonResourceRules: rules
        .filter((r) => r.nonResourceURLs.length > 0)
        .map((r) => ({ verbs: [...r.verbs], nonResourceURLs: [...r.nonResourceURLs] })),
      incomplete: problems.length > 0,
      ...(problems.length === 0 ? {} : { evaluationError: problems.join(', ') }),
    };
  });
}

function resourceRule(rule: PolicyRule): JsonObject {
  return {
    verbs: [...rule.verbs],
    apiGroups: [...rule.apiGroups],
    resources: [...rule.resources],
    ...(rule.resourceNames.length === 0 ? {} : { resourceNames: [...rule.resourceNames] }),
  };
}
