import type { UserInfo } from '../auth/types.js';
import type { Level, Stage } from './types.js';

/** Resources of one group; the core group is ''. */
export interface GroupResources {
  readonly group: string;
  /** `pods`, `pods/log`, `pods/*`, `*` and `*` with a subresource behind it; every one when empty. */
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

/** One rule of a policy: what is empty matches everything. */
export interface PolicyRule {
  readonly level: Level;
  readonly users: readonly string[];
  readonly userGroups: readonly string[];
  readonly verbs: readonly string[];
  readonly resources: readonly GroupResources[];
  readonly namespaces: readonly string[];
  readonly nonResourceURLs: readonly string[];
  readonly omitStages: readonly Stage[];
  /** The policy's own when undefined. */
  readonly omitManagedFields: boolean | undefined;
}

/** audit.k8s.io/v1 Policy. */
export interface Policy {
  readonly rules: readonly PolicyRule[];
  readonly omitStages: readonly Stage[];
  readonly omitManagedFields: boolean;
}

/** What the policy looks at beside the user. */
export interface AuditAttributes {
  readonly verb: string;
  readonly isResourceRequest: boolean;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
}

/** What is recorded of one request. */
export interface AuditConfig {
  readonly level: Level;
  readonly omitStages: ReadonlySet<Stage>;
  readonly omitManagedFields: boolean;
}

/**
 * Says what is recorded of a request: what the first rule that matches says; nothing when none does. The user is the one
 * who authenticated, not the one who is impersonated; undefined when nobody did.
 */
export type PolicyEvaluator = (a: AuditAttributes, user: UserInfo | undefined) => AuditConfig;

/** The evaluator of a policy (apiserver's policyRuleEvaluator). What each rule says is worked out once. */
export function policyEvaluator(policy: Policy): PolicyEvaluator {
  const otherwise: AuditConfig = {
    level: 'None',
    omitStages: new Set(policy.omitStages),
    omitManagedFields: policy.omitManagedFields,
  };
  const rules = policy.rules.map((rule) => ({
    rule,
    config: {
      level: rule.level,
      omitStages: new Set([...policy.omitStages, ...rule.omitStages]),
      omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields,
    },
  }));
  return (a, user) => {
    for (const { rule, config } of rules) if (matches(rule, a, user)) return config;
    return otherwise;
  };
}

function matches(rule: PolicyRule, a: AuditAttributes, user: UserInfo | undefined): boolean {
  if (rule.users.length > 0 && (user === undefined || !rule.users.includes(user.username))) return false;
  if (rule.userGroups.length > 0 && user?.groups.some((group) => rule.userGroups.includes(group)) !== true)
    return false;
  if (rule.verbs.length > 0 && !rule.verbs.includes(a.verb)) return false;
  if (rule.namespaces.length > 0 || rule.resources.length > 0) return matchesResource(rule, a);
  if (rule.nonResourceURLs.length > 0) {
    return !a.isResourceRequest && rule.nonResourceURLs.some((url) => pathMatches(a.path, url));
  }
  return true;
}

function pathMatches(path: string, url: string): boolean {
  if (url === '*' || url === path) return true;
  return url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''));
}

function matchesResource(rule: PolicyRule, a: AuditAttributes): boolean {
  if (!a.isResourceRequest) return false;
  if (rule.namespaces.length > 0 && !rule.namespaces.includes(a.namespace)) return false;
  return rule.resources.length === 0 || rule.resources.some((resources) => includes(resources, a));
}

function includes({ group, resources, resourceNames }: GroupResources, a: AuditAttributes): boolean {
  if (group !== a.group && group !== '*') return false;
  if (resources.length === 0) return true;
  if (resourceNames.length > 0 && !resourceNames.includes(a.name)) return false;
  const whole = a.subresource === '' ? a.resource : `${a.resource}/${a.subresource}`;
  return resources.some(
    (resource) =>
      resource === whole ||
      resource === '*' ||
      (a.subresource !== '' && resource === `*/${a.subresource}`) ||
      resource === `${a.resource}/*`,
  );
}
