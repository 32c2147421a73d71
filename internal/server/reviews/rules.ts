import type { PolicyRule } from '../../auth/rbac.js';
import type { RuleResolver } from '../../auth/rules.js';
import { child, str } from '../../machinery/access.js';
import { aggregateText } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { badRequest } from '../../machinery/status.js';
import type { Creator } from '../../rest/deps.js';
import { reviewCreator, type ReviewKind } from './review.js';

/** What may I do in this namespace? The answer is a new object: of the question nothing comes back. */
export function selfSubjectRulesReview(resolver: RuleResolver): Creator {
  const namespaceOf = (review: JsonObject): string => str(child(review, 'spec'), 'namespace');
  const check = (review: JsonObject): void => {
    if (namespaceOf(review) === '') throw badRequest('no namespace on request');
  };
  const answer: ReviewKind['answer'] = (review, ctx) => {
    const { rules, errors, incomplete } = resolver.rulesFor(ctx.user, namespaceOf(review));
    review['metadata'] = {};
    review['spec'] = {};
    return {
      resourceRules: rules.filter((r) => r.resources.length > 0).map(resourceRule),
      nonResourceRules: rules
        .filter((r) => r.nonResourceURLs.length > 0)
        .map((r) => ({ verbs: [...r.verbs], nonResourceURLs: [...r.nonResourceURLs] })),
      incomplete: incomplete === true,
      ...(errors.length === 0 ? {} : { evaluationError: aggregateText(errors) }),
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
