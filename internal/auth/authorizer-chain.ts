import type { Awaitable } from '../machinery/awaitable.js';
import { authorizerUnion, mastersAuthorizer, publicInfoAuthorizer } from './authorizers.js';
import { authMetrics } from './metrics.js';
import { type RuleResolver, type Rules, rulesUnion } from './rules.js';
import type { Attributes, Authorizer, Decision, UserInfo } from './types.js';

/** One authorizer as `--authorization-mode` or a file names it. */
export interface NamedAuthorizer {
  /** Node, RBAC, Webhook ... */
  readonly type: string;
  readonly name: string;
  readonly authorizer: Authorizer;
  readonly rules: RuleResolver;
}

/**
 * The authorizers that are asked, in their order, after the privileged group. They can be replaced as a whole: the next
 * request is decided by the new ones.
 */
export class AuthorizerChain implements Authorizer, RuleResolver {
  private authorizer: Authorizer;
  private rules: RuleResolver;

  constructor(chain: readonly NamedAuthorizer[]) {
    [this.authorizer, this.rules] = united(chain);
  }

  replace(chain: readonly NamedAuthorizer[]): void {
    [this.authorizer, this.rules] = united(chain);
  }

  authorize(a: Attributes): Awaitable<Decision> {
    return this.authorizer.authorize(a);
  }

  rulesFor(user: UserInfo, namespace: string): Rules {
    return this.rules.rulesFor(user, namespace);
  }
}

function united(chain: readonly NamedAuthorizer[]): [Authorizer, RuleResolver] {
  // Health and version answer also while the roles that open them cannot be read.
  const authorizers = [mastersAuthorizer, publicInfoAuthorizer, ...chain.map(counted)];
  return [authorizerUnion(authorizers), rulesUnion(chain.map(({ rules }) => rules))];
}

/** Counts what it decides: `apiserver_authorization_decisions_total`. */
function counted({ type, name, authorizer }: NamedAuthorizer): Authorizer {
  const counts = authMetrics.decisionsOf(type, name);
  const count = (decision: Decision): Decision => {
    if (decision.decision === 'allow') counts.allowed++;
    else if (decision.decision === 'deny') counts.denied++;
    return decision;
  };
  return {
    authorize(a) {
      const answer = authorizer.authorize(a);
      return answer instanceof Promise ? answer.then(count) : count(answer);
    },
  };
}
