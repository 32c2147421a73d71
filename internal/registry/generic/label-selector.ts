import { child, children, str, strings } from '../../machinery/access.js';
import type { FieldError } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { labelValue, qualifiedName } from '../../machinery/names.js';
import { FieldNode } from './field-node.js';
import { labelErrors } from './object-meta.js';

export const NO_OPERATOR = 'not a valid selector operator';

/** What a selector of labels may still contain because an older object already did. */
export interface SelectorOptions {
  /** Values in expressions are not checked: they were accepted before label values were checked there. */
  readonly anyValue?: boolean;
}

/** Field errors of how many values an expression has for its operator. False for an operator that is not known. */
export function checkValueCount(expression: FieldNode): boolean {
  const count = expression.count('values');
  switch (expression.text('operator')) {
    case 'In':
    case 'NotIn':
      if (count === 0) expression.required('values', "must be specified when `operator` is 'In' or 'NotIn'");
      return true;
    case 'Exists':
    case 'DoesNotExist':
      if (count > 0) {
        expression.forbidden('values', "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
      return true;
    default:
      return false;
  }
}

/**
 * Field errors of one expression of a selector of labels. `moreOperators` judges an operator that only some selectors
 * have, and says whether it knows it.
 */
export function checkExpression(
  expression: FieldNode,
  options: SelectorOptions,
  moreOperators: (operator: string, values: readonly string[]) => boolean = () => false,
): void {
  const values = expression.texts('values');
  const operator = expression.text('operator');
  if (!checkValueCount(expression) && !moreOperators(operator, values)) {
    expression.invalid('operator', NO_OPERATOR, operator);
  }
  expression.checkText('key', qualifiedName);
  if (options.anyValue === true) return;
  for (const [i, value] of values.entries()) expression.checkText(`values[${i}]`, labelValue, value);
}

/** Field errors of a metav1.LabelSelector that is there (apimachinery's ValidateLabelSelector). */
export function checkLabelSelector(selector: FieldNode, options: SelectorOptions = {}): void {
  selector.add(...labelErrors(selector.get('matchLabels'), selector.at('matchLabels')));
  for (const expression of selector.list('matchExpressions')) checkExpression(expression, options);
}

/** Field errors of the label selector at a member; none when there is none. */
export function labelSelectorErrors(owner: FieldNode, key: string, options: SelectorOptions = {}): FieldError[] {
  const apart = new FieldNode(owner.value, owner.path, []);
  const selector = apart.child(key);
  if (selector !== undefined) checkLabelSelector(selector, options);
  return apart.problems;
}

/** Whether a selector selects everything because it asks nothing. */
export function isEmptySelector(selector: FieldNode): boolean {
  return selector.entries('matchLabels').length === 0 && selector.count('matchExpressions') === 0;
}

/** Whether a metav1.LabelSelector selects these labels. None selects nothing, an empty one everything. */
export function selects(selector: JsonObject | undefined, labels: JsonObject): boolean {
  if (selector === undefined) return false;
  for (const [key, value] of Object.entries(child(selector, 'matchLabels') ?? {})) {
    if (labels[key] !== value) return false;
  }
  return children(selector, 'matchExpressions').every((e) => {
    const key = str(e, 'key');
    const value = labels[key];
    const known = typeof value === 'string' && strings(e, 'values').includes(value);
    switch (str(e, 'operator')) {
      case 'In':
        return known;
      case 'NotIn':
        return !known;
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return false;
    }
  });
}
