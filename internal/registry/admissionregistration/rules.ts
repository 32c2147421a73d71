import { pathSegmentName } from '../../machinery/names.js';
import type { FieldNode } from '../generic/field-node.js';
import { checkLabelSelector, type SelectorOptions } from '../generic/label-selector.js';

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const SCOPES = ['*', 'Cluster', 'Namespaced'];
export const MATCH_POLICIES = ['Equivalent', 'Exact'];
export const FAILURE_POLICIES = ['Fail', 'Ignore'];

/** A list that must not be empty, and has `*` in it only alone. */
function checkList(rule: FieldNode, key: string, what: string): readonly string[] {
  const values = rule.texts(key);
  if (values.length === 0) rule.required(key);
  if (values.length > 1 && values.includes('*')) {
    rule.invalid(key, `if '*' is present, must not specify other ${what}`);
  }
  return values;
}

/** Resources and subresources: `pods`, `pods/log`, `pods/*`, `*` of a subresource; none may be said twice over. */
function checkResources(rule: FieldNode): void {
  const values = rule.texts('resources');
  if (values.length === 0) rule.required('resources');
  const allOf = new Set<string>();
  const ofAll = new Set<string>();
  for (const [i, value] of values.entries()) {
    const at = `resources[${i}]`;
    if (value === '') rule.required(at);
    const slash = value.indexOf('/');
    if (slash < 0) continue;
    const [resource, sub] = [value.slice(0, slash), value.slice(slash + 1)];
    if (allOf.has(resource)) {
      rule.invalid(at, `if '${resource}/*' is present, must not specify ${value}`, value);
    }
    if (ofAll.has(sub)) rule.invalid(at, `if '*/${sub}' is present, must not specify ${value}`, value);
    if (sub === '*') allOf.add(resource);
    if (resource === '*') ofAll.add(sub);
  }
  if (values.length > 1 && values.includes('*/*')) {
    rule.invalid('resources', "if '*/*' is present, must not specify other resources");
  }
  if (values.includes('*') && values.some((v) => v !== '*' && v !== '' && !v.includes('/'))) {
    rule.invalid('resources', "if '*' is present, must not specify other resources without subresources");
  }
}

/** Field errors of a RuleWithOperations. */
export function checkRule(rule: FieldNode): void {
  for (const [i, operation] of checkList(rule, 'operations', 'operations').entries()) {
    if (!OPERATIONS.includes(operation)) rule.unsupported(`operations[${i}]`, OPERATIONS, operation);
  }
  checkList(rule, 'apiGroups', 'API groups');
  for (const [i, version] of checkList(rule, 'apiVersions', 'API versions').entries()) {
    if (version === '') rule.required(`apiVersions[${i}]`);
  }
  checkResources(rule);
  rule.checkOneOf('scope', SCOPES);
}

function checkNamedRule(rule: FieldNode): void {
  const seen = new Set<string>();
  for (const [i, name] of rule.texts('resourceNames').entries()) {
    const at = `resourceNames[${i}]`;
    rule.checkText(at, (value) => pathSegmentName(value, false), name);
    if (seen.has(name)) rule.duplicate(at, name);
    seen.add(name);
  }
  checkRule(rule);
}

/** Field errors of the MatchResources at a member, if it is there. */
export function checkMatchResources(match: FieldNode | undefined, options: SelectorOptions): void {
  if (match === undefined) return;
  if (!match.has('matchPolicy')) match.required('matchPolicy');
  else match.requireOneOf('matchPolicy', MATCH_POLICIES);
  for (const key of ['namespaceSelector', 'objectSelector']) {
    const selector = match.child(key);
    if (selector === undefined) match.required(key);
    else checkLabelSelector(selector, options);
  }
  match.list('resourceRules').forEach(checkNamedRule);
  match.list('excludeResourceRules').forEach(checkNamedRule);
}
