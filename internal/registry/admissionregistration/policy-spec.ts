import { requestEntityTooLarge } from '../../machinery/status.js';
import { dns1035Label, dns1123Subdomain } from '../../machinery/names.js';
import type { FieldNode } from '../generic/field-node.js';
import type { SelectorOptions } from '../generic/label-selector.js';
import { AdmissionExpressions } from './expressions.js';
import { checkMatchConditions } from './match-conditions.js';
import { checkMatchResources, FAILURE_POLICIES } from './rules.js';

/** What an update may keep because the stored policy already has it. */
export interface PolicyLenience extends SelectorOptions {
  readonly matchConditions?: boolean;
}

/** The kind of object that parameters are: an apiVersion and a kind. */
function checkParamKind(kind: FieldNode): void {
  const version = kind.text('apiVersion');
  if (version === '') kind.required('apiVersion');
  else {
    const parts = version.split('/');
    if (parts.length > 2) kind.invalid('apiVersion', `unexpected GroupVersion string: ${version}`);
    else {
      const group = parts.length === 2 ? (parts[0] ?? '') : '';
      const fieldErrors = group === '' ? [] : dns1123Subdomain(group);
      if (fieldErrors.length > 0) kind.invalid('apiVersion', fieldErrors.join(','), group);
      const bare = parts.at(-1) ?? '';
      const versionErrors = dns1035Label(bare);
      if (bare === '') kind.invalid('apiVersion', 'version must be specified');
      else if (versionErrors.length > 0) kind.invalid('apiVersion', versionErrors.join(','), bare);
    }
  }
  const name = kind.text('kind');
  if (name === '') kind.required('kind');
  else {
    const fieldErrors = dns1035Label(name.toLowerCase());
    if (fieldErrors.length > 0) {
      kind.invalid('kind', `may have mixed case, but should otherwise match: ${fieldErrors.join(',')}`);
    }
  }
}

const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
/** Words that CEL keeps for itself. */
const RESERVED = new Set(
  'as break const continue else false for function if import in let loop namespace null package return true var void while'.split(
    ' ',
  ),
);

function checkVariable(variable: FieldNode, expressions: AdmissionExpressions): void {
  const name = variable.text('name');
  if (name.trim() === '') variable.required('name', 'name is not specified');
  else if (!IDENTIFIER.test(name) || RESERVED.has(name)) variable.invalid('name', 'must be a valid CEL identifier');
  if (variable.text('expression').trim() === '') variable.required('expression', 'expression is not specified');
  else expressions.declare(variable);
}

/** Operations that a mutating policy can be about: there is nothing to change in what is deleted. */
const MUTABLE_OPERATIONS = ['*', 'CONNECT', 'CREATE', 'UPDATE'];

function checkConstraints(spec: FieldNode, mutating: boolean, lenience: PolicyLenience): void {
  const match = spec.child('matchConstraints');
  if (match === undefined) {
    spec.required('matchConstraints');
    return;
  }
  checkMatchResources(match, lenience);
  const rules = match.list('resourceRules');
  if (rules.length === 0) match.required('resourceRules');
  if (mutating) checkMutableOperations(match);
}

/** Rules of mutating policies and their bindings are not about what is deleted. */
export function checkMutableOperations(match: FieldNode): void {
  for (const operation of match.list('resourceRules').flatMap((rule) => rule.texts('operations'))) {
    if (!MUTABLE_OPERATIONS.includes(operation)) {
      match.unsupported('resourceRules.operations', MUTABLE_OPERATIONS, operation);
    }
  }
}

/** Where the expressions of policies stand: texts, or objects with one. */
const EXPRESSIONS: readonly (readonly [list: string, ...keys: string[]])[] = [
  ['matchConditions', 'expression'],
  ['variables', 'expression'],
  ['validations', 'expression', 'messageExpression'],
  ['auditAnnotations', 'valueExpression'],
  ['mutations', 'jsonPatch', 'applyConfiguration'],
];
/** Characters of all expressions of one policy: they are compiled in one turn, and again wherever they are evaluated. */
const MAX_EXPRESSIONS_LENGTH = 32_768;

function checkLengths(spec: FieldNode): void {
  let length = 0;
  for (const [list, ...keys] of EXPRESSIONS) {
    for (const item of spec.list(list)) {
      for (const key of keys) length += item.text(key).length + item.struct(key).text('expression').length;
    }
  }
  // Nothing else is looked at.
  if (length > MAX_EXPRESSIONS_LENGTH) {
    throw requestEntityTooLarge(`limit is ${MAX_EXPRESSIONS_LENGTH} characters of all expressions of a policy`);
  }
}

/**
 * Field errors of what validating and mutating admission policies have in common, in kube-apiserver's order. Answers
 * what the expressions that follow may use.
 */
export function checkPolicySpec(spec: FieldNode, mutating: boolean, lenience: PolicyLenience): AdmissionExpressions {
  if (!spec.has('failurePolicy')) spec.required('failurePolicy');
  else spec.requireOneOf('failurePolicy', FAILURE_POLICIES);
  const paramKind = spec.child('paramKind');
  if (paramKind !== undefined) checkParamKind(paramKind);
  checkConstraints(spec, mutating, lenience);
  const expressions = new AdmissionExpressions(paramKind !== undefined);
  checkLengths(spec);
  if (lenience.matchConditions !== true) checkMatchConditions(spec, expressions);
  const variables = spec.list('variables');
  // Mutating policies know `variables` even without any.
  if (variables.length > 0 || mutating) expressions.withVariables();
  for (const variable of variables) checkVariable(variable, expressions);
  return expressions;
}
