import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { EVERYTHING, type LabelSelector } from '../../machinery/labels.js';
import { labelSelectorOf } from '../../machinery/label-selector-object.js';
import type { GroupVersionKind, ResourceDef } from '../../schema/types.js';
import { kindOfPath } from '../../schema/kind-of-path.js';
import type { AdmissionAttributes, AdmissionContext, Operation } from '../types.js';
import { coversResource, coversScope, type Rule, ruleOf } from './rules.js';
import { matchesNamespaceSelector, matchesObjectSelector } from './selectors.js';

/** The MatchResources of a policy or binding, ready to be compared. */
export interface MatchResources {
  /** matchPolicy is Equivalent: requests for another version of a resource count too. */
  readonly equivalent: boolean;
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
  readonly rules: readonly Rule[];
  readonly excluded: readonly Rule[];
}

/** The version in which a request matched. */
export interface Matched {
  readonly resource: ResourceDef;
  readonly kind: GroupVersionKind;
}

/** Reads a MatchResources; undefined for one that is not there, which matches everything. */
export function matchResourcesOf(match: JsonObject | undefined): MatchResources | undefined {
  if (match === undefined) return undefined;
  return {
    equivalent: str(match, 'matchPolicy') !== 'Exact',
    namespaceSelector: labelSelectorOf(child(match, 'namespaceSelector')) ?? EVERYTHING,
    objectSelector: labelSelectorOf(child(match, 'objectSelector')) ?? EVERYTHING,
    rules: children(match, 'resourceRules').map(ruleOf),
    excluded: children(match, 'excludeResourceRules').map(ruleOf),
  };
}

/** Whether a request for this resource may match at all, whatever its namespace, name and labels. */
export function mayMatch(
  match: MatchResources,
  operation: Operation,
  def: ResourceDef,
  subresource: string,
  equivalents: readonly ResourceDef[],
): boolean {
  const { rules } = match;
  if (rules.length === 0) return true;
  if (rules.some((rule) => coversResource(rule, operation, def, subresource))) return true;
  if (!match.equivalent) return false;
  return rules.some((rule) => equivalents.some((other) => coversResource(rule, operation, other, subresource)));
}

function covers(rule: Rule, a: AdmissionAttributes, def: ResourceDef): boolean {
  if (!coversResource(rule, a.operation, def, a.subresource) || !coversScope(rule, def, a.namespace)) return false;
  return rule.names === undefined || rule.names.has(a.name);
}

function matchRules(
  rules: readonly Rule[],
  equivalent: boolean,
  ctx: AdmissionContext,
  a: AdmissionAttributes,
): Matched | undefined {
  const { def } = a;
  if (rules.some((rule) => covers(rule, a, def))) return { resource: def, kind: a.kind };
  if (!equivalent || rules.length === 0) return undefined;
  const equivalents = ctx.resources.equivalents(def);
  if (equivalents.length === 0) return undefined;
  for (const rule of rules) {
    for (const other of equivalents) {
      if (covers(rule, a, other)) return { resource: other, kind: kindOfPath(other, a.subresource) };
    }
  }
  return undefined;
}

/**
 * Whether a request matches, and in which version: selectors, then what is excluded, then the rules (apiserver's
 * policy/matching). Throws the StatusError of a namespace that is not there, for requests that the rules are about.
 */
export function matchRequest(
  match: MatchResources | undefined,
  ctx: AdmissionContext,
  a: AdmissionAttributes,
): Matched | undefined {
  if (match === undefined) return { resource: a.def, kind: a.kind };
  if (!matchesObjectSelector(match.objectSelector, a)) return undefined;
  if (match.excluded.length > 0 && matchRules(match.excluded, match.equivalent, ctx, a) !== undefined) return undefined;
  const matched =
    match.rules.length === 0 ? { resource: a.def, kind: a.kind } : matchRules(match.rules, match.equivalent, ctx, a);
  if (matched === undefined || !matchesNamespaceSelector(match.namespaceSelector, ctx, a)) return undefined;
  return matched;
}
