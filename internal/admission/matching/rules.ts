import { str, strings } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { Operation } from '../types.js';

/** A RuleWithOperations, ready to be compared: undefined stands for `*`. */
export interface Rule {
  readonly operations: ReadonlySet<string> | undefined;
  readonly groups: ReadonlySet<string> | undefined;
  readonly versions: ReadonlySet<string> | undefined;
  /** `pods`, `pods/log`: '*' on either side of the slash is any; no slash is the resource itself. */
  readonly resources: readonly { readonly resource: string; readonly subresource: string }[];
  readonly scope: string;
  /** Names of objects; undefined means all. Rules of webhooks have none. */
  readonly names: ReadonlySet<string> | undefined;
}

const setOf = (items: readonly string[]): ReadonlySet<string> | undefined =>
  items.includes('*') ? undefined : new Set(items);

/** Reads a rule of a webhook or policy. */
export function ruleOf(rule: JsonObject): Rule {
  const names = strings(rule, 'resourceNames');
  return {
    operations: setOf(strings(rule, 'operations')),
    groups: setOf(strings(rule, 'apiGroups')),
    versions: setOf(strings(rule, 'apiVersions')),
    resources: strings(rule, 'resources').map((text) => {
      const slash = text.indexOf('/');
      return slash < 0
        ? { resource: text, subresource: '' }
        : { resource: text.slice(0, slash), subresource: text.slice(slash + 1) };
    }),
    scope: str(rule, 'scope') || '*',
    names: names.length === 0 ? undefined : new Set(names),
  };
}

/** A resource in one version, and what of it a request is about. */
export interface RequestedResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** Whether a rule is about an operation on a resource, whatever the namespace and name. */
export function coversResource(rule: Rule, operation: Operation, r: RequestedResource, subresource: string): boolean {
  if (rule.operations !== undefined && !rule.operations.has(operation)) return false;
  if (rule.groups !== undefined && !rule.groups.has(r.group)) return false;
  if (rule.versions !== undefined && !rule.versions.has(r.version)) return false;
  for (const { resource, subresource: sub } of rule.resources) {
    if ((resource === '*' || resource === r.resource) && (sub === '*' || sub === subresource)) return true;
  }
  return false;
}

/** Whether the scope of a rule holds. `namespace` is '' for what is in none, and a Namespace's own name for itself. */
export function coversScope(rule: Rule, r: RequestedResource, namespace: string): boolean {
  if (rule.scope === '*') return true;
  const inNamespace = namespace !== '' && !(r.group === '' && r.version === 'v1' && r.resource === 'namespaces');
  if (rule.scope === 'Namespaced') return inNamespace;
  return rule.scope === 'Cluster' && !inNamespace;
}
