import type { Awaitable } from '../machinery/awaitable.js';
import { MASTERS } from './authenticator.js';
import { ALLOWED, type Attributes, type Authorizer, type Decision, NO_OPINION } from './types.js';

/** The group system:masters may do everything (apiserver's privileged group authorizer). */
export const mastersAuthorizer: Authorizer = {
  authorize: (a) => (a.user.groups.includes(MASTERS) ? ALLOWED : NO_OPINION),
};

/** `--authorization-mode=AlwaysAllow`. */
export const alwaysAllow: Authorizer = { authorize: () => ALLOWED };

/** `--authorization-mode=AlwaysDeny`. */
export const alwaysDeny: Authorizer = {
  authorize: () => ({ decision: 'noOpinion', reason: 'Everything is forbidden.' }),
};

/** Paths that the default cluster opens to everybody (ClusterRole system:public-info-viewer). */
const PUBLIC_PATHS = new Set(['/healthz', '/livez', '/readyz', '/version', '/version/']);

/**
 * Asks authorizers in order: the first that allows or denies decides. When none does there is no opinion, with the
 * reasons that they gave one per line, and what kept some of them from finding out.
 */
export function authorizerUnion(authorizers: readonly Authorizer[]): Authorizer {
  const askFrom = (first: number, a: Attributes, before: Decision): Awaitable<Decision> => {
    let sum = before;
    for (let i = first; i < authorizers.length; i++) {
      const answer = authorizers[i]?.authorize(a) ?? NO_OPINION;
      if (answer instanceof Promise) {
        return answer.then((d) => (isFinal(d) ? d : askFrom(i + 1, a, both(sum, d))));
      }
      if (isFinal(answer)) return answer;
      sum = both(sum, answer);
    }
    return sum;
  };
  return { authorize: (a) => askFrom(0, a, NO_OPINION) };
}

const isFinal = (d: Decision): boolean => d.decision !== 'noOpinion';

/** Two that have no opinion. */
function both(a: Decision, b: Decision): Decision {
  if (b.reason === '' && b.error === undefined) return a;
  const reason = a.reason === '' || b.reason === '' ? a.reason + b.reason : `${a.reason}\n${b.reason}`;
  const errors = [a.error, b.error].filter((error) => error !== undefined);
  return { decision: 'noOpinion', reason, ...(errors.length === 0 ? {} : { error: errors.join(', ') }) };
}

/** Health and version are everybody's, with no roles in the store yet or a store that cannot be read. */
export const publicInfoAuthorizer: Authorizer = {
  authorize: (a) => (!a.isResourceRequest && a.verb === 'get' && PUBLIC_PATHS.has(a.path) ? ALLOWED : NO_OPINION),
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
