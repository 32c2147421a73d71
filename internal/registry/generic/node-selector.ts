import { dns1123Subdomain, labelValue, qualifiedName } from '../../machinery/names.js';
import type { FieldNode } from './field-node.js';

const NO_OPERATOR = 'not a valid selector operator';

/** `anyValue`: values need not be label values, because an older object already has one that is not. */
export interface NodeSelectorOptions {
  readonly anyValue?: boolean;
}

function checkExpression(expression: FieldNode, options: NodeSelectorOptions): void {
  const values = expression.texts('values');
  switch (expression.text('operator')) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) expression.required('values', "must be specified when `operator` is 'In' or 'NotIn'");
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        expression.forbidden('values', "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) {
        expression.required('values', "must be specified single value when `operator` is 'Lt' or 'Gt'");
      }
      break;
    default:
      expression.invalid('operator', NO_OPERATOR, expression.text('operator'));
  }
  expression.checkText('key', qualifiedName);
  if (options.anyValue === true) return;
  for (const [i, value] of values.entries()) expression.checkText(`values[${i}]`, labelValue, value);
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

/** Complaints about a term of a node selector. */
export function checkNodeSelectorTerm(term: FieldNode, options: NodeSelectorOptions = {}): void {
  for (const expression of term.list('matchExpressions')) checkExpression(expression, options);
  term.list('matchFields').forEach(checkField);
}

/** Complaints about a node selector: terms of which one must hold (core validation's ValidateNodeSelector). */
export function checkNodeSelector(selector: FieldNode, options: NodeSelectorOptions = {}): void {
  const terms = selector.list('nodeSelectorTerms');
  if (terms.length === 0) selector.required('nodeSelectorTerms', 'must have at least one node selector term');
  for (const term of terms) checkNodeSelectorTerm(term, options);
}
