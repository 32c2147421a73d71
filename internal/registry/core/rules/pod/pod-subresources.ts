import { child } from '../../../../machinery/access.js';
import { semanticEqual } from '../../../../machinery/equal.js';
import { type FieldError, forbiddenField } from '../../../../machinery/field.js';
import type { JsonObject } from '../../../../machinery/json.js';
import { FieldNode } from '../../../generic/field-node.js';
import { goDiff } from '../../../generic/go-diff.js';
import { isMirror } from '../../../../machinery/mirror-pod.js';
import { checkPodAnnotationUpdates } from './annotations.js';
import { checkPod } from './pod.js';

/** Field errors of ephemeral containers: they may come, and stay as they came (ValidatePodEphemeralContainersUpdate). */
export function ephemeralContainersErrors(pod: JsonObject, old: JsonObject): FieldError[] {
  if (isMirror(old)) return [forbiddenField('', 'static pods do not support ephemeral containers')];
  const root = checkPod(pod, old);
  const spec = root.struct('spec');
  checkPodAnnotationUpdates(root.struct('metadata'), spec, child(old, 'metadata'));
  const now = new Map(spec.list('ephemeralContainers').map((c) => [c.text('name'), c.value]));
  for (const before of new FieldNode(old).struct('spec').list('ephemeralContainers')) {
    const name = before.text('name');
    const after = now.get(name);
    const what = `existing ephemeral containers ${JSON.stringify(name)} may not be`;
    if (after === undefined) spec.forbidden('ephemeralContainers', `${what} removed\n`);
    else if (!semanticEqual(before.value, after)) {
      const diff = goDiff(before.value, after, 'core.v1.EphemeralContainer');
      spec.forbidden('ephemeralContainers', `${what} changed\n${diff}`);
    }
  }
  return root.problems;
}
