import { child } from '../../../../machinery/access.js';
import { copyOf } from '../../../../machinery/emptied.js';
import { isObject, type JsonObject } from '../../../../machinery/json.js';
import { typedEqual } from '../../../../schema/typed-equal.js';
import { FieldNode } from '../../../generic/field-node.js';
import { goDiff } from '../../../generic/go-diff.js';
import { rangeText } from '../texts.js';
import { checkNodeAffinityGrows, checkSelectorGrows } from './gated.js';
import { checkTolerations } from './tolerations.js';

/** Whether the list is as long as it was; images are told as a field error once more. */
function sameContainers(spec: FieldNode, before: FieldNode, key: string): boolean {
  const containers = spec.list(key);
  if (containers.length !== before.count(key)) {
    spec.forbidden(key, 'pod updates may not add or remove containers');
    return false;
  }
  for (const container of containers) {
    const image = container.text('image');
    if (image === '') container.required('image');
    else if (image.trim() !== image) container.invalid('image', 'must not have leading or trailing whitespace');
  }
  return true;
}

const MAX_INT32 = 2_147_483_647;

/** A deadline may appear and may come nearer. Answers false when nothing more is checked. */
function checkDeadline(spec: FieldNode, before: FieldNode): boolean {
  const key = 'activeDeadlineSeconds';
  const old = before.number(key);
  const now = spec.number(key);
  if (now === undefined) {
    if (old !== undefined) spec.invalid(key, 'must not update from a positive integer to nil value');
    return true;
  }
  if (now < 0 || now > MAX_INT32) {
    spec.invalid(key, rangeText(0, MAX_INT32));
    return false;
  }
  if (old !== undefined && old < now) {
    spec.invalid(key, 'must be less than or equal to previous value');
    return false;
  }
  return true;
}

/** A toleration but for its time. */
const withoutSeconds = (toleration: FieldNode): string =>
  JSON.stringify(['key', 'operator', 'value', 'effect'].map((key) => toleration.text(key)));

function checkTolerationsGrow(spec: FieldNode, before: FieldNode): void {
  const now = new Set(spec.list('tolerations').map(withoutSeconds));
  for (const old of before.list('tolerations')) {
    if (now.has(withoutSeconds(old))) continue;
    spec.forbidden('tolerations', 'existing toleration can not be modified except its tolerationSeconds');
    return;
  }
  checkTolerations(spec);
}

function checkGatesShrink(spec: FieldNode, before: FieldNode): void {
  const old = new Set(before.list('schedulingGates').map((g) => g.text('name')));
  for (const gate of spec.list('schedulingGates')) {
    const name = gate.text('name');
    if (!old.has(name)) gate.forbidden('name', `only deletion is allowed, but found new scheduling gate '${name}'`);
  }
}

const ALLOWED_CHANGES = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

function putBack(spec: JsonObject, key: string, before: JsonObject): void {
  if (before[key] === undefined) delete spec[key];
  else spec[key] = before[key];
}

/** The node affinity as it was; the affinity around it, as it was when nothing else is in it. */
function putBackNodeAffinity(spec: JsonObject, before: JsonObject): void {
  const old = child(child(before, 'affinity'), 'nodeAffinity');
  const affinity = child(spec, 'affinity');
  if (affinity === undefined) {
    if (old !== undefined) spec['affinity'] = { nodeAffinity: old };
    return;
  }
  const others = affinity['podAffinity'] !== undefined || affinity['podAntiAffinity'] !== undefined;
  if (!isObject(before['affinity']) && !others) delete spec['affinity'];
  else spec['affinity'] = old === undefined ? { ...affinity, nodeAffinity: null } : { ...affinity, nodeAffinity: old };
}

/** The new spec with what may change put back. */
function withAllowedChangesUndone(spec: JsonObject, before: FieldNode): JsonObject {
  const munged = copyOf(spec);
  const old = before.value;
  for (const key of ['containers', 'initContainers']) {
    const was = before.list(key);
    const list = munged[key];
    if (!Array.isArray(list)) continue;
    munged[key] = list.map((container, i) => {
      const copy = isObject(container) ? copyOf(container) : {};
      putBack(copy, 'image', was[i]?.value ?? {});
      return copy;
    });
  }
  for (const key of ['activeDeadlineSeconds', 'schedulingGates', 'tolerations']) putBack(munged, key, old);
  const grace = before.number('terminationGracePeriodSeconds');
  if (grace !== undefined && grace < 0 && munged['terminationGracePeriodSeconds'] === 1) {
    munged['terminationGracePeriodSeconds'] = grace;
  }
  if (before.count('schedulingGates') > 0) {
    putBack(munged, 'nodeSelector', old);
    putBackNodeAffinity(munged, old);
  }
  return munged;
}

const POD_SPEC = 'io.k8s.api.core.v1.PodSpec';

/** What an update may change of a pod (ValidatePodUpdate): almost all of its spec is fixed. `old`: the spec as it was. */
export function checkPodUpdate(pod: FieldNode, old: JsonObject): void {
  const spec = pod.struct('spec');
  const before = new FieldNode(old);
  if (!sameContainers(spec, before, 'containers') || !sameContainers(spec, before, 'initContainers')) return;
  if (!checkDeadline(spec, before)) return;
  checkTolerationsGrow(spec, before);
  checkGatesShrink(spec, before);
  if (typedEqual(POD_SPEC, spec.value, old)) return;
  if (before.count('schedulingGates') > 0) {
    checkSelectorGrows(spec, old);
    checkNodeAffinityGrows(spec, old);
  }
  const munged = withAllowedChangesUndone(spec.value, before);
  if (typedEqual(POD_SPEC, munged, old)) return;
  const diff = goDiff(old, munged, POD_SPEC);
  pod.forbidden('spec', `pod updates may not change fields other than ${ALLOWED_CHANGES}\n${diff}`);
}
