import { defaultTo } from '../../machinery/access.js';
import { deepEqual } from '../../machinery/equal.js';
import { duplicate } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { qualifiedName } from '../../machinery/names.js';
import { mapInGo } from '../generic/as-in-go.js';
import { type FieldNode, validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';
import { checkDriver, checkParameters } from './parameters.js';

const RECLAIM_POLICIES = ['Delete', 'Retain'];
/** What volumes were made by stays as it was. */
const FIXED = ['provisioner', 'reclaimPolicy', 'volumeBindingMode'];
const BINDING_MODES = ['Immediate', 'WaitForFirstConsumer'];

/** Checks a term and answers it as key -> sorted values, the form in which two terms are compared. */
function checkTerm(term: FieldNode): JsonObject {
  const seen: JsonObject = {};
  for (const expression of term.list('matchLabelExpressions')) {
    const values = new Set<string>();
    if (expression.count('values') === 0) expression.required('values');
    for (const [i, value] of expression.texts('values').entries()) {
      if (values.has(value)) expression.add(duplicate(`${expression.at('values')}[${i}]`, value));
      values.add(value);
    }
    expression.checkText('key', qualifiedName);
    const key = expression.text('key');
    if (seen[key] !== undefined) expression.duplicate('key');
    seen[key] = [...values].sort();
  }
  return seen;
}

function checkTopologies(root: FieldNode): void {
  const terms = root.list('allowedTopologies');
  // kube-apiserver compares every term with as many empty ones as there are terms, too.
  const earlier: JsonObject[] = terms.map(() => ({}));
  for (const term of terms) {
    const seen = checkTerm(term);
    for (const other of earlier) if (deepEqual(seen, other)) term.duplicate('matchLabelExpressions', '');
    earlier.push(seen);
  }
}

function check(root: FieldNode): void {
  checkDriver(root, 'provisioner');
  checkParameters(root, true);
  if (root.text('reclaimPolicy') !== '') root.requireOneOf('reclaimPolicy', RECLAIM_POLICIES);
  if (!root.has('volumeBindingMode')) root.required('volumeBindingMode');
  else root.requireOneOf('volumeBindingMode', BINDING_MODES);
  checkTopologies(root);
}

export const storageClasses: Strategy = {
  defaults(c) {
    defaultTo(c, 'reclaimPolicy', 'Delete');
    defaultTo(c, 'volumeBindingMode', 'Immediate');
  },
  validate: (c) => validating(c, check),
  validateUpdate: (c, old) =>
    validating(c, (root) => {
      check(root);
      root.immutable('parameters', old, mapInGo(c, 'parameters'));
      for (const key of FIXED) root.immutable(key, old);
    }),
};
