import { Impersonation } from '../../auth/impersonation.js';
import type { Authorizer } from '../../auth/types.js';
import { attributesOf } from './authorization.js';
import type { Filter } from './filter.js';

/** As whom the user acts, where `Impersonate-*` headers ask for it; 403 without the right. */
export function withImpersonation(authorizer: Authorizer): Filter {
  const impersonation = new Impersonation(authorizer);
  return (context) => {
    const since = performance.now();
    const acting = impersonation.of(context, () => attributesOf(context));
    return acting
      ?.finally(() => {
        context.impersonationMs = performance.now() - since;
      })
      .then(({ user, constraint }) => {
        context.user = user;
        context.impersonationConstraint = constraint;
        return undefined;
      });
  };
}
