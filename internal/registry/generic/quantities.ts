import { parseQuantity, signOfQuantity } from '../../machinery/quantity.js';
import type { FieldNode } from './field-node.js';

/** The sign of the quantity at a member: 1, 0, -1; undefined when it is absent. */
export function quantitySign(owner: FieldNode, key: string): number | undefined {
  const v = owner.get(key);
  if (typeof v !== 'string' && typeof v !== 'number') return undefined;
  return signOfQuantity(parseQuantity(String(v)));
}

/** A quantity that is there must not be negative (ValidateNonnegativeQuantity). */
export function checkNonNegativeQuantity(owner: FieldNode, key: string): void {
  if (quantitySign(owner, key) === -1) owner.invalid(key, 'must be greater than or equal to 0');
}
