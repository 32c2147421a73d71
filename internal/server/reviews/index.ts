import type { Authenticator } from '../../auth/authenticator.js';
import type { RuleResolver } from '../../auth/rules.js';
import type { Authorizer } from '../../auth/types.js';
import type { Creators } from '../../rest/deps.js';
import { type TokenIssuer, tokenRequest } from '../tokens/token-request.js';
import { localSubjectAccessReview, selfSubjectAccessReview, subjectAccessReview } from './access.js';
import { selfSubjectReview, tokenReview } from './identity.js';
import { selfSubjectRulesReview } from './rules.js';

export interface ReviewParts {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** What users may do, as the authorization modes list it. */
  readonly rules: RuleResolver;
  /** Audiences of this server: assumed by TokenReviews that name none. */
  readonly audiences: readonly string[];
  /** Signs service account tokens; without it TokenRequests are not served. */
  readonly tokens: TokenIssuer | undefined;
}

/** The POST handlers of the authentication.k8s.io and authorization.k8s.io groups. */
export function reviewCreators(parts: ReviewParts): Creators {
  return {
    'authorization.k8s.io/subjectaccessreviews': subjectAccessReview(parts.authorizer),
    'authorization.k8s.io/localsubjectaccessreviews': localSubjectAccessReview(parts.authorizer),
    'authorization.k8s.io/selfsubjectaccessreviews': selfSubjectAccessReview(parts.authorizer),
    'authorization.k8s.io/selfsubjectrulesreviews': selfSubjectRulesReview(parts.rules),
    'authentication.k8s.io/selfsubjectreviews': selfSubjectReview,
    'authentication.k8s.io/tokenreviews': tokenReview(parts.authenticator, parts.audiences),
    ...(parts.tokens === undefined ? {} : { '/serviceaccounts/token': tokenRequest(parts.tokens) }),
  };
}
