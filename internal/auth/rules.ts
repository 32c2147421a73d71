import { aggregateText } from '../machinery/field.js';
import { nodeOf } from './node-identity.js';
import type { PolicyRule } from './rbac.js';
import type { UserInfo } from './types.js';

/** What a user may do, as far as the rules can be listed. */
export interface Rules {
  readonly rules: readonly PolicyRule[];
  /** Why some could not be read. */
  readonly errors: readonly string[];
  /** The user may do more than rules can say. */
  readonly incomplete?: boolean;
}

/** Lists the rules that apply to a user in a namespace (apiserver's authorizer.RuleResolver). */
export interface RuleResolver {
  rulesFor(user: UserInfo, namespace: string): Rules;
}

/** `--authorization-mode=AlwaysAllow`. */
export const everythingAllowed: RuleResolver = {
  rulesFor: () => ({
    rules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] },
      { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*'] },
    ],
    errors: [],
  }),
};

/** `--authorization-mode=AlwaysDeny`. */
export const nothingAllowed: RuleResolver = { rulesFor: () => ({ rules: [], errors: [] }) };

/** `--authorization-mode=Node`: what a node may do depends on its pods, which no rule says. Others are not concerned. */
export const nodeRules: RuleResolver = {
  rulesFor: (user) =>
    nodeOf(user) === undefined
      ? { rules: [], errors: [] }
      : { rules: [], errors: ['node authorizer does not support user rule resolution'], incomplete: true },
};

/** `--authorization-mode=Webhook`: what it would say nobody knows before it is asked. */
export const webhookRules: RuleResolver = {
  rulesFor: () => ({
    rules: [],
    errors: ['webhook authorizer does not support user rule resolution'],
    incomplete: true,
  }),
};

/** The rules of all modes, in their order. Several errors of one mode are one. */
export function rulesUnion(resolvers: readonly RuleResolver[]): RuleResolver {
  return {
    rulesFor(user, namespace) {
      const found = resolvers.map((resolver) => resolver.rulesFor(user, namespace));
      return {
        rules: found.flatMap(({ rules }) => rules),
        errors: found.filter(({ errors }) => errors.length > 0).map(({ errors }) => aggregateText(errors)),
        incomplete: found.some(({ incomplete }) => incomplete === true),
      };
    },
  };
}
