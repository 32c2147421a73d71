import { child } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import { dns1123Subdomain } from '../../machinery/names.js';
import { selectorInGo } from '../generic/as-in-go.js';
import { type FieldNode, IMMUTABLE, validating } from '../generic/field-node.js';
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
      check(root);
      const topology = root.child('nodeTopology');
      // No selector selects no node, and one that asks nothing selects every node.
      const told = topology === undefined || child(old, 'nodeTopology') === undefined;
      if (
        told
          ? root.has('nodeTopology') !== (old['nodeTopology'] !== undefined)
          : !semanticEqual(topology.value, old['nodeTopology'])
      ) {
        root.invalid('nodeTopology', IMMUTABLE, selectorInGo(topology?.value));
      }
      root.immutable('storageClassName', old, root.text('storageClassName'));
    }),
};
