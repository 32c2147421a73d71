import { impersonate } from '../../auth/impersonation.js';
import type { Authorizer } from '../../auth/types.js';
import type { Filter } from './filter.js';

/** As whom the user acts, where `Impersonate-*` headers ask for it (apiserver's WithImpersonation); 403 without the right. */
export function withImpersonation(authorizer: Authorizer): Filter {
  return (context) => {
    const acting = impersonate(context, context.authenticatedUser, authorizer);
    return acting?.then((user) => {
      context.user = user;
      return undefined;
    });
  };
}
