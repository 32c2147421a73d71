import { child, str } from '../../../../machinery/access.js';
import { semanticEqual } from '../../../../machinery/equal.js';
import { type FieldError, forbiddenField } from '../../../../machinery/field.js';
import type { JsonObject } from '../../../../machinery/json.js';
import { podQosClass } from '../../../../machinery/pod-qos.js';
import { FieldNode } from '../../../generic/field-node.js';
import { compareQuantities } from '../../../generic/quantities.js';
import { isMirror } from '../../../../machinery/mirror-pod.js';
import { checkPod } from './pod.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation (ValidatePodResize).

/** What a running container can be given more or less of. */
const RESIZABLE = new Set(['cpu', 'memory']);
const AMOUNTS = ['requests', 'limits'] as const;

const listed = (resources: JsonObject | undefined, key: string): JsonObject => child(resources, key) ?? {};

/** What was asked for stays asked for. `whose`: the words that field errors begin with. */
function checkNothingRemoved(now: FieldNode, was: JsonObject | undefined, whose: string): void {
  for (const key of AMOUNTS) {
    const values = listed(now.value, key);
    if (Object.keys(listed(was, key)).some((name) => values[name] === undefined)) {
      now.forbidden(key, `${whose} ${key} cannot be removed`);
    }
  }
}

/** Whether nothing but cpu and memory differs. Claims of containers are compared with none: kube-apiserver leaves them out. */
function isOnlyResized(now: JsonObject | undefined, was: JsonObject | undefined): boolean {
  return AMOUNTS.every((key) => {
    const [a, b] = [listed(now, key), listed(was, key)];
    const names = [...Object.keys(a), ...Object.keys(b)].filter((name) => !RESIZABLE.has(name));
    return names.every((name) => name in a === name in b && compareQuantities(a[name], b[name]) === 0);
  });
}

function isOtherwiseSame(container: FieldNode, was: FieldNode): boolean {
  if (!isOnlyResized(child(container.value, 'resources'), child(was.value, 'resources'))) return false;
  if (was.struct('resources').count('claims') > 0) return false;
  return semanticEqual({ ...container.value, resources: undefined }, { ...was.value, resources: undefined });
}

const hasAmounts = (resources: JsonObject | undefined): boolean =>
  AMOUNTS.some((key) => Object.keys(listed(resources, key)).length > 0);

/** Resources of the pod as a whole may come and change, and do not go (validatePodLevelResourcesResize). */
function checkPodLevel(spec: FieldNode, before: FieldNode): void {
  const was = child(before.value, 'resources');
  const now = spec.child('resources');
  if (!hasAmounts(was) && !hasAmounts(now?.value)) return;
  if (now === undefined) {
    spec.forbidden('resources', 'pod-level resources cannot be removed');
    return;
  }
  checkNothingRemoved(now, was, 'pod-level resource');
  if (!isOnlyResized(now.value, was)) spec.forbidden('', 'only cpu and memory resources are mutable at pod-level');
}

/** A kubelet that can resize says what a running container has. */
function isSupported(status: FieldNode): boolean {
  const running = status.list('containerStatuses').find((c) => c.struct('state').has('running'));
  return running === undefined || running.has('resources');
}

const LISTS = ['containers', 'initContainers'] as const;

/** Whether both have the same containers in the same order. */
function checkOrder(spec: FieldNode, before: FieldNode): boolean {
  let same = true;
  for (const list of LISTS) {
    const [now, was] = [spec.list(list), before.list(list)];
    if (now.length !== was.length) {
      spec.forbidden(list, `${list} may not be added or removed on resize`);
      same = false;
      continue;
    }
    for (const [i, container] of now.entries()) {
      if (container.text('name') === was[i]?.text('name')) continue;
      container.forbidden('name', `${list} may not be renamed or reordered on resize`);
      same = false;
    }
  }
  return same;
}

const restartsOnResize = (container: FieldNode): boolean =>
  container.list('resizePolicy').some((policy) => policy.text('restartPolicy') === 'RestartContainer');

/** An init container, which may be a sidecar. */
function checkInitContainer(container: FieldNode, was: FieldNode): void {
  if (!isOtherwiseSame(container, was)) {
    container.forbidden('', 'only cpu and memory resources for init or sidecar containers are mutable');
  }
  if (container.text('restartPolicy') === 'Always' || semanticEqual(container.value, was.value)) return;
  if (restartsOnResize(container)) {
    const text = 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized';
    container.forbidden('', text);
  }
}

/** Field errors of new amounts of resources for a pod that exists. */
export function resizeErrors(pod: JsonObject, old: JsonObject): FieldError[] {
  if (isMirror(old)) return [forbiddenField('', 'static pods cannot be resized')];
  if (str(child(child(old, 'spec'), 'os'), 'name') === 'windows') {
    return [forbiddenField('', 'windows pods cannot be resized')];
  }
  const root = checkPod(pod, old);
  const spec = root.struct('spec');
  const oldRoot = new FieldNode(old);
  const [before, oldStatus] = [oldRoot.struct('spec'), oldRoot.struct('status')];
  const qosClass = oldStatus.text('qosClass');
  if (podQosClass(pod) !== (qosClass === '' ? podQosClass(old) : qosClass)) {
    const now = root.struct('status').text('qosClass');
    spec.invalid('', 'Pod QOS Class may not change as a result of resizing', now);
  }
  if (!isSupported(oldStatus)) spec.forbidden('', 'Pod running on node without support for resize');
  checkPodLevel(spec, before);
  if (!checkOrder(spec, before)) return root.problems;
  const [containers, inits] = [before.list('containers'), before.list('initContainers')];
  const pairs = (list: (typeof LISTS)[number], were: readonly FieldNode[]): [FieldNode, FieldNode][] =>
    spec.list(list).flatMap((now, i): [FieldNode, FieldNode][] => {
      const was = were[i];
      return was === undefined ? [] : [[now, was]];
    });
  for (const [now, was] of [...pairs('initContainers', inits), ...pairs('containers', containers)]) {
    checkNothingRemoved(now.struct('resources'), child(was.value, 'resources'), 'resource');
  }
  for (const [now, was] of pairs('containers', containers)) {
    if (!isOtherwiseSame(now, was)) spec.forbidden('', 'only cpu and memory resources are mutable');
  }
  for (const [now, was] of pairs('initContainers', inits)) checkInitContainer(now, was);
  return root.problems;
}
