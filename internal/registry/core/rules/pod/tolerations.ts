import { labelValue, qualifiedName } from '../../../../machinery/names.js';
import type { FieldNode } from '../../../generic/field-node.js';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** The effect of a taint or toleration; only a toleration may leave it open. */
export function checkTaintEffect(node: FieldNode, mayBeEmpty: boolean): void {
  if (node.text('effect') !== '') node.requireOneOf('effect', EFFECTS);
  else if (!mayBeEmpty) node.required('effect');
}

/** `tolerations` (ValidateTolerations). */
export function checkTolerations(spec: FieldNode): void {
  for (const toleration of spec.list('tolerations')) {
    const key = toleration.text('key');
    const operator = toleration.text('operator');
    const value = toleration.text('value');
    if (key !== '') toleration.checkText('key', qualifiedName);
    else if (operator !== 'Exists') {
      const text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      toleration.invalid('operator', text, operator);
    }
    if (toleration.has('tolerationSeconds') && toleration.text('effect') !== 'NoExecute') {
      toleration.invalid(
        'effect',
        "effect must be 'NoExecute' when `tolerationSeconds` is set",
        toleration.text('effect'),
      );
    }
    if (operator === 'Equal' || operator === '') {
      const problems = labelValue(value);
      if (problems.length > 0) toleration.invalid('operator', problems.join(';'), value);
    } else if (operator === 'Exists') {
      if (value !== '') toleration.invalid('operator', "value must be empty when `operator` is 'Exists'", value);
    } else if (operator === 'Lt' || operator === 'Gt') {
      // They are known, but TaintTolerationComparisonOperators is off.
      toleration.unsupported('operator', ['Equal', 'Exists', 'Lt', 'Gt']);
    } else toleration.unsupported('operator', ['Equal', 'Exists']);
    checkTaintEffect(toleration, true);
  }
}
