import { child, children, str, strings } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';

/** A ScopedResourceSelectorRequirement. */
export interface ScopeRequirement {
  readonly scopeName: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** Requirements of a list of ScopedResourceSelectorRequirement. */
export const requirementsIn = (owner: JsonObject | undefined, field: string): ScopeRequirement[] =>
  children(owner, field).map((r) => ({
    scopeName: str(r, 'scopeName'),
    operator: str(r, 'operator'),
    values: strings(r, 'values'),
  }));

/** What an object must be for a quota to count it: its scopes and its scope selector. */
export function scopesOf(quota: JsonObject): ScopeRequirement[] {
  const spec = child(quota, 'spec');
  const scopes = strings(spec, 'scopes').map((scopeName) => ({ scopeName, operator: 'Exists', values: [] }));
  return [...scopes, ...requirementsIn(child(spec, 'scopeSelector'), 'matchExpressions')];
}

/** Whether one of `names` is as the requirement wants it; a thing without names is taken as one that has none. */
export function namesMatch({ operator, values }: ScopeRequirement, names: readonly string[]): boolean {
  switch (operator) {
    case 'Exists':
      return names.length > 0;
    case 'DoesNotExist':
      return names.length === 0;
    case 'In':
      return names.some((name) => values.includes(name));
    case 'NotIn':
      return names.length === 0 || names.some((name) => !values.includes(name));
    default:
      return false;
  }
}

/** `[{PriorityClass In [a b]}]`: as Go prints a list of requirements. */
export const requirementsText = (requirements: readonly ScopeRequirement[]): string =>
  `[${requirements.map((r) => `{${r.scopeName} ${r.operator} [${r.values.join(' ')}]}`).join(' ')}]`;
