import { MASTERS } from './authenticator.js';
import type { Attributes, Authorizer, Decision } from './types.js';

const ALLOWED: Decision = { allowed: true, reason: '' };

/** The group system:masters may do everything (apiserver's privileged group authorizer). */
export const mastersAuthorizer: Authorizer = {
  authorize: (a) => (a.user.groups.includes(MASTERS) ? ALLOWED : 'noOpinion'),
};

/** `--authorization-mode=AlwaysAllow`. */
export const alwaysAllow: Authorizer = { authorize: () => ALLOWED };

/** `--authorization-mode=AlwaysDeny`. */
export const alwaysDeny: Authorizer = { authorize: () => ({ allowed: false, reason: '' }) };

/** Paths that the default cluster opens to everybody (ClusterRole system:public-info-viewer). */
const PUBLIC_PATHS = new Set(['/healthz', '/livez', '/readyz', '/version', '/version/']);

/**
 * Asks authorizers in order: the first that allows or denies decides. When none does it is a no, with the reasons that
 * they gave one per line.
 */
export function authorizerUnion(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(a) {
      const reasons: string[] = [];
      for (const authorizer of authorizers) {
        const decision = authorizer.authorize(a);
        if (decision === 'noOpinion') continue;
        if (decision.allowed || decision.denied === true) return decision;
        if (decision.reason !== '') reasons.push(decision.reason);
      }
      return { allowed: false, reason: reasons.join('\n') };
    },
  };
}

/** Health and version are everybody's, with no roles in the store yet or a store that cannot be read. */
export const publicInfoAuthorizer: Authorizer = {
  authorize: (a) => (!a.isResourceRequest && a.verb === 'get' && PUBLIC_PATHS.has(a.path) ? ALLOWED : 'noOpinion'),
};

/** What is refused, in Kubernetes' words (apiserver's forbiddenMessage). */
export function forbiddenText(a: Attributes, reason: string): string {
  const user = JSON.stringify(a.user.username);
  const tail = reason === '' ? '' : `: ${reason}`;
  if (!a.isResourceRequest) return `User ${user} cannot ${a.verb} path ${JSON.stringify(a.path)}${tail}`;
  const resource = a.subresource === '' ? a.resource : `${a.resource}/${a.subresource}`;
  const where = a.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(a.namespace)}`;
  return `User ${user} cannot ${a.verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(a.group)} ${where}${tail}`;
}
