import { duplicate } from '../../machinery/field.js';
import { dns1123Label } from '../../machinery/names.js';
import { checkResourceRequirements } from '../core/rules/pod/resources.js';
import { checkTolerations } from '../core/rules/pod/tolerations.js';
import { asInGo } from '../generic/as-in-go.js';
import { FieldNode, validating } from '../generic/field-node.js';
import { labelErrors } from '../generic/object-meta.js';
import type { GroupStrategies, Strategy } from '../types.js';

/** What a pod costs beside its containers is bounded as they are; kube-apiserver calls it their limits. */
function checkOverhead(overhead: FieldNode): void {
  const limits = overhead.get('podFixed');
  if (limits !== undefined) checkResourceRequirements(new FieldNode({ limits }, overhead.path, overhead.problems));
}

/** What tells two tolerations apart; for how long is no part of it. */
const LIST_KEYS = ['key', 'operator', 'value', 'effect'];

function checkScheduling(scheduling: FieldNode): void {
  scheduling.add(...labelErrors(scheduling.get('nodeSelector'), scheduling.at('nodeSelector')));
  checkTolerations(scheduling);
  const tolerations = scheduling.list('tolerations');
  for (const [i, toleration] of tolerations.entries()) {
    const same = tolerations
      .slice(0, i)
      .some((other) => LIST_KEYS.every((key) => other.text(key) === toleration.text(key)));
    if (same) scheduling.add(duplicate(toleration.path, asInGo(toleration.value, 'core.v1.Toleration')));
  }
}

function check(root: FieldNode): void {
  root.requireText('handler', dns1123Label);
  const overhead = root.child('overhead');
  if (overhead !== undefined) checkOverhead(overhead);
  const scheduling = root.child('scheduling');
  if (scheduling !== undefined) checkScheduling(scheduling);
}

const runtimeClasses: Strategy = {
  validate: (c) => validating(c, check),
  validateUpdate: (c, old) =>
    validating(c, (root) => {
      check(root);
      root.immutable('handler', old);
    }),
};

/** Resources of the node.k8s.io group by their plural name. */
export const node: GroupStrategies = { runtimeclasses: runtimeClasses };
