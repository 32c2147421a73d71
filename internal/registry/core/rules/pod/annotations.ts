import { child } from '../../../../machinery/access.js';
import { invalidValue, sortedKeys } from '../../../../machinery/field.js';
import type { JsonObject } from '../../../../machinery/json.js';
import { MIRROR } from '../../../../machinery/mirror-pod.js';
import type { FieldNode } from '../../../generic/field-node.js';
import { checkDescendingPath } from '../paths.js';

// Annotations that mean something for a pod (ValidatePodSpecificAnnotations and ...Updates).

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const LOCALHOST = 'localhost/';
const MAX_INT32 = 2_147_483_647;

/** A decimal 32-bit integer without a plus sign; leading zeros may follow a minus (GetDeletionCostFromPodAnnotations). */
function isDeletionCost(text: string): boolean {
  if (!/^(0|-[0-9]+|[1-9][0-9]*)$/.test(text)) return false;
  const n = Number(text);
  return n >= -MAX_INT32 - 1 && n <= MAX_INT32;
}

function isAppArmorProfile(text: string): boolean {
  return text === '' || text === 'runtime/default' || text === 'unconfined' || text.startsWith(LOCALHOST);
}

function hasContainer(spec: FieldNode, name: string): boolean {
  return ['initContainers', 'containers', 'ephemeralContainers'].some((key) =>
    spec.list(key).some((c) => c.text('name') === name),
  );
}

function checkSeccomp(annotations: FieldNode): void {
  for (const key of sortedKeys(annotations.value)) {
    if (key !== SECCOMP && !key.startsWith(SECCOMP_CONTAINER)) continue;
    const profile = annotations.text(key);
    if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) continue;
    if (profile.startsWith(LOCALHOST)) checkDescendingPath(annotations, key, profile.slice(LOCALHOST.length));
    else annotations.invalid(key, 'must be a valid seccomp profile', profile);
  }
}

/** `owner` holds `annotations`; `old`: the annotations that are replaced, which may keep what was once allowed. */
export function checkPodAnnotations(owner: FieldNode, spec: FieldNode, old?: JsonObject): void {
  const annotations = owner.child('annotations');
  if (annotations === undefined) return;
  const report = (key: string, detail: string, badValue = annotations.text(key)): void =>
    annotations.add(invalidValue(`${annotations.path}[${key}]`, badValue, detail));
  if (annotations.has(MIRROR) && spec.text('nodeName') === '') {
    report(MIRROR, 'must set spec.nodeName if mirror pod annotation is set');
  }
  const before = old?.[DELETION_COST];
  const kept = typeof before === 'string' && !isDeletionCost(before);
  if (annotations.has(DELETION_COST) && !kept && !isDeletionCost(annotations.text(DELETION_COST))) {
    report(DELETION_COST, 'must be a 32bit integer');
  }
  checkSeccomp(annotations);
  for (const key of sortedKeys(annotations.value)) {
    if (!key.startsWith(APPARMOR)) continue;
    const name = key.slice(APPARMOR.length);
    const profile = annotations.text(key);
    if (!hasContainer(spec, name)) report(key, 'container not found', name);
    if (!isAppArmorProfile(profile)) report(key, `invalid AppArmor profile name: ${JSON.stringify(profile)}`);
  }
}

/**
 * What an update may do to annotations of a pod (ValidatePodSpecificAnnotationUpdates): a mirror pod stays one, no other
 * becomes one, and profiles of AppArmor are given once. Whoever checks the whole pod as well tells what is wrong twice.
 */
export function checkPodAnnotationUpdates(meta: FieldNode, spec: FieldNode, oldMeta: JsonObject | undefined): void {
  const now = meta.struct('annotations');
  const before = child(oldMeta, 'annotations') ?? {};
  const fixed = (key: string): string | undefined =>
    key === MIRROR ? 'mirror pod annotation' : key.startsWith(APPARMOR) ? 'AppArmor annotations' : undefined;
  const report = (key: string, verb: string): void => {
    const what = fixed(key);
    if (what !== undefined) meta.forbidden(`annotations[${key}]`, `may not ${verb} ${what}`);
  };
  for (const key of sortedKeys(before)) if (now.get(key) !== before[key]) report(key, 'remove or update');
  for (const key of sortedKeys(now.value)) if (before[key] === undefined) report(key, 'add');
  checkPodAnnotations(meta, spec, before);
}
