import { child } from '../../machinery/access.js';
import { dns1123Subdomain, pathSegmentName } from '../../machinery/names.js';
import { FieldNode, validating } from '../generic/field-node.js';
import { checkLabelSelector, type SelectorOptions } from '../generic/label-selector.js';
import type { Strategy } from '../types.js';
import { defaultMatchResources } from './defaults.js';
import { checkMutableOperations } from './policy-spec.js';
import { checkMatchResources } from './rules.js';

const ACTIONS = ['Audit', 'Deny', 'Warn'];
const EXCLUSIVE = 'name and selector are mutually exclusive';

function checkParamRef(ref: FieldNode, options: SelectorOptions): void {
  const name = ref.text('name');
  const selector = ref.child('selector');
  if (name !== '') {
    ref.checkText('name', (value) => pathSegmentName(value, false));
    if (selector !== undefined) ref.forbidden('name', EXCLUSIVE);
  }
  if (selector !== undefined) {
    checkLabelSelector(selector, options);
    if (name !== '') ref.forbidden('selector', EXCLUSIVE);
  }
  if (name === '' && selector === undefined) ref.required('', 'one of name or selector must be specified');
  if (ref.text('parameterNotFoundAction') === '') ref.required('parameterNotFoundAction');
  else ref.requireOneOf('parameterNotFoundAction', ['Deny', 'Allow']);
}

function checkActions(spec: FieldNode): void {
  const seen = new Set<string>();
  for (const [i, action] of spec.texts('validationActions').entries()) {
    const at = `validationActions[${i}]`;
    if (!ACTIONS.includes(action)) spec.unsupported(at, ACTIONS, action);
    if (seen.has(action)) spec.duplicate(at, action);
    seen.add(action);
  }
  if (seen.has('Deny') && seen.has('Warn')) {
    spec.invalid(
      'validationActions',
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
    );
  }
  if (seen.size === 0) spec.required('validationActions', 'at least one validation action is required');
}

function policyBindings(mutating: boolean): Strategy {
  const check = (root: FieldNode, options: SelectorOptions): void => {
    const spec = root.struct('spec');
    spec.requireText('policyName', dns1123Subdomain);
    const ref = spec.child('paramRef');
    if (ref !== undefined) checkParamRef(ref, options);
    const match = spec.child('matchResources');
    checkMatchResources(match, options);
    if (!mutating) checkActions(spec);
    else if (match !== undefined) checkMutableOperations(match);
  };
  return {
    defaults(binding) {
      defaultMatchResources(child(child(binding, 'spec'), 'matchResources'));
    },
    validate: (binding) => validating(binding, (root) => check(root, {})),
    validateUpdate(binding, old) {
      const before = new FieldNode(old).struct('spec');
      checkLabelSelector(before.struct('paramRef').struct('selector'));
      for (const key of ['namespaceSelector', 'objectSelector']) {
        checkLabelSelector(before.struct('matchResources').struct(key));
      }
      return validating(binding, (root) => check(root, { anyValue: before.problems.length > 0 }));
    },
  };
}

export const validatingAdmissionPolicyBindings = policyBindings(false);
export const mutatingAdmissionPolicyBindings = policyBindings(true);
