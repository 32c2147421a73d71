import { dns1123Subdomain } from '../../machinery/names.js';
import type { FieldNode } from './field-node.js';
import { checkExpression, NO_OPERATOR, type SelectorOptions } from './label-selector.js';

function checkNodeExpression(expression: FieldNode, options: SelectorOptions): void {
  checkExpression(expression, options, (operator, values) => {
    if (operator !== 'Gt' && operator !== 'Lt') return false;
    if (values.length !== 1) {
      expression.required('values', "must be specified single value when `operator` is 'Lt' or 'Gt'");
    }
    return true;
  });
}

/** Nodes can be selected by one field: their name. */
function checkField(expression: FieldNode): void {
  const values = expression.texts('values');
  const operator = expression.text('operator');
  if (operator !== 'In' && operator !== 'NotIn') expression.invalid('operator', NO_OPERATOR, operator);
  else if (values.length !== 1) {
    expression.required('values', "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  }
  if (expression.text('key') !== 'metadata.name') {
    expression.invalid('key', 'not a valid field selector key', expression.text('key'));
  } else {
    for (const [i, value] of values.entries()) expression.checkText(`values[${i}]`, dns1123Subdomain, value);
  }
}

/** Field errors of a term of a node selector. */
export function checkNodeSelectorTerm(term: FieldNode, options: SelectorOptions = {}): void {
  for (const expression of term.list('matchExpressions')) checkNodeExpression(expression, options);
  term.list('matchFields').forEach(checkField);
}

/** Field errors of a node selector: terms of which one must hold (core validation's ValidateNodeSelector). */
export function checkNodeSelector(selector: FieldNode, options: SelectorOptions = {}): void {
  const terms = selector.list('nodeSelectorTerms');
  if (terms.length === 0) selector.required('nodeSelectorTerms', 'must have at least one node selector term');
  for (const term of terms) checkNodeSelectorTerm(term, options);
}
