import { BOOL, type CelType, listOf, NULL, STRING, structType } from '../../cel/index.js';
import { child, defaultTo, ensureChild } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import { jsonPathFault } from '../../machinery/json-path-text.js';
import type { JsonObject } from '../../machinery/json.js';
import { qualifiedName } from '../../machinery/names.js';
import { checkConditions } from '../generic/conditions.js';
import { FieldNode, validating } from '../generic/field-node.js';
import { checkLabelSelector } from '../generic/label-selector.js';
import type { Strategy } from '../types.js';
import { defaultMatchResources } from './defaults.js';
import type { AdmissionExpressions } from './expressions.js';
import { checkPolicySpec, type PolicyLenience } from './policy-spec.js';

const MAX_AUDIT_ANNOTATIONS = 20;
const MAX_VALUE_EXPRESSION_BYTES = 5 * 1024;
/** Characters of all paths that the warnings of one policy name: each character is looked at several times. */
const MAX_FIELD_REFS = 65_536;
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const NOTHING_TO_DO = 'validations or auditAnnotations must contain at least one item';

const hasNewline = (text: string): boolean => /[\r\n]/.test(text);

function checkValidation(validation: FieldNode, expressions: AdmissionExpressions): void {
  const expression = validation.text('expression').trim();
  const message = validation.text('message').trim();
  if (expression === '') validation.required('expression', 'expression is not specified');
  else expressions.check(validation, 'expression', 'rule', [BOOL]);
  if (validation.text('messageExpression').trim() !== '')
    expressions.check(validation, 'messageExpression', 'message', [STRING]);
  else if (validation.text('messageExpression') !== '') {
    validation.invalid('messageExpression', 'must be non-empty if specified');
  }
  if (validation.text('message') !== '' && message === '') {
    validation.invalid('message', 'must be non-empty if specified');
  } else if (hasNewline(message)) validation.invalid('message', 'must not contain line breaks');
  validation.checkOneOf('reason', REASONS);
}

function checkAnnotation(annotation: FieldNode, policy: string, expressions: AdmissionExpressions): void {
  const key = annotation.text('key');
  if (policy === '') annotation.invalid('key', 'requires metadata.name be non-empty', key);
  else annotation.checkText('key', qualifiedName, `${policy}/${key}`);
  const value = annotation.text('valueExpression').trim();
  if (value === '') annotation.required('valueExpression', 'valueExpression is not specified');
  else if (Buffer.byteLength(value) > MAX_VALUE_EXPRESSION_BYTES) {
    annotation.required('valueExpression', `must not exceed ${MAX_VALUE_EXPRESSION_BYTES} bytes in length`);
  } else expressions.check(annotation, 'valueExpression', 'rule', [STRING, NULL], value);
}

function checkAnnotations(spec: FieldNode, policy: string, expressions: AdmissionExpressions): void {
  const annotations = spec.list('auditAnnotations');
  if (annotations.length > MAX_AUDIT_ANNOTATIONS) {
    spec.invalid(
      'auditAnnotations',
      `must not have more than ${MAX_AUDIT_ANNOTATIONS} auditAnnotations`,
      // Go's names of the fields, for the internal type has no others.
      annotations.map((a) => ({ Key: a.text('key'), ValueExpression: a.text('valueExpression') })),
    );
  }
  const keys = new Set<string>();
  for (const annotation of annotations) {
    checkAnnotation(annotation, policy, expressions);
    const key = annotation.text('key');
    if (keys.has(key)) annotation.duplicate('key', key);
    keys.add(key);
  }
}

function checkValidating(root: FieldNode, lenience: PolicyLenience): void {
  const spec = root.struct('spec');
  const expressions = checkPolicySpec(spec, false, lenience);
  const validations = spec.list('validations');
  if (validations.length === 0 && spec.count('auditAnnotations') === 0) {
    spec.required('validations', NOTHING_TO_DO);
    spec.required('auditAnnotations', NOTHING_TO_DO);
    return;
  }
  for (const validation of validations) checkValidation(validation, expressions);
  checkAnnotations(spec, root.struct('metadata').text('name'), expressions);
}

