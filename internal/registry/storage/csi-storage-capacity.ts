import { dns1123Subdomain } from '../../machinery/names.js';
import { type FieldNode, validating } from '../generic/field-node.js';
import { checkLabelSelector } from '../generic/label-selector.js';
import { checkNonNegativeQuantity } from '../generic/quantities.js';
import type { Strategy } from '../types.js';

function check(root: FieldNode): void {
  const topology = root.child('nodeTopology');
  if (topology !== undefined) checkLabelSelector(topology);
  root.checkText('storageClassName', dns1123Subdomain);
  checkNonNegativeQuantity(root, 'capacity');
}

export const csiStorageCapacities: Strategy = {
  validate: (capacity) => validating(capacity, check),
  validateUpdate: (capacity, old) =>
    validating(capacity, (root) => {
      for (const key of ['nodeTopology', 'storageClassName']) root.immutable(key, old, root.get(key) ?? null);
    }),
};
