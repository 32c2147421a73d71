import { type FieldNode, validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';
import { checkDriver, checkParameters, forbidUpdates } from './parameters.js';

function check(root: FieldNode): void {
  checkDriver(root, 'driverName');
  checkParameters(root, false);
}

export const volumeAttributesClasses: Strategy = {
  validate: (c) => validating(c, check),
  validateUpdate: (c, old) =>
    validating(c, (root) => {
      forbidUpdates(root, old, 'driverName', 'parameters');
      check(root);
    }),
};