/** The members that hold a patch, by the type that names them. */
const PATCHES: Readonly<Record<string, { own: string; other: string; result: CelType }>> = {
  ApplyConfiguration: { own: 'applyConfiguration', other: 'jsonPatch', result: structType('Object') },
  JSONPatch: { own: 'jsonPatch', other: 'applyConfiguration', result: listOf(structType('JSONPatch')) },
};

function checkMutation(mutation: FieldNode, expressions: AdmissionExpressions): void {
  const type = mutation.text('patchType');
  const patch = PATCHES[type];
  if (type === '') mutation.required('patchType');
  else if (patch === undefined) mutation.unsupported('patchType', Object.keys(PATCHES));
  else {
    const own = mutation.child(patch.own);
    if (own === undefined) mutation.required(patch.own, `must be specified when patchType is ${type}`);
    else if (own.text('expression').trim() === '') own.required('expression');
    else expressions.checkTrimmed(own, 'expression', 'patch', [patch.result]);
    if (mutation.has(patch.other)) {
      mutation.invalid(patch.other, `must not be specified when patchType is ${type}`, `{${patch.other}}`);
    }
  }
}

const REINVOCATION_POLICIES = ['IfNeeded', 'Never'];

function checkMutating(root: FieldNode, lenience: PolicyLenience): void {
  const spec = root.struct('spec');
  const expressions = checkPolicySpec(spec, true, lenience);
  const mutations = spec.list('mutations');
  if (mutations.length === 0) spec.required('mutations', 'mutations must contain at least one item');
  for (const mutation of mutations) checkMutation(mutation, expressions);
  if (spec.text('reinvocationPolicy') === '') spec.required('reinvocationPolicy');
  else spec.requireOneOf('reinvocationPolicy', REINVOCATION_POLICIES);
}

function lenienceOf(policy: JsonObject, old: JsonObject): PolicyLenience {
  const [spec, before] = [child(policy, 'spec'), child(old, 'spec')];
  const match = new FieldNode(before ?? {}).struct('matchConstraints');
  for (const key of ['namespaceSelector', 'objectSelector']) checkLabelSelector(match.struct(key));
  const same = ['matchConditions', 'paramKind'].every((key) => semanticEqual(spec?.[key], before?.[key]));
  return { anyValue: match.problems.length > 0, matchConditions: same };
}

function checkPolicyStatus(root: FieldNode): void {
  const status = root.struct('status');
  let characters = 0;
  for (const warning of status.struct('typeChecking').list('expressionWarnings')) {
    warning.requireText('warning');
    const path = warning.text('fieldRef').trim();
    characters += path.length;
    if (characters > MAX_FIELD_REFS) {
      warning.tooLong('fieldRef', MAX_FIELD_REFS);
      break;
    }
    const fault = jsonPathFault(`{${path}}`);
    if (path === '') warning.required('fieldRef');
    else if (fault !== undefined) warning.invalid('fieldRef', `invalid JSONPath: ${fault}`, path);
  }
  checkConditions(status);
}

function admissionPolicies(mutating: boolean): Strategy {
  const check = mutating ? checkMutating : checkValidating;
  return {
    defaults(policy) {
      const spec = ensureChild(policy, 'spec');
      defaultTo(spec, 'failurePolicy', 'Fail');
      defaultMatchResources(child(spec, 'matchConstraints'));
    },
    prepareForCreate(_ctx, policy) {
      if (!mutating) policy['status'] = {};
    },
    validate: (policy) => validating(policy, (root) => check(root, {})),
    validateUpdate(policy, old) {
      // Nothing that was accepted before is refused while it stays the same (expressions of older releases).
      if (semanticEqual(policy['spec'], old['spec'])) return [];
      return validating(policy, (root) => check(root, lenienceOf(policy, old)));
    },
    validateStatusUpdate: (policy) => validating(policy, checkPolicyStatus),
  };
}

export const validatingAdmissionPolicies = admissionPolicies(false);
export const mutatingAdmissionPolicies = admissionPolicies(true);
