import { percent } from '../../machinery/formats.js';
import type { FieldNode } from '../generic/field-node.js';

/** A count at least 0, or a percentage (ValidatePositiveIntOrPercent). */
export function checkIntOrPercent(owner: FieldNode, key: string): void {
  if (typeof owner.get(key) === 'string') owner.checkText(key, percent);
  else owner.nonNegative(key);
}

/** A percentage is of what is there: no more than all (IsNotMoreThan100Percent). */
export function checkAtMost100(owner: FieldNode, key: string): void {
  if (percent(owner.text(key)).length === 0 && numberIn(owner, key) > 100) {
    owner.invalid(key, 'must not be greater than 100%');
  }
}

/** The count, or the number before the percent sign; 0 for what is neither. */
export function numberIn(owner: FieldNode, key: string): number {
  const v = owner.get(key);
  if (typeof v !== 'string') return owner.number(key) ?? 0;
  return percent(v).length === 0 ? Number(v.slice(0, -1)) : 0;
}
