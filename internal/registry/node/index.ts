import { deepEqual } from '../../machinery/equal.js';
import { duplicate, invalidValue } from '../../machinery/field.js';
import { dns1123Label, qualifiedName } from '../../machinery/names.js';
import { parseQuantity, signOfQuantity } from '../../machinery/quantity.js';
import { checkTolerations } from '../core/rules/pod/tolerations.js';
import { type FieldNode, validating } from '../generic/field-node.js';
import { labelErrors } from '../generic/object-meta.js';
import type { GroupStrategies, Strategy } from '../types.js';

/** Resources of a container that have no domain before their name. */
const isStandard = (name: string): boolean =>
  ['cpu', 'memory', 'ephemeral-storage'].includes(name) || name.startsWith('hugepages-');

/** What a pod costs beside its containers is bounded as they are; the reference calls it their limits. */
function checkOverhead(overhead: FieldNode): void {
  for (const [name, text] of overhead.entries('podFixed')) {
    const at = `${overhead.at('limits')}[${name}]`;
    for (const message of qualifiedName(name)) overhead.add(invalidValue(at, name, message));
    if (!name.includes('/') && !isStandard(name)) {
      overhead.add(
        invalidValue(at, name, 'must be a standard resource type or fully qualified'),
        invalidValue(at, name, 'must be a standard resource for containers'),
      );
    }
    if (signOfQuantity(parseQuantity(text)) < 0) {
      overhead.add(invalidValue(at, text, 'must be greater than or equal to 0'));
    }
  }
}

function checkScheduling(scheduling: FieldNode): void {
  scheduling.add(...labelErrors(scheduling.get('nodeSelector'), scheduling.at('nodeSelector')));
  checkTolerations(scheduling);
  const tolerations = scheduling.list('tolerations');
  for (const [i, toleration] of tolerations.entries()) {
    const same = tolerations.slice(0, i).some((other) => deepEqual(other.value, toleration.value));
    if (same) scheduling.add(duplicate(toleration.path, toleration.value));
  }
}

function check(root: FieldNode): void {
  root.checkText('handler', dns1123Label);
  const overhead = root.child('overhead');
  if (overhead !== undefined) checkOverhead(overhead);
  const scheduling = root.child('scheduling');
  if (scheduling !== undefined) checkScheduling(scheduling);
}

const runtimeClasses: Strategy = {
  validate: (c) => validating(c, check),
  validateUpdate: (c, old) => validating(c, (root) => root.immutable('handler', old)),
};

/** Resources of the node.k8s.io group by their plural name. */
export const node: GroupStrategies = { runtimeclasses: runtimeClasses };
