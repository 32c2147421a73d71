import { parseFieldSelector } from '../machinery/fields.js';
import type { JsonObject } from '../machinery/json.js';
import { type LabelOperator, parseLabelSelector, SelectorError } from '../machinery/labels.js';
import type { Attributes } from './types.js';

/** How metav1 names them; the two of comparison have no name there, and are left out. */
const OPERATORS: Readonly<Record<LabelOperator, string>> = {
  in: 'In',
  '=': 'In',
  '==': 'In',
  notin: 'NotIn',
  '!=': 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
  gt: '',
  lt: '',
};

/**
 * The selectors of a request as a SubjectAccessReview tells them: by requirements. One that cannot be read is left out,
 * which tells the authorizer that everything is asked for (apiserver's resourceAttributesFrom).
 */
export function selectorAttributes({ fieldSelector = '', labelSelector = '' }: Attributes): JsonObject {
  const fields = readable(() => parseFieldSelector(fieldSelector)).map(({ field, equal, value }) => ({
    key: field,
    operator: equal ? 'In' : 'NotIn',
    values: [value],
  }));
  const labels = readable(() => parseLabelSelector(labelSelector)).flatMap(({ key, operator, values }) => {
    const name = OPERATORS[operator];
    if (name === '') return [];
    return [{ key, operator: name, ...(values.length === 0 ? {} : { values: [...values] }) }];
  });
  return {
    ...(fields.length === 0 ? {} : { fieldSelector: { requirements: fields } }),
    ...(labels.length === 0 ? {} : { labelSelector: { requirements: labels } }),
  };
}

function readable<T>(parse: () => readonly T[]): readonly T[] {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SelectorError) return [];
    throw error;
  }
}
