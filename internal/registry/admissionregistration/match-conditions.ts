import { BOOL } from '../../cel/index.js';
import { qualifiedName } from '../../machinery/names.js';
import type { FieldNode } from '../generic/field-node.js';
import type { AdmissionExpressions } from './expressions.js';

const MAX_CONDITIONS = 64;

/** Field errors of the conditions in CEL under which a webhook or policy is asked at all. */
export function checkMatchConditions(owner: FieldNode, expressions: AdmissionExpressions): void {
  const conditions = owner.list('matchConditions');
  if (conditions.length > MAX_CONDITIONS) owner.tooMany('matchConditions', conditions.length, MAX_CONDITIONS);
  const names = new Set<string>();
  for (const condition of conditions) {
    if (condition.text('expression').trim() === '') condition.required('expression');
    else expressions.checkTrimmed(condition, 'expression', 'condition', [BOOL]);
    condition.requireText('name', qualifiedName);
    const name = condition.text('name');
    if (name !== '' && names.has(name)) condition.duplicate('name', name);
    names.add(name);
  }
}
