import { child } from '../../../../machinery/access.js';
import { semanticEqual } from '../../../../machinery/equal.js';
import { type FieldError, forbiddenField } from '../../../../machinery/field.js';
import type { JsonObject } from '../../../../machinery/json.js';
import { FieldNode } from '../../../generic/field-node.js';
import { goDiff } from '../../../generic/go-diff.js';
import { compareQuantities } from '../../../generic/quantities.js';
import { podQosClass } from '../../../../machinery/pod-qos.js';
import { checkMirrorKept, isMirror } from './annotations.js';
import { checkPod } from './pod.js';
import { quantitiesOf } from './resources.js';

/** Field errors of ephemeral containers: they may come, and stay as they came (ValidatePodEphemeralContainersUpdate). */
export function ephemeralContainersErrors(pod: JsonObject, old: JsonObject): FieldError[] {
  if (isMirror(old)) return [forbiddenField('', 'static pods do not support ephemeral containers')];
  const root = checkPod(pod, old);
  checkMirrorKept(root.struct('metadata'), child(old, 'metadata'));
  const spec = root.struct('spec');
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

/** What a running container can be given more or less of. */
const RESIZABLE = new Set(['cpu', 'memory']);

/** What was asked for may change, and may not be taken back. */
function checkResized(container: FieldNode, before: FieldNode, spec: FieldNode): void {
  const now = container.struct('resources');
  const was = before.struct('resources');
  for (const key of ['requests', 'limits']) {
    const values = child(now.value, key) ?? {};
    if (quantitiesOf(was, key).some(([name]) => RESIZABLE.has(name) && values[name] === undefined)) {
      now.forbidden(key, `resource ${key} cannot be removed`);
    }
  }
  const fixed = ['requests', 'limits'].every((key) => {
    const [a, b] = [child(now.value, key) ?? {}, child(was.value, key) ?? {}];
    const names = [...Object.keys(a), ...Object.keys(b)].filter((name) => !RESIZABLE.has(name));
    return names.every((name) => name in a === name in b && compareQuantities(a[name], b[name]) === 0);
  });
  if (!fixed) spec.forbidden('', 'only cpu and memory resources are mutable');
}

/** Field errors of new amounts of resources for a pod that exists (ValidatePodResize). */
export function resizeErrors(pod: JsonObject, old: JsonObject): FieldError[] {
  if (isMirror(old)) return [forbiddenField('', 'static pods cannot be resized')];
  if (child(child(old, 'spec'), 'os')?.['name'] === 'windows') {
    return [forbiddenField('', 'windows pods cannot be resized')];
  }
  const root = checkPod(pod, old);
  const spec = root.struct('spec');
  if (podQosClass(pod) !== podQosClass(old)) {
    const now = root.struct('status').text('qosClass');
    spec.invalid('', 'Pod QOS Class may not change as a result of resizing', now);
  }
  const before = new FieldNode(old).struct('spec');
  for (const key of ['containers', 'initContainers']) {
    const was = before.list(key);
    for (const [i, container] of spec.list(key).entries()) {
      const own = was[i];
      if (own !== undefined) checkResized(container, own, spec);
    }
  }
  return root.problems;
}
