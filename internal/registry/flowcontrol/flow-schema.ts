import { defaultNumber, ensureChild } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import { type FieldError, invalidValue } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { dns1123Label, dns1123Subdomain } from '../../machinery/names.js';
import { FLOW_SCHEMAS, MANDATORY } from '../default-objects/flow-control.js';
import { asInGo } from '../generic/as-in-go.js';
import { type FieldNode, validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';
import { checkFlowConditions } from './conditions.js';

const MAX_PRECEDENCE = 10_000;
const EXEMPT = 'exempt';
const DISTINGUISHERS = ['ByNamespace', 'ByUser'];
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];

/** The kinds of subject, each with the member that says which. */
const SUBJECTS = [
  { kind: 'ServiceAccount', member: 'serviceAccount' },
  { kind: 'User', member: 'user' },
  { kind: 'Group', member: 'group' },
] as const;

function checkServiceAccount(account: FieldNode): void {
  const name = account.text('name');
  if (name === '') account.required('name');
  else if (name !== '*') account.checkText('name', dns1123Subdomain);
  account.requireText('namespace', dns1123Label, 'must specify namespace for service account');
}

function checkSubject(subject: FieldNode): void {
  const kind = subject.text('kind');
  const own = SUBJECTS.find((s) => s.kind === kind);
  if (own === undefined) {
    subject.unsupported('kind', ['Group', 'ServiceAccount', 'User']);
    return;
  }
  const who = subject.child(own.member);
  if (who === undefined) subject.required(own.member, `${own.member} is required when subject kind is '${kind}'`);
  else if (own.kind === 'ServiceAccount') checkServiceAccount(who);
  else who.requireText('name');
  for (const other of SUBJECTS) {
    if (other !== own && subject.has(other.member)) {
      subject.forbidden(other.member, `${other.member} is forbidden when subject kind is not '${other.kind}'`);
    }
  }
}

/** A list that is `*` alone or has no `*` in it. */
function checkWildcard(rule: FieldNode, key: string, what: string): boolean {
  const values = rule.texts(key);
  if (!values.includes('*')) return false;
  if (values.length > 1) rule.invalid(key, `if '*' is present, must not specify other ${what}`);
  return true;
}

function checkVerbs(rule: FieldNode): void {
  if (rule.count('verbs') === 0) rule.required('verbs', 'verbs must contain at least one value');
  else if (!checkWildcard(rule, 'verbs', 'verbs') && !rule.texts('verbs').every((v) => VERBS.includes(v))) {
    rule.unsupported('verbs', VERBS, rule.get('verbs'));
  }
}

function checkResourceRule(rule: FieldNode): void {
  checkVerbs(rule);
  if (rule.count('apiGroups') === 0) rule.required('apiGroups', 'resource rules must supply at least one api group');
  else checkWildcard(rule, 'apiGroups', 'api groups');
  if (rule.count('resources') === 0) rule.required('resources', 'resource rules must supply at least one resource');
  else checkWildcard(rule, 'resources', 'resources');
  if (rule.count('namespaces') === 0 && !rule.flag('clusterScope')) {
    rule.required('namespaces', 'resource rules that are not cluster scoped must supply at least one namespace');
  } else if (!checkWildcard(rule, 'namespaces', 'namespaces')) checkNamespaces(rule);
}

function checkNamespaces(rule: FieldNode): void {
  for (const [i, namespace] of rule.texts('namespaces').entries()) {
    for (const message of dns1123Label(namespace)) {
      const why = `each member of this list must be '*' or a DNS-1123 label; ${message}`;
      rule.add(invalidValue(`${rule.at('namespaces')}[${i}]`, namespace, why));
    }
  }
}

/** What is wrong with the path of a URL that may end in a wildcard; the first thing found. */
function pathProblem(path: string): string | undefined {
  if (path === '') return 'must not be empty';
  if (!path.startsWith('/')) return 'must start with slash';
  if (path.includes(' ')) return 'must not contain white-space';
  if (path.includes('//')) return 'must not contain double slash';
  const star = path.indexOf('*');
  return star >= 0 && (star < path.length - 1 || !path.endsWith('/*'))
    ? 'wildcard can only do suffix matching'
    : undefined;
}

function checkNonResourceRule(rule: FieldNode): void {
  checkVerbs(rule);
  if (rule.count('nonResourceURLs') === 0) {
    rule.required('nonResourceURLs', 'nonResourceURLs must contain at least one value');
  } else if (!checkWildcard(rule, 'nonResourceURLs', 'non-resource URLs')) {
    for (const [i, path] of rule.texts('nonResourceURLs').entries()) {
      const why = pathProblem(path);
      if (why !== undefined) rule.add(invalidValue(`${rule.at('nonResourceURLs')}[${i}]`, path, why));
    }
  }
}

function checkRule(rule: FieldNode): void {
  const subjects = rule.list('subjects');
  subjects.forEach(checkSubject);
  if (subjects.length === 0) rule.required('subjects', 'subjects must contain at least one value');
  const resources = rule.list('resourceRules');
  const urls = rule.list('nonResourceRules');
  if (resources.length === 0 && urls.length === 0) {
    rule.required('', 'at least one of resourceRules and nonResourceRules has to be non-empty');
  }
  resources.forEach(checkResourceRule);
  urls.forEach(checkNonResourceRule);
}

function checkPrecedence(spec: FieldNode, name: string): void {
  const precedence = spec.number('matchingPrecedence') ?? 0;
  if (precedence <= 0) spec.invalid('matchingPrecedence', 'must be a positive value', precedence);
  if (precedence > MAX_PRECEDENCE) spec.invalid('matchingPrecedence', `must not be greater than ${MAX_PRECEDENCE}`);
  if (precedence === 1 && name !== EXEMPT) {
    spec.invalid('matchingPrecedence', "only the schema named 'exempt' may have matchingPrecedence 1");
  }
}

function check(root: FieldNode): void {
  const name = root.struct('metadata').text('name');
  const spec = root.struct('spec');
  checkPrecedence(spec, name);
  const distinguisher = spec.child('distinguisherMethod');
  if (distinguisher !== undefined && !DISTINGUISHERS.includes(distinguisher.text('type'))) {
    distinguisher.unsupported('type', DISTINGUISHERS, { Type: distinguisher.text('type') });
  }
  const level = spec.struct('priorityLevelConfiguration');
  level.requireText('name', dns1123Subdomain, 'must reference a priority level');
  spec.list('rules').forEach(checkRule);
  checkMandatory(spec, name);
  checkFlowConditions(root.struct('status'));
}

/** The two schemas that every request ends in, if in no other, are what Kubernetes says. */
function checkMandatory(spec: FieldNode, name: string): void {
  const fixed = MANDATORY.has(name) ? FLOW_SCHEMAS.find((row) => row.name === name) : undefined;
  if (fixed === undefined || semanticEqual(spec.value, fixed.spec)) return;
  const printed = asInGo(spec.value, 'io.k8s.api.flowcontrol.v1.FlowSchemaSpec');
  spec.invalid('', `spec of '${name}' must equal the fixed value`, printed);
}

const validate = (schema: JsonObject): FieldError[] => validating(schema, check);

export const flowSchemas: Strategy = {
  defaults(schema) {
    defaultNumber(ensureChild(schema, 'spec'), 'matchingPrecedence', 1000);
  },
  prepareForCreate(_ctx, schema) {
    schema['status'] = {};
  },
  validate,
  validateUpdate: validate,
  validateStatusUpdate: (schema) => validating(schema, (root) => checkFlowConditions(root.struct('status'))),
};
