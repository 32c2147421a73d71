import { semanticEqual } from '../../../machinery/equal.js';
import type { JsonObject, JsonValue } from '../../../machinery/json.js';
import { child, children } from '../../../machinery/access.js';
import type { FieldNode } from '../../generic/field-node.js';

/** What an update of a pod may change, in the reference's words (ValidatePodUpdate). */
const MAY_CHANGE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

const withoutImages = (list: readonly JsonObject[]): JsonObject[] => list.map(({ image: _image, ...rest }) => rest);

/** The spec with everything taken out that may change. */
function fixedPart(spec: JsonObject, old: JsonObject): JsonObject {
  const fixed: JsonObject = { ...spec };
  delete fixed['activeDeadlineSeconds'];
  delete fixed['tolerations'];
  fixed['containers'] = withoutImages(children(spec, 'containers'));
  if (spec['initContainers'] !== undefined) fixed['initContainers'] = withoutImages(children(spec, 'initContainers'));
  const was = old['terminationGracePeriodSeconds'];
  if (typeof was === 'number' && was < 0 && spec['terminationGracePeriodSeconds'] === 1) {
    fixed['terminationGracePeriodSeconds'] = was;
  }
  // Gates may only go, and while they are there the scheduling constraints may still become narrower.
  if (children(old, 'schedulingGates').length > 0) {
    for (const key of ['schedulingGates', 'nodeSelector', 'affinity']) {
      const value: JsonValue | undefined = old[key];
      if (value === undefined) delete fixed[key];
      else fixed[key] = value;
    }
  }
  return fixed;
}

export function checkPodUpdate(pod: FieldNode, oldPod: JsonObject): void {
  const spec = pod.struct('spec');
  const old = child(oldPod, 'spec') ?? {};
  for (const list of ['containers', 'initContainers']) {
    if (spec.list(list).length !== children(old, list).length) {
      spec.forbidden(list, 'pod updates may not add or remove containers');
      return;
    }
  }
  const [now, was] = [spec.number('activeDeadlineSeconds'), old['activeDeadlineSeconds']];
  if (typeof was === 'number') {
    if (now === undefined)
      spec.invalid('activeDeadlineSeconds', 'must not update from a positive integer to nil value', null);
    else if (now > was) {
      spec.invalid('activeDeadlineSeconds', 'must be less than or equal to previous value', now);
    }
  }
  const kept = spec.list('tolerations').map((t) => t.value);
  const sameBut = (a: JsonObject, b: JsonObject): boolean =>
    semanticEqual({ ...a, tolerationSeconds: undefined }, { ...b, tolerationSeconds: undefined });
  if (children(old, 'tolerations').some((o) => !kept.some((t) => sameBut(o, t)))) {
    spec.forbidden('tolerations', 'existing toleration can not be modified except its tolerationSeconds');
    return;
  }
  if (!semanticEqual(fixedPart(spec.value, old), fixedPart(old, old))) pod.forbidden('spec', MAY_CHANGE);
}
